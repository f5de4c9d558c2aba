#include "app/run/exporters/exporter_rows.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace hostscope::app {
namespace {

using ipfix::DatagramOutcome;
using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Address AddressOf(std::uint32_t number) {
  return Address::FromIpv4(htonl(0xc0000200 + number));
}

/// Workers' books that tests fill.
class Books {
 public:
  explicit Books(std::size_t workers) {
    for (std::size_t i = 0; i < workers; ++i) workers_.push_back({});
    At(100);
  }
  void At(std::int64_t seconds) {
    for (dataplane::WorkerBooks& books : workers_) books.taken = {seconds * kNanosecondsPerSecond};
  }
  ipfix::ExporterBooks& Of(std::size_t worker, std::uint32_t number, std::uint32_t domain = 0) {
    for (ipfix::ExporterBooks& books : workers_[worker].exporters) {
      if (books.address == AddressOf(number) && books.observation_domain == domain) return books;
    }
    workers_[worker].exporters.push_back(
        {.address = AddressOf(number), .port = 2055, .observation_domain = domain});
    return workers_[worker].exporters.back();
  }
  void Send(ipfix::ExporterBooks& exporter, std::uint64_t datagrams, std::uint64_t records) {
    exporter.accounting.outcomes.Add(DatagramOutcome::kDecoded, datagrams);
    exporter.accounting.records_seen.Add(records);
    exporter.accounting.records_counted.Add(records);
  }
  void Forget(std::size_t worker) { workers_[worker].exporters.clear(); }
  dataplane::DataplaneSnapshot Snapshot() const {
    dataplane::DataplaneSnapshot snapshot;
    snapshot.status.rules.push_back({Prefix::Ipv4(htonl(0xc0000201), 32), "edge", false, {}});
    for (const dataplane::WorkerBooks& books : workers_)
      snapshot.workers.push_back(std::make_unique<dataplane::WorkerBooks>(books));
    return snapshot;
  }

 private:
  std::vector<dataplane::WorkerBooks> workers_;
};

TEST(ExporterRates, AreOfTheLastMarkButOneSoThatTheyAreNeverOfAMomentOnly) {
  Books books(1);
  ExporterRates rates;
  books.Send(books.Of(0, 1), 50, 500);
  const auto rate = [&] {
    const dataplane::DataplaneSnapshot now = books.Snapshot();
    return rates.Of(0, now.workers[0]->taken, now.workers[0]->exporters[0]);
  };
  EXPECT_THAT(rate().datagrams, DoubleEq(0));  // nothing is remembered yet
  rates.Look(books.Snapshot());
  EXPECT_THAT(rate().datagrams, DoubleEq(0));  // no time has gone by
  books.At(105);
  books.Send(books.Of(0, 1), 10, 100);
  EXPECT_THAT(rate().datagrams, DoubleEq(2));
  EXPECT_THAT(rate().records, DoubleEq(20));
  rates.Look(books.Snapshot());
  EXPECT_THAT(rate().datagrams, DoubleEq(2));
  books.At(110);
  EXPECT_THAT(rate().datagrams, DoubleEq(1));
  rates.Look(books.Snapshot());
  EXPECT_THAT(rate().datagrams, DoubleEq(0));
}

TEST(ExporterRates, BeginAnewWithAnExporterThatWasForgotten) {
  Books books(1);
  ExporterRates rates;
  books.Send(books.Of(0, 1), 1000, 1000);
  rates.Look(books.Snapshot());
  books.Forget(0);
  books.At(104);
  books.Send(books.Of(0, 1), 8, 8);
  books.Send(books.Of(0, 2), 4, 4);  // and one that is new
  const dataplane::DataplaneSnapshot now = books.Snapshot();
  EXPECT_THAT(rates.Of(0, now.workers[0]->taken, now.workers[0]->exporters[0]).datagrams, DoubleEq(2));
  EXPECT_THAT(rates.Of(0, now.workers[0]->taken, now.workers[0]->exporters[1]).datagrams, DoubleEq(1));
}

TEST(ExporterRows, AnAddressIsTheSumOfItsDomainsOnAllWorkers) {
  Books books(2);
  ExporterRates rates;
  ipfix::ExporterBooks& first = books.Of(0, 1, 7);
  first.version = 9;
  first.templates = 2;
  first.template_received = {5};
  first.last_received = {6};
  first.sampling_rate = 100;
  first.clock_offset_ns = 5;
  first.accounting.sequence_lost.Add(3);
  books.Send(first, 4, 40);
  ipfix::ExporterBooks& second = books.Of(1, 1, 8);
  second.version = 10;
  second.templates = 1;
  second.last_received = {9};
  second.clock_offset_ns = -8;
  second.sampling_origin = ipfix::SamplingOrigin::kConfigured;
  books.Send(second, 1, 10);
  second.accounting.outcomes.Add(DatagramOutcome::kRateLimited, 2);

  const ExporterRows found = RowsOf(books.Snapshot(), rates, RowsPer::kAddress, std::nullopt, 10);
  ASSERT_EQ(found.rows.size(), 1U);
  const ExporterRow& row = found.rows[0];
  EXPECT_EQ(row.name, "edge");
  EXPECT_EQ(row.exporters, 2U);
  EXPECT_THAT(row.domains, ElementsAre(7, 8));
  EXPECT_THAT(row.versions, ElementsAre(9, 10));
  EXPECT_THAT(row.workers, ElementsAre(0, 1));
  EXPECT_THAT(row.sampling_rates, ElementsAre(1, 100));
  EXPECT_EQ(row.received, 7U);
  EXPECT_EQ(row.records_counted, 50U);
  EXPECT_EQ(row.sequence_lost, 3U);
  EXPECT_EQ(row.templates, 3U);
  EXPECT_EQ(row.template_received.ns, 5);
  EXPECT_EQ(row.last_received.ns, 9);
  EXPECT_EQ(row.clock_offset_ns, -8);
  EXPECT_THAT(ToJson(row),
              HasSubstr(R"("datagrams":{"received":7,"decoded":5,"dropped":{"rate_limited":2}})"));
  EXPECT_THAT(ToJson(row), HasSubstr(R"("origins":["announced","configured"])"));

  EXPECT_EQ(RowsOf(books.Snapshot(), rates, RowsPer::kDomain, std::nullopt, 10).rows.size(), 2U);
}

TEST(ExporterRows, TheBusiestComeFirstAndOfTheRestOnlyTheNumberIsSaid) {
  Books books(1);
  ExporterRates rates;
  for (std::uint32_t i = 1; i <= 20; ++i) books.Of(0, i);
  rates.Look(books.Snapshot());
  books.At(110);
  for (std::uint32_t i = 1; i <= 20; ++i) books.Send(books.Of(0, i), i, i);
  const ExporterRows found = RowsOf(books.Snapshot(), rates, RowsPer::kAddress, std::nullopt, 3);
  EXPECT_EQ(found.all, 20U);
  ASSERT_EQ(found.rows.size(), 3U);
  EXPECT_EQ(found.rows[0].address, AddressOf(20));
  EXPECT_EQ(found.rows[2].address, AddressOf(18));
  EXPECT_THAT(found.rows[0].rate.datagrams, DoubleEq(2));
  const auto one = RowsOf(books.Snapshot(), rates, RowsPer::kAddress, Prefix::Ipv4(htonl(0xc0000205), 32), 9);
  ASSERT_EQ(one.rows.size(), 1U);
  EXPECT_EQ(one.rows[0].address, AddressOf(5));
}

TEST(ExporterRows, WhatASenderChoosesDoesNotMakeARowLong) {
  Books books(1);
  for (std::uint32_t domain = 0; domain < 1000; ++domain) books.Of(0, 1, domain);
  const ExporterRows found = RowsOf(books.Snapshot(), {}, RowsPer::kAddress, std::nullopt, 10);
  ASSERT_EQ(found.rows.size(), 1U);
  EXPECT_EQ(found.rows[0].exporters, 1000U);
  EXPECT_LT(ToJson(found.rows[0]).size(), 1500U);
}

}  // namespace
}  // namespace hostscope::app
