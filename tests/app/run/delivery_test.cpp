#include "app/run/delivery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <stdexcept>
#include <string>

#include "app/config/config_reader.h"
#include "app/config/config_writer.h"
#include "app/run/reload.h"
#include "tests/exporter/store/temporary_folder.h"
#include "tests/exporter/windows.h"

namespace hostscope::app {
namespace {

using exporter::ManyHosts;
using exporter::ReadFile;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::size_t kHosts = 50;
constexpr std::chrono::seconds kPatience{20};

aggregator::ClosedWindowPtr Window(std::int64_t index) {
  return std::make_shared<exporter::ListedWindow>(ManyHosts(kHosts, index));
}

class DeliveryTest : public ::testing::Test {
 protected:
  DeliveryTest() {
    config.sinks.ndjson = {{folder / "one.ndjson"}, {folder / "two.ndjson"}};
    config.store.path = folder / "store";
  }
  static std::size_t Lines(const std::string& path) {
    const std::string text = ReadFile(path);
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }

 public:
  exporter::TemporaryFolder folder;
  Config config;
};

TEST_F(DeliveryTest, WithAStoreEachWindowIsWrittenOnceAndReachesEverySink) {
  Delivery delivery(config);
  for (std::int64_t i = 0; i < 4; ++i) delivery.Push(Window(i));
  delivery.Stop(kPatience);
  EXPECT_EQ(Lines(folder / "one.ndjson"), 4 * (kHosts + 1));
  EXPECT_TRUE(ReadFile(folder / "one.ndjson") == ReadFile(folder / "two.ndjson"));
  EXPECT_EQ(delivery.undelivered(), 0U);
  Stats stats;
  delivery.AddTo(stats);
  EXPECT_THAT(stats.ToJson(), HasSubstr("\"store\":{\"windows\":{\"stored\":4,\"pushed\":4,\"written\":4"));
  EXPECT_THAT(stats.ToJson(), HasSubstr("\"lag\":{\"seconds\":0,\"windows\":0,\"bytes\":0}"));
  EXPECT_THAT(stats.ToJson(), HasSubstr("\"delay\":{\"count\":4,\"p50_ms\":"));
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder / "store"))
    files += entry.path().extension() == ".win" ? 1U : 0U;
  EXPECT_EQ(files, 4U);  // acknowledged by both
}

TEST_F(DeliveryTest, WithoutAStoreAsWell) {
  config.store.path.clear();
  Delivery delivery(config);
  delivery.Push(Window(0));
  delivery.Stop(kPatience);
  EXPECT_EQ(Lines(folder / "one.ndjson"), kHosts + 1);
  EXPECT_EQ(Lines(folder / "two.ndjson"), kHosts + 1);
  Stats stats;
  delivery.AddTo(stats);
  EXPECT_EQ(stats.ToJson().find("\"store\""), std::string::npos);
}

TEST_F(DeliveryTest, HistoryIsInTheStoreOrInMemoryAndWhoListensCanReadIt) {
  for (const std::string& store : {std::string(folder / "history"), std::string()}) {
    config.store.path = store;
    Delivery delivery(config);
    ASSERT_NE(delivery.history(), nullptr);
    std::promise<std::size_t> heard;
    delivery.SetListener([&](const aggregator::ClosedWindow& window) {
      const auto stored = delivery.history()->Read({window.span(), 0});
      heard.set_value(stored == nullptr ? 0 : stored->size());
    });
    delivery.Push(Window(0));
    EXPECT_EQ(heard.get_future().get(), kHosts);
    delivery.Stop(kPatience);
  }
}

TEST_F(DeliveryTest, WithoutAStoreAndHttpThereIsNoHistory) {
  config.store.path.clear();
  config.http.is_enabled = false;
  const Delivery delivery(config);
  EXPECT_EQ(delivery.history(), nullptr);
}

TEST_F(DeliveryTest, DelaysAreThoseOfBaseWindows) {
  config.window_lengths_ns = {10'000'000'000, 60'000'000'000};
  for (const std::string& store : {std::string(folder / "delays"), std::string()}) {
    config.store.path = store;
    Delivery delivery(config);
    // It ended two seconds ago; the minute that ends with it does not count.
    const std::int64_t end = exporter::WallClock().ns - 2 * kNanosecondsPerSecond;
    const auto push = [&](std::int64_t length) {
      const aggregator::WindowSpan span{ReceiveTime{end - length}, length};
      delivery.Push(std::make_shared<exporter::ListedWindow>(span, std::vector{exporter::SenderRecord()}));
    };
    push(10'000'000'000);
    push(60'000'000'000);
    delivery.Stop(kPatience);
    Stats stats;
    delivery.AddTo(stats);
    simdjson::ondemand::parser parser;
    const simdjson::padded_string json(stats.ToJson());
    simdjson::ondemand::document document = parser.iterate(json);
    simdjson::ondemand::object delay =
        document["sinks"]["ndjson " + std::string(folder / "one.ndjson")]["delay"].get_object();
    EXPECT_EQ(delay["count"].get_uint64().value(), 1U);
    const std::uint64_t p50 = delay["p50_ms"].get_uint64().value();
    EXPECT_GE(p50, 2000U);
    EXPECT_LE(p50, 2000U + 1000U * static_cast<std::uint64_t>(kPatience.count()));
    EXPECT_EQ(delay["p99_ms"].get_uint64().value(), p50);
    EXPECT_EQ(delay["max_ms"].get_uint64().value(), p50);
  }
}

TEST_F(DeliveryTest, WhatASinkDidNotTakeIsSentByTheNextRun) {
  std::filesystem::create_symlink("/dev/full", folder / "two.ndjson");
  {
    Delivery delivery(config);
    for (std::int64_t i = 0; i < 3; ++i) delivery.Push(Window(i));
    delivery.Stop(kPatience);
    EXPECT_EQ(Lines(folder / "one.ndjson"), 3 * (kHosts + 1));
    EXPECT_EQ(delivery.sinks()[1].feeder->status().spool.windows, 3U);
    EXPECT_EQ(delivery.undelivered(), 0U);  // not yet
  }
  std::filesystem::remove(folder / "two.ndjson");
  Delivery delivery(config);
  delivery.Stop(kPatience);
  EXPECT_TRUE(ReadFile(folder / "one.ndjson") == ReadFile(folder / "two.ndjson"));
}

TEST_F(DeliveryTest, AStoreThatCantBeOpenedIsSaid) {
  std::ofstream(config.store.path) << "a file";
  EXPECT_THROW(
      {
        try {
          Delivery delivery(config);
        } catch (const std::runtime_error& error) {
          EXPECT_THAT(error.what(), HasSubstr(config.store.path));
          throw;
        }
      },
      std::runtime_error);
}

TEST(StoreConfig, ReadsBackAndIsChecked) {
  const LoadedConfig loaded = ParseConfig(
      "windows: [10s, 1m]\n"
      "store:\n"
      "  path: /var/lib/hostscope\n"
      "  retention:\n"
      "    - {window: 10s, age: 1d, size: 20GiB}\n"
      "    - {window: 1m, age: never}\n"
      "  spool: 5GiB\n"
      "  new_sinks: everything\n");
  ASSERT_THAT(loaded.problems, SizeIs(0));
  const StoreConfig& store = loaded.config.store;
  EXPECT_EQ(store.path, "/var/lib/hostscope");
  ASSERT_EQ(store.retention.size(), 2U);
  EXPECT_EQ(store.retention[0].window_ns, 10'000'000'000);
  EXPECT_EQ(store.retention[0].retention.max_age_ns, 86'400'000'000'000);
  EXPECT_EQ(store.retention[0].retention.max_bytes, std::uint64_t{20} << 30);
  EXPECT_EQ(store.retention[1].retention.max_age_ns, 0);
  EXPECT_EQ(store.retention[1].retention.max_bytes, exporter::Retention{}.max_bytes);
  EXPECT_EQ(store.spool_bytes, std::uint64_t{5} << 30);
  EXPECT_TRUE(store.new_sinks_get_everything);
  const std::string written = WriteConfig(loaded.config);
  EXPECT_EQ(WriteConfig(ParseConfig(written).config), written);
  EXPECT_EQ(ChangedKeys(Config{}, loaded.config),
            "windows, store.path, store.retention, store.spool, store.new_sinks");
}

TEST(Reload, TakesOverWhatCanChangeAndNamesTheRest) {
  const auto wanted = [](const std::string& text) { return ParseConfig(text).config; };
  Config in_force = wanted("store: {path: /s}\n");
  Reloaded result = TakeOver(in_force, in_force);
  EXPECT_EQ(result.changed + result.needs_restart, "");
  EXPECT_FALSE(result.has_new_exporters || result.has_new_retention);

  result = TakeOver(in_force, wanted("store: {path: /t, retention: [{window: 10s, age: 1d}]}\n"
                                     "exporters: {max: 7, defaults: {rate_limit: 5}}\n"));
  EXPECT_EQ(result.changed, "exporters.defaults, store.retention");
  EXPECT_EQ(result.needs_restart, "exporters.max, store.path");
  EXPECT_TRUE(result.has_new_exporters);
  EXPECT_TRUE(result.has_new_retention);
  EXPECT_EQ(in_force.store.path, "/s");
  EXPECT_EQ(in_force.store.retention.size(), 1U);
  EXPECT_EQ(in_force.dataplane.decoder.default_exporter.rate_limit, 5U);
  EXPECT_NE(in_force.dataplane.decoder.max_exporters, 7U);

  // Without a store there is nothing to keep.
  in_force = Config{};
  result = TakeOver(in_force, wanted("store: {retention: [{window: 10s, age: 1d}]}\n"));
  EXPECT_EQ(result.changed, "");
  EXPECT_EQ(result.needs_restart, "store.retention");
}

TEST(StoreConfig, ProblemsHaveTheirLine) {
  const LoadedConfig loaded = ParseConfig(
      "windows: [10s]\n"
      "store:\n"
      "  retention:\n"
      "    - window: 10s\n"
      "    - window: 1m\n"
      "    - window: 10s\n"
      "      size: 1KiB\n");
  ASSERT_THAT(loaded.problems, SizeIs(1));  // a size that is wrong keeps the rest from being judged
  EXPECT_EQ(loaded.problems[0].line, 7);
  EXPECT_EQ(loaded.problems[0].key, "store.retention[2].size");
  const LoadedConfig second = ParseConfig(
      "windows: [10s]\n"
      "store:\n"
      "  retention:\n"
      "    - window: 10s\n"
      "    - window: 1m\n"
      "    - window: 10s\n");
  ASSERT_THAT(second.problems, SizeIs(1));
  EXPECT_EQ(FormatProblem("f", second.problems[0]),
            "f:5: store.retention[1].window: 1m is no length of `windows`; one of those");
  const LoadedConfig third = ParseConfig(
      "windows: [10s]\n"
      "store:\n"
      "  retention:\n"
      "    - window: 10s\n"
      "    - window: 10s\n");
  ASSERT_THAT(third.problems, SizeIs(1));
  EXPECT_EQ(FormatProblem("f", third.problems[0]),
            "f:5: store.retention[1]: '10s' is there twice; each once");
}

TEST(StoreConfig, NoneIsNoStore) {
  EXPECT_EQ(ParseConfig("store: {path: none}").config.store.path, "");
  EXPECT_THAT(ParseConfig("store: {path: \"\"}").problems, SizeIs(1));
}

}  // namespace
}  // namespace hostscope::app
