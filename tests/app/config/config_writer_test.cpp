#include "app/config/config_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "app/config/config_reader.h"
#include "tests/app/config/config_text.h"
#include "tests/app/program.h"

namespace hostscope::app::testing {
namespace {

std::string InstalledExample() {
  return ReadFile(HOSTSCOPE_SOURCE_DIR "/conf/hostscope.yaml");
}

TEST(ConfigExampleTest, IsCurrent) {
  EXPECT_EQ(InstalledExample(), WriteExample())
      << "conf/hostscope.yaml is stale: run scripts/generate-config";
  EXPECT_EQ(RunHostscope({"check", "--example"}).out, WriteExample());
}

TEST(ConfigExampleTest, IsTheBuiltInDefaults) {
  const LoadedConfig loaded = ParseConfig(InstalledExample());
  EXPECT_EQ(ProblemsOf(loaded), "");
  EXPECT_EQ(WriteConfig(loaded.config), WriteConfig({}));
  EXPECT_EQ(ChangedKeys(loaded.config, {}), "");
}

TEST(ConfigExampleTest, EveryKeyHasAComment) {
  std::string before;
  for (const std::string& line : LinesOf(UncommentItems(InstalledExample()))) {
    const std::size_t start = line.find_first_not_of(' ');
    const bool is_key = start != std::string::npos && line[start] != '#' && line[start] != '-';
    if (is_key) {
      EXPECT_THAT(before, ::testing::ContainsRegex("^ *# ")) << line;
    }
    before = line;
  }
}

TEST(ConfigExampleTest, ItemsThatAreCommentedOutAreGoodToo) {
  const LoadedConfig loaded = ParseConfig(UncommentItems(InstalledExample()));
  EXPECT_EQ(ProblemsOf(loaded), "");
  EXPECT_EQ(loaded.config.dataplane.ports.size(), 1U);
  EXPECT_EQ(loaded.config.dataplane.decoder.exporters.size(), 1U);
  EXPECT_EQ(loaded.config.sinks.ndjson.size(), 1U);
  EXPECT_EQ(loaded.config.sinks.kafka.size(), 1U);
  EXPECT_EQ(loaded.config.sinks.elasticsearch.size(), 1U);
  EXPECT_EQ(ChangedKeys(loaded.config, {}),
            "ports, exporters.rules, sinks.ndjson, sinks.kafka, sinks.elasticsearch, store.retention, "
            "context.kafka");
}

TEST(ConfigWriterTest, WhatIsWrittenIsReadBack) {
  Config config;
  config.observer_name = "null";
  config.window_lengths_ns = {500'000'000, 1'500'000'000};
  config.dataplane.idle_sleep_us = 50;
  config.dataplane.eal.arguments = {"--log-level=8", "a \"quoted\", \\ [item]: #\ttext\n"};
  config.dataplane.eal.memory_mib = 4096;
  config.dataplane.worker_cpus = {1, 2, 3};
  config.dataplane.decoder.template_lifetime_ns = 0;
  config.dataplane.decoder.default_exporter.sampling_rate = 7;
  config.sinks.ndjson.push_back({"- # odd: \"name\"", exporter::Schema::kStream4Flow});
  config.sinks.kafka.emplace_back();
  config.sinks.kafka.back().brokers = {"[2001:db8::1]:9092"};
  config.sinks.kafka.back().options.properties = {{"client.id", "mon 1"}, {"sasl.password", "~:\x01'\""}};
  config.log_level = LogLevel::kDebug;

  const LoadedConfig loaded = ParseConfig(WriteConfig(config));
  EXPECT_EQ(ProblemsOf(loaded), "");
  EXPECT_EQ(WriteConfig(loaded.config), WriteConfig(config));
  EXPECT_EQ(loaded.config.observer_name, config.observer_name);
  EXPECT_EQ(loaded.config.dataplane.eal.arguments, config.dataplane.eal.arguments);
  EXPECT_EQ(loaded.config.sinks.ndjson.at(0).path, config.sinks.ndjson[0].path);
  EXPECT_EQ(loaded.config.sinks.kafka.at(0).options.properties, config.sinks.kafka[0].options.properties);
}

TEST(ConfigWriterTest, NamesTheKeysThatDiffer) {
  Config changed;
  EXPECT_EQ(ChangedKeys({}, changed), "");
  changed.observer_name = "other";
  changed.window_lengths_ns.pop_back();
  changed.log_level = LogLevel::kError;
  EXPECT_EQ(ChangedKeys({}, changed), "observer.name, windows, logging.level");
  changed = {};
  changed.dataplane.decoder.default_exporter.rate_limit = 1;
  changed.dataplane.decoder.max_exporters = 1;
  changed.dataplane.ports.resize(1);
  changed.sinks.kafka.resize(1);
  EXPECT_EQ(ChangedKeys({}, changed), "ports, exporters.max, exporters.defaults, sinks.kafka");
}

}  // namespace
}  // namespace hostscope::app::testing
