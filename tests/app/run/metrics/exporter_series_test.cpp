#include "app/run/metrics/exporter_series.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace hostscope::app {
namespace {

using namespace std::chrono_literals;
using Exporters = ExporterSeries::Exporters;
using Time = ExporterSeries::Clock::time_point;

ExporterSeries::Key KeyOf(std::uint32_t number) {
  return {Address::FromIpv4(htonl(0x0a000000 + number)), 2055, 0};
}

/// What one exporter sends, known to all tests by its address.
class Network {
 public:
  void Send(std::uint32_t exporter, std::int64_t datagrams) {
    exporters_[KeyOf(exporter)].datagrams[0] += datagrams;
    total_.datagrams[0] += datagrams;
  }
  void Forget(std::uint32_t exporter) { exporters_.erase(KeyOf(exporter)); }

  /// Datagrams of each series.
  std::map<std::string, std::int64_t> Update(ExporterSeries& series, Time now) {
    std::map<std::string, std::int64_t> datagrams;
    std::int64_t sum = 0;
    for (const ExporterSeries::Row& row : series.Update(exporters_, total_, now)) {
      datagrams[row.exporter] = row.figures.TotalDatagrams();
      sum += row.figures.TotalDatagrams();
    }
    EXPECT_EQ(sum, total_.TotalDatagrams());
    return datagrams;
  }

 private:
  Exporters exporters_;
  ExporterFigures total_;
};

using Datagrams = std::map<std::string, std::int64_t>;

TEST(ExporterSeries, TheBusiestAreListedAndTheRestIsOther) {
  ExporterSeries series(2);
  Network network;
  for (std::uint32_t exporter = 1; exporter <= 4; ++exporter) network.Send(exporter, 10 * exporter);
  EXPECT_EQ(network.Update(series, Time{}),
            (Datagrams{{"10.0.0.3", 30}, {"10.0.0.4", 40}, {"other", 30}, {"former", 0}}));
}

TEST(ExporterSeries, WhoIsListedStaysUntilAnotherSendsTwiceAsMuch) {
  ExporterSeries series(1);
  Network network;
  network.Send(1, 100);
  network.Send(2, 50);
  network.Update(series, Time{});
  network.Send(1, 10);
  network.Send(2, 20);
  EXPECT_EQ(network.Update(series, Time{} + 61s),
            (Datagrams{{"10.0.0.1", 110}, {"other", 70}, {"former", 0}}));
  network.Send(1, 10);
  network.Send(2, 21);
  EXPECT_EQ(network.Update(series, Time{} + 62s),
            (Datagrams{{"10.0.0.1", 120}, {"other", 91}, {"former", 0}}));
  // Its series begins with what it sent since the last update.
  network.Send(2, 5);
  EXPECT_EQ(network.Update(series, Time{} + 123s),
            (Datagrams{{"10.0.0.2", 5}, {"other", 91}, {"former", 120}}));
}

TEST(ExporterSeries, WhoIsForgottenGoesIntoFormer) {
  ExporterSeries series(2);
  Network network;
  network.Send(1, 7);
  network.Update(series, Time{});
  network.Forget(1);
  EXPECT_EQ(network.Update(series, Time{} + 1s), (Datagrams{{"other", 0}, {"former", 7}}));
  network.Send(1, 3);
  EXPECT_EQ(network.Update(series, Time{} + 2s), (Datagrams{{"10.0.0.1", 3}, {"other", 0}, {"former", 7}}));
  network.Forget(1);  // and there again before anybody asked
  network.Send(1, 2);
  EXPECT_EQ(network.Update(series, Time{} + 3s), (Datagrams{{"10.0.0.1", 2}, {"other", 0}, {"former", 10}}));
}

TEST(ExporterSeries, NoneIsAllowed) {
  ExporterSeries series(0);
  Network network;
  network.Send(1, 7);
  EXPECT_EQ(network.Update(series, Time{}), (Datagrams{{"other", 7}, {"former", 0}}));
}

TEST(ExporterSeries, NoCounterFallsWhateverExportersDo) {
  std::mt19937 random(1);
  const auto number = [&random] { return static_cast<std::uint32_t>(random() % 30); };
  ExporterSeries series(5);
  Network network;
  Datagrams before;
  Time now{};
  for (int step = 0; step < 3000; ++step) {
    for (int i = 0; i < 20; ++i) network.Send(number(), static_cast<std::int64_t>(random() % 100));
    if (random() % 3 == 0) network.Forget(number());
    now += std::chrono::seconds(random() % 30);
    const Datagrams seen = network.Update(series, now);
    EXPECT_LE(seen.size(), 5U + 2U);
    EXPECT_GE(seen.at("other"), before["other"]) << step;
    EXPECT_GE(seen.at("former"), before["former"]) << step;
    for (const auto& [name, datagrams] : seen) EXPECT_GE(datagrams, 0) << name;
    before = seen;
  }
}

}  // namespace
}  // namespace hostscope::app
