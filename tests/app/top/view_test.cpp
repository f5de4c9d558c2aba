#include "app/top/view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace hostscope::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// A scrape `seconds` after the first one, of an appliance that gets 1000 datagrams and 30,000 records a
/// second.
std::string ScrapeAt(int seconds, int exporters = 2) {
  const auto n = [&](int rate) { return std::to_string(rate * (seconds + 10)) + "\n"; };
  std::string text =
      "# HELP hostscope_build_info Always 1.\n# TYPE hostscope_build_info gauge\n"
      "hostscope_build_info{version=\"1.2.3\"} 1\n"
      "hostscope_worker_books_time_seconds{worker=\"0\",cpu=\"1\"} " +
      std::to_string(1'700'000'000 + seconds) + ".25\nhostscope_datagrams_received_total " + n(1000) +
      "hostscope_datagrams_decoded_total " + n(990) +
      "hostscope_datagrams_dropped_total{reason=\"too_short\"} 0\n"
      "hostscope_datagrams_dropped_total{reason=\"frame_fragment\"} " +
      n(10) + "hostscope_records_seen_total " + n(30'000) + "hostscope_records_counted_total " + n(30'000) +
      "hostscope_hosts_of_last_window 681334\nhostscope_worker_exporters{worker=\"0\"} 2\n"
      "hostscope_worker_busy_ratio{worker=\"0\",cpu=\"1\"} 0.45\n"
      "hostscope_worker_longest_loop_seconds{worker=\"0\",cpu=\"1\"} 0.0012\n"
      "hostscope_sequence_expected " +
      n(1000) + "hostscope_sequence_lost " + n(1) +
      "hostscope_sink_records_delivered_total{sink=\"kafka \\\"k\\\":9092\"} " + n(500) +
      "hostscope_sink_windows_waiting{sink=\"kafka \\\"k\\\":9092\"} 3\n"
      "hostscope_sink_lag_seconds{sink=\"kafka \\\"k\\\":9092\"} 95\n"
      "hostscope_sink_records_retried_total{sink=\"kafka \\\"k\\\":9092\"} 1234\n"
      "hostscope_sink_lag_bytes{sink=\"kafka \\\"k\\\":9092\"} 73500000\n"
      "hostscope_sink_records_delivered_total{sink=\"file\"} 77\n"
      "hostscope_sink_records_dropped_total{sink=\"file\"} 5\n"
      "hostscope_sink_windows_waiting{sink=\"file\"} 1\n"
      "hostscope_sink_lag_seconds{sink=\"file\"} 3\n";
  for (int i = 0; i < exporters; ++i) {
    const std::string labels =
        "{exporter=\"192.0.2." + std::to_string(i) + "\",source_port=\"2055\",domain=\"7\",name=\"edge\"} ";
    text += "hostscope_exporter_datagrams_received_total" + labels + n(100 + i) +
            "hostscope_exporter_records_seen_total" + labels + n(3000 + i);
  }
  return text + "hostscope_exporter_datagrams_received_total{exporter=\"other\"} " + n(5) +
         "hostscope_exporter_datagrams_received_total{exporter=\"former\"} 77\n";
}

std::string Text(const std::vector<ScreenLine>& lines) {
  std::string text;
  for (const ScreenLine& line : lines) text += line.text + "\n";
  return text;
}

std::string View(const ScreenSize& size, int exporters = 2, const BusyHosts& busy = {}) {
  return Text(MakeView(Scrape::Parse(ScrapeAt(0, exporters)), Scrape::Parse(ScrapeAt(2, exporters)), busy,
                       "top", size));
}

/// As /api/v1/top answers, of a window of 10 s.
std::string HostsOf(int hosts) {
  std::string json = R"({"seconds":10,"records":[)";
  for (int i = 0; i < hosts; ++i) {
    json += R"({"window":{"seconds":10},"host":{"ip":"2001:db8::)" + std::to_string(i) +
            R"("},"sent":{"flows":50,"packets":2000,"bytes":)" + std::to_string(9'000'000 - i) + "}";
    if (i % 2 == 0) json += R"(,"received":{"flows":1,"packets":1,"bytes":40})";
    json += "},";
  }
  return json + R"({"window":{"seconds":10},"host":{"other":true,"network":"::/0"},"sent":{"bytes":1}}]})";
}

TEST(TopView, ShowsTheBusiestHosts) {
  const std::string view = View({80, 0}, 2, *BusyHosts::Parse(HostsOf(2)));
  EXPECT_THAT(view,
              HasSubstr("HOST (of 10 s)                              SENT B/s PACKETS/s FLOWS/s RECVD B/s\n"
                        "2001:db8::0                                     900k       200       5         4\n"
                        "2001:db8::1                                     900k       200       5         0\n"
                        "SINK "));
  EXPECT_THAT(View({80, 0}), Not(HasSubstr("HOST"))) << "there is no window yet";
  EXPECT_FALSE(BusyHosts::Parse(R"({"error":{"status":404}})"));
  EXPECT_FALSE(BusyHosts::Parse(""));
  EXPECT_EQ(BusyHosts::PathAfter(R"({"lengths":[{"seconds":0.5,"windows":3},{"seconds":10,"windows":1}]})"),
            "/api/v1/top?role=sent&by=bytes&n=20&seconds=0.5");
  EXPECT_EQ(BusyHosts::PathAfter(R"({"lengths":[]})"), "");
  EXPECT_EQ(BusyHosts::PathAfter(""), "");
}

TEST(TopView, AllListsHaveTheirShareOfASmallScreen) {
  const std::string view = View({80, 20}, 30, *BusyHosts::Parse(HostsOf(20)));
  EXPECT_THAT(view, HasSubstr("EXPORTER"));
  EXPECT_THAT(view, HasSubstr("HOST (of 10 s)"));
  EXPECT_THAT(view, HasSubstr("SINK"));
  EXPECT_THAT(view, HasSubstr("... "));
}

TEST(TopView, ShowsRatesSinceTheScrapeBefore) {
  EXPECT_EQ(View({80, 0}),
            "top  1.2.3                                                                      \n"
            "datagrams      1.00k/s  decoded     990/s  dropped      10/s  in all   12.0k\n"
            "flow records   30.0k/s  counted   30.0k/s  skipped       0/s  in all    360k\n"
            "hosts of the last window 681k, exporters 2, lost before us 0.10 %\n"
            "workers busy 45 %, longest loop 1.2 ms\n"
            "dropped/s  frame_fragment 10\n"
            "EXPORTER (port/domain)                   DATAGRAMS/s RECORDS/s DROPPED/s    LOST\n"
            "edge 192.0.2.1 2055/7                            101     3.00k         0       0\n"
            "edge 192.0.2.0 2055/7                            100     3.00k         0       0\n"
            "other                                              5         0         0       0\n"
            "SINK                          RECORDS/s RETRIED REJECTED DROPPED     LAG   BYTES\n"
            "kafka \"k\":9092                      500   1.23k        0       0    95 s   73.5M\n"
            "file                                  0       0        0       5     3 s       -\n");
}

TEST(TopView, FitsWhateverTheSize) {
  const Scrape before = Scrape::Parse(ScrapeAt(0, 40));
  const Scrape now = Scrape::Parse(ScrapeAt(2, 40));
  const BusyHosts busy = *BusyHosts::Parse(HostsOf(20));
  for (std::size_t columns = 1; columns < 200; columns += 7) {
    for (std::size_t rows = 1; rows < 60; rows += 3) {
      const auto lines = MakeView(before, now, busy, "top", {columns, rows});
      EXPECT_LE(lines.size(), rows);
      for (const ScreenLine& line : lines) EXPECT_LE(line.text.size(), columns);
    }
  }
  const std::string small = View({80, 24}, 40);
  EXPECT_THAT(small, HasSubstr("more\nSINK"));
  EXPECT_THAT(small, HasSubstr("kafka"));
  EXPECT_THAT(View({80, 60}, 40), Not(HasSubstr("more\n")));
}

TEST(TopView, TwoScrapesOfTheSameBooksHaveNoRates) {
  const Scrape scrape = Scrape::Parse(ScrapeAt(0));
  EXPECT_EQ(SecondsBetween(scrape, scrape), 0);
  EXPECT_THAT(Text(MakeView(scrape, scrape, {}, "top", {80, 24})), HasSubstr("datagrams          0/s"));
  EXPECT_EQ(SecondsBetween(scrape, Scrape::Parse(ScrapeAt(2))), 2);
}

TEST(TopScrape, PassesOverWhatIsNoSample) {
  const Scrape scrape = Scrape::Parse(
      "hostscope_a{x=\"1\nhostscope_b{x=\"\\\"\\\\\\n\"} 2\nother 3\nhostscope_c x\nhostscope_d 4");
  EXPECT_FALSE(scrape.Has("a"));
  EXPECT_EQ(scrape.Sum("b", {{"x", "\"\\\n"}}), 2);
  EXPECT_FALSE(scrape.Has("c"));
  EXPECT_EQ(scrape.Sum("d"), 4);
}

}  // namespace
}  // namespace hostscope::app
