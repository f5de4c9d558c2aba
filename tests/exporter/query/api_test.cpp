#include "exporter/query/api.h"

#include <simdjson.h>

#include <string>

#include "exporter/encoding/json_encoder.h"
#include "tests/exporter/profiled_life.h"
#include "tests/exporter/query/query_fixture.h"

namespace hostscope::exporter {
namespace {

namespace json = simdjson::dom;

class ApiTest : public QueryFixture {
 protected:
  ApiTest() {
    options.observer = "mon1";
    options.version = "1.2";
    options.history = "memory";
    options.lengths_ns = {kTenSecondsLength, 60 * kNanosecondsPerSecond};
    options.networks = {PrefixOf("10.0.0.0/8"), PrefixOf("10.1.0.0/16"), Prefix::AllIpv6()};
    options.levels = aggregator::NetworkLevels{};
    options.exporters = [](const Parameters& parameters) {
      parameters.CheckNames({"n"});
      return std::string("{\"rows\":[]}\n");
    };
    options.stats = [] { return std::string("{\"hosts\":3}\n"); };
  }

  json::element Ask(const char* path, const Parameters::List& parameters, unsigned status = 200) {
    const Api api(source, options);
    answer = api.Answer(path, parameters);
    EXPECT_EQ(answer.status, status) << answer.body;
    json::element parsed;
    EXPECT_EQ(parser.parse(answer.body).get(parsed), simdjson::SUCCESS) << answer.body;
    return parsed;
  }
  /// What the sinks write of a host.
  static std::string RecordText(const ListedWindow& window, std::size_t i) {
    JsonEncoder encoder("mon1", Schema::kHostscope);
    encoder.SetWindow(window.span(), window.partial());
    std::string text(encoder.max_record_size(), '\0');
    text.resize(static_cast<std::size_t>(encoder.EncodeHost(window.At(i), text.data()) - text.data()));
    return text;
  }
  static std::string TimeOf(std::int64_t index) { return TimeText(TenSeconds(index).start); }

  ApiOptions options;
  ApiAnswer answer;
  json::parser parser;
};

TEST_F(ApiTest, StatusSaysWhatThereIs) {
  const json::element status = Ask("status", {});
  EXPECT_EQ(std::string_view(status["observer"]["name"]), "mon1");
  EXPECT_EQ(std::string_view(status["history"]), "memory");
  EXPECT_EQ(std::string_view(status["networks"].at(1)), "10.1.0.0/16");
  EXPECT_EQ(std::uint64_t(status["levels"]["ipv6"].at(0)), 32U);
  EXPECT_EQ(std::uint64_t(status["lengths"].at(0)["windows"]), 5U);
  EXPECT_EQ(std::string_view(status["lengths"].at(0)["newest"]), TimeOf(4));
  EXPECT_EQ(std::uint64_t(status["lengths"].at(1)["seconds"]), 60U);
  EXPECT_EQ(std::uint64_t(status["lengths"].at(1)["windows"]), 0U);
}

TEST_F(ApiTest, ATileHasTheMetricsThatAreAskedFor) {
  const json::element tile = Ask("tile", {{"prefix", "10.0.0.0/8"},
                                          {"depth", "8"},
                                          {"metrics", "flows,syn_share,hosts"},
                                          {"seconds", "10"},
                                          {"start", TimeOf(1)}});
  Query query(source, limits);
  const Tile wanted = query.ReadTile(Range(1, 1), PrefixOf("10.0.0.0/8"), 8, aggregator::Role::kSent);
  ASSERT_EQ(wanted.cells.size(), 4U);
  for (std::size_t i = 0; i < wanted.cells.size(); ++i) {
    EXPECT_EQ(std::uint64_t(tile["cells"].at(i)), wanted.cells[i]);
    EXPECT_EQ(std::uint64_t(tile["values"]["flows"].at(i)), wanted.totals[i].figures.flows);
    EXPECT_EQ(std::uint64_t(tile["values"]["hosts"].at(i)), wanted.totals[i].hosts);
  }
  EXPECT_EQ(std::uint64_t(tile["read"]["windows"]), 1U);
  EXPECT_TRUE(answer.is_final);
}

TEST_F(ApiTest, WithoutAStartItIsTheNewestWindowAndNotFinal) {
  const json::element tile = Ask("tile", {{"seconds", "10"}});
  EXPECT_EQ(std::string_view(tile["from"]), TimeOf(4));
  EXPECT_EQ(std::string_view(tile["to"]), TimeOf(5));
  EXPECT_FALSE(answer.is_final);
  // Nor is the newest by name: more of it may come.
  Ask("tile", {{"seconds", "10"}, {"start", TimeOf(4)}});
  EXPECT_FALSE(answer.is_final);
}

TEST_F(ApiTest, RecordsAreThoseOfTheSinks) {
  const std::size_t some = windows[2].size() / 2;
  const std::string ip = ToText(windows[2].At(some).host);
  Ask("series", {{"host", ip}, {"seconds", "10"}, {"start", TimeOf(2)}});
  EXPECT_NE(answer.body.find("\"records\":[" + RecordText(windows[2], some) + "]"), std::string::npos);

  const json::element series =
      Ask("series", {{"host", ip}, {"seconds", "10"}, {"from", TimeOf(0)}, {"to", TimeOf(5)}});
  EXPECT_EQ(series["windows"].get_array().value().size(), 5U);
  EXPECT_EQ(std::string_view(series["windows"].at(3)), TimeOf(3));

  Ask("top", {{"seconds", "10"}, {"start", TimeOf(2)}, {"n", "1"}, {"by", "peers"}, {"role", "received"}});
  Query query(source, limits);
  const auto top = query.TopHosts(Range(2, 1), {}, Metric::kPeers, aggregator::Role::kReceived, 1);
  EXPECT_NE(answer.body.find("\"ip\":\"" + ToText(top[0].record.host) + "\""), std::string::npos);
}

TEST_F(ApiTest, APrefixSaysHowItsDistinctCountsCameAbout) {
  EXPECT_EQ(std::string_view(Ask("series", {{"prefix", "10.0.0.0/8"}, {"seconds", "10"}})["distinct"]),
            "union");
  const json::element any = Ask("series", {{"prefix", "10.1.0.0/20"}, {"seconds", "10"}});
  EXPECT_EQ(std::string_view(any["distinct"]), "largest host");
  EXPECT_EQ(std::string_view(any["records"].at(0)["network"]["prefix"]), "10.1.0.0/20");
  // Without network records nobody has united them.
  options.levels.reset();
  EXPECT_EQ(std::string_view(Ask("series", {{"prefix", "10.0.0.0/8"}, {"seconds", "10"}})["distinct"]),
            "largest host");
}

TEST_F(ApiTest, WindowsAreTheirWindowRecords) {
  const json::element list = Ask("windows", {{"seconds", "10"}, {"from", TimeOf(1)}, {"to", TimeOf(4)}});
  ASSERT_EQ(list["records"].get_array().value().size(), 3U);
  EXPECT_EQ(std::uint64_t(list["records"].at(2)["summary"]["flows"]), windows[3].summary().flows);
  EXPECT_EQ(std::string_view(list["records"].at(2)["window"]["start"]), TimeOf(3));
}

TEST_F(ApiTest, SearchFindsAHostAndWhenItWasSeen) {
  const std::string ip = ToText(windows[4].At(0).host);
  const json::element found = Ask("search", {{"q", " " + ip + " "}});
  EXPECT_EQ(std::string_view(found["host"]), ip);
  EXPECT_EQ(std::string_view(found["last_seen"]["start"]), TimeOf(4));
  EXPECT_EQ(std::uint64_t(found["last_seen"]["seconds"]), 10U);
  json::element ignored;
  EXPECT_NE(Ask("search", {{"q", "192.0.2.1"}})["last_seen"].get(ignored), simdjson::SUCCESS);
  EXPECT_TRUE(Ask("search", {{"q", "192.0.2.1"}})["network"].is_null());
  const json::element prefix = Ask("search", {{"q", "10.1.2"}});
  EXPECT_EQ(std::string_view(prefix["prefix"]), "10.1.2.0/24");
  EXPECT_EQ(std::string_view(prefix["network"]), "10.1.0.0/16");
  Ask("search", {{"q", "nonsense"}}, 400);
}

TEST_F(ApiTest, ErrorsHaveAStatusAndSayWhy) {
  EXPECT_EQ(std::string_view(Ask("nothing", {}, 404)["error"]["message"]), "there is no nothing here");
  Ask("tile", {}, 400);
  Ask("tile", {{"seconds", "10"}, {"colour", "red"}}, 400);
  Ask("tile", {{"seconds", "7"}}, 404);
  Ask("tile", {{"seconds", "10"}, {"start", TimeOf(77)}}, 404);
  Ask("tile", {{"seconds", "10"}, {"start", TimeOf(1)}, {"from", TimeOf(0)}, {"to", TimeOf(1)}}, 400);
  Ask("tile", {{"seconds", "10"}, {"depth", "17"}}, 422);
  Ask("series", {{"seconds", "10"}}, 400);
  Ask("series", {{"seconds", "10"}, {"host", "10.0.0.1"}, {"prefix", "10.0.0.0/8"}}, 400);
  options.limits.windows = 2;
  EXPECT_EQ(
      std::string_view(Ask("windows", {{"seconds", "10"}, {"from", TimeOf(0)}, {"to", TimeOf(5)}},
                           422)["error"]["message"]),
      "that range has 5 windows, and one query reads 2 at most; ask for longer windows or a shorter range");
}

TEST_F(ApiTest, StatsAreWhatTheProgramSays) {
  EXPECT_EQ(std::uint64_t(Ask("stats", {})["hosts"]), 3U);
}

TEST_F(ApiTest, TheEventOfAWindowIsItsWindowRecord) {
  const Api api(source, options);
  const std::string event = api.EventOf(windows[1]);
  const json::element parsed = parser.parse(event);
  EXPECT_EQ(std::string_view(parsed["window"]["start"]), TimeOf(1));
  EXPECT_EQ(std::uint64_t(parsed["summary"]["hosts"]), windows[1].summary().hosts);
}

TEST_F(ApiTest, AnAnomalyIsToldWithItsNewestRecord) {
  aggregator::ProfileStore profiles(ProfiledLife::Options());
  ProfiledLife::Live(profiles, 0, ProfiledLife::kScan - 1);
  std::uint64_t told = 0;
  std::string newest;
  for (std::int64_t i = ProfiledLife::kScan - 1; i < ProfiledLife::kScan + 60; ++i) {
    const aggregator::ClosedWindowPtr window = CompareWithProfiles(profiles, ProfiledLife::Window(i));
    ASSERT_EQ(source.Put(*window), "");
    told += window->CountEvents();
    if (window->CountEvents() != 0) newest = Api(source, options).AnomaliesOf(*window).back();
  }
  ASSERT_GE(told, 2U) << "it does not end";
  const Parameters::List all = {{"seconds", "300"}, {"from", "0"}, {"to", "2100-01-01T00:00:00Z"}};
  const auto with = [&all](const char* name, const char* value) {
    Parameters::List more = all;
    more.emplace_back(name, value);
    return more;
  };
  const auto count = [this](const Parameters::List& parameters) {
    return json::array(Ask("anomalies", parameters)["records"]).size();
  };
  EXPECT_EQ(count(all), 1U);
  EXPECT_NE(answer.body.find("\"records\":[" + newest + "]"), std::string::npos) << answer.body;
  EXPECT_EQ(count(with("host", "10.20.0.2")), 1U);
  EXPECT_EQ(count(with("host", "10.20.0.1")), 0U);
  EXPECT_EQ(count(with("prefix", "10.20.0.0/16")), 1U);
  EXPECT_EQ(count(with("kind", "fan_out")), 1U);
  EXPECT_EQ(count(with("kind", "silent")), 0U);
  EXPECT_EQ(count(with("state", "open")), 0U);
  EXPECT_EQ(count(with("state", "closed")), 1U);
  Ask("anomalies", with("kind", "odd"), 400);
}

TEST_F(ApiTest, ATileHasTheLargestDeviation) {
  aggregator::ProfileStore profiles(ProfiledLife::Options());
  const aggregator::ClosedWindowPtr window = ProfiledLife::Live(profiles, 0, ProfiledLife::kScan + 1);
  ASSERT_EQ(source.Put(*window), "");
  const json::element tile =
      Ask("tile", {{"prefix", "10.20.0.0/16"}, {"depth", "8"}, {"metrics", "deviation"}, {"seconds", "300"}});
  ASSERT_EQ(json::array(tile["values"]["deviation"]).size(), 1U);
  EXPECT_NEAR(double(tile["values"]["deviation"].at(0)), double{window->At(1).deviation}, 0.001);
}

}  // namespace
}  // namespace hostscope::exporter
