#include "app/run/refusal_log.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace hostscope::app {
namespace {

using namespace std::chrono_literals;
using ipfix::TemplateRefusal;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Lines = std::vector<std::string>;
using Time = RefusalLog::Clock::time_point;

Address AddressOf(std::uint32_t number) {
  return Address::FromIpv4(htonl(0xc0000200 + number));
}

/// Exporters of one worker, and what of them is refused.
class Refused {
 public:
  void Add(std::uint32_t exporter, TemplateRefusal reason, std::uint64_t count = 1) {
    for (ipfix::ExporterBooks& books : exporters_) {
      if (books.address == AddressOf(exporter)) return books.accounting.refusals.Add(reason, count);
    }
    exporters_.push_back({.address = AddressOf(exporter), .port = 2055, .observation_domain = 7});
    exporters_.back().accounting.refusals.Add(reason, count);
  }
  void SkipSets(std::uint64_t count) {
    exporters_.front().accounting.sets_skipped.Add(ipfix::SetSkip::kRefusedTemplate, count);
  }
  void Forget() { exporters_.clear(); }

  Lines Look(RefusalLog& log, Time now) const {
    dataplane::DataplaneSnapshot snapshot;
    snapshot.status.rules.push_back({Prefix::Ipv4(htonl(0xc0000201), 32), "edge", false, {}});
    auto books = std::make_unique<dataplane::WorkerBooks>();
    books->exporters = exporters_;
    snapshot.workers.push_back(std::move(books));
    return log.Look(snapshot, now);
  }

 private:
  std::vector<ipfix::ExporterBooks> exporters_;
};

TEST(RefusalLog, NamesTheExporterAndTheReasons) {
  RefusalLog log;
  Refused refused;
  refused.Add(1, TemplateRefusal::kUnstable, 12);
  refused.Add(1, TemplateRefusal::kTooManyFields);
  refused.SkipSets(40);
  EXPECT_THAT(
      refused.Look(log, Time{}),
      ElementsAre("exporter 192.0.2.1 port 2055 domain 7 (edge): so far 13 templates were refused "
                  "(too_many_fields 1, unstable 12), and 40 data sets whose shape is not known for that"));
}

TEST(RefusalLog, SaysItOnceInTenMinutesHoweverOftenItHappens) {
  RefusalLog log;
  Refused refused;
  int lines = 0;
  for (auto at = 0s; at < 3600s; at += 5s) {
    refused.Add(1, TemplateRefusal::kUnstable, 1000);
    lines += static_cast<int>(refused.Look(log, Time{} + at).size());
  }
  EXPECT_EQ(lines, 6);
}

TEST(RefusalLog, SaysNothingWhereNothingIsNew) {
  RefusalLog log;
  Refused refused;
  EXPECT_THAT(refused.Look(log, Time{}), IsEmpty());
  refused.Add(1, TemplateRefusal::kMalformed);
  EXPECT_THAT(refused.Look(log, Time{} + 5s), SizeIs(1));
  EXPECT_THAT(refused.Look(log, Time{} + 1h), IsEmpty());
  refused.Add(2, TemplateRefusal::kMalformed);
  EXPECT_THAT(refused.Look(log, Time{} + 1h), SizeIs(1))
      << "another exporter does not wait for the first one";
  refused.Add(1, TemplateRefusal::kMalformed);
  EXPECT_THAT(refused.Look(log, Time{} + 1h), SizeIs(1));
}

TEST(RefusalLog, OfManyAtOnceItNamesTheFirst) {
  RefusalLog log;
  Refused refused;
  for (std::uint32_t exporter = 1; exporter <= 200; ++exporter)
    refused.Add(exporter, TemplateRefusal::kExporterFull);
  const Lines lines = refused.Look(log, Time{});
  ASSERT_THAT(lines, SizeIs(RefusalLog::kMostLines + 1));
  EXPECT_EQ(lines.back(), "templates of 190 more exporters were refused");
  EXPECT_THAT(refused.Look(log, Time{} + 5s), IsEmpty());
}

TEST(RefusalLog, AnExporterThatWasForgottenIsANewOne) {
  RefusalLog log;
  Refused refused;
  refused.Add(1, TemplateRefusal::kUnstable, 5);
  EXPECT_THAT(refused.Look(log, Time{}), SizeIs(1));
  refused.Forget();
  EXPECT_THAT(refused.Look(log, Time{} + 5s), IsEmpty());
  refused.Add(1, TemplateRefusal::kUnstable);
  EXPECT_THAT(refused.Look(log, Time{} + 10s), SizeIs(1));
}

}  // namespace
}  // namespace hostscope::app
