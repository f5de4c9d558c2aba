#include "exporter/context/context.h"

#include <gmock/gmock.h>

#include <chrono>
#include <fstream>
#include <stdexcept>

#include "exporter/encoding/address_text.h"
#include "tests/exporter/store/temporary_folder.h"

namespace hostscope::context {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class ContextTest : public ::testing::Test {
 protected:
  ContextTest() {
    options.files = {folder.path() + "/c.csv"};
    options.check_interval_ns = 20'000'000;
  }

  void Write(const std::string& text) { std::ofstream(options.files[0]) << text; }
  std::string Of(const Context& context, const char* host) {
    return context.ContextOf(*exporter::ParseAddress(host));
  }
  /// Fails where it does not become true.
  template <typename Condition>
  static bool Await(Condition is_true) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!is_true()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(5ms);
    }
    return true;
  }

  exporter::TemporaryFolder folder;
  ContextOptions options;
  std::mutex mutex;
  std::string logged;
  exporter::LogFunction log = [this](std::string_view message) {
    const std::lock_guard lock(mutex);
    logged.append(message).append("\n");
  };
};

TEST_F(ContextTest, AFileThatChangesIsReadAgainAndABadOneChangesNothing) {
  Write("prefix,name\n10.0.0.1,before\n");
  Context context(options, "mon1", log);
  context.Start();
  EXPECT_EQ(Of(context, "10.0.0.1"), R"({"name":"before"})");
  Write("prefix,name\n10.0.0.1,after\n");
  EXPECT_TRUE(Await([&] { return context.status().good_loads >= 2; }));
  EXPECT_TRUE(Await([&] { return Of(context, "10.0.0.1") == R"({"name":"after"})"; }));
  Write("prefix,name\n10.0.0.1,good\nnonsense,x\n");
  EXPECT_TRUE(Await([&] { return context.status().bad_loads >= 1; }));
  EXPECT_EQ(Of(context, "10.0.0.1"), R"({"name":"after"})");
  context.Stop();
  EXPECT_THAT(logged, HasSubstr("c.csv:3: prefix 'nonsense' can't be read"));
}

TEST_F(ContextTest, IsReadAgainWhenToldTo) {
  options.check_interval_ns = 0;
  Write("prefix,name\n10.0.0.1,before\n");
  Context context(options, "mon1", log);
  context.Start();
  Write("prefix,name\n10.0.0.1,after\n");
  context.Reload();
  EXPECT_TRUE(Await([&] { return Of(context, "10.0.0.1") == R"({"name":"after"})"; }));
}

TEST_F(ContextTest, ABadFileAtTheStartIsAnError) {
  Write("prefix,name\nnonsense,x\n");
  EXPECT_THROW(Context(options, "mon1", log), std::runtime_error);
  EXPECT_THAT(Context::CheckFiles(options), ::testing::SizeIs(1));
}

TEST_F(ContextTest, AttributesAreListedFoundAndCounted) {
  Write("prefix,name,switch\n10.0.0.0/8,,sw1\n10.0.0.1,pc1,sw2\n10.0.0.2,pc2,\n");
  const Context context(options, "mon1", log);
  EXPECT_EQ(context.Names(), (std::map<std::string, std::size_t>{{"name", 2}, {"switch", 2}}));
  const auto text = [&](const char* prefix, const char* name) {
    return context.TextOf(*exporter::ParsePrefix(prefix), name).value_or("-");
  };
  EXPECT_EQ(text("10.0.0.1/32", "switch"), "sw2");
  EXPECT_EQ(text("10.0.0.2/32", "switch"), "sw1");
  EXPECT_EQ(text("10.0.0.0/24", "switch"), "sw1");
  EXPECT_EQ(text("10.0.0.0/24", "name"), "-");
  EXPECT_EQ(text("11.0.0.0/24", "switch"), "-");
  std::map<std::string, std::string> found;
  context.ForEach(std::nullopt, "switch", [&](const Prefix& prefix, std::string_view value) {
    found[exporter::ToText(prefix)] = value;
  });
  EXPECT_EQ(found, (std::map<std::string, std::string>{{"10.0.0.0/8", "sw1"}, {"10.0.0.1/32", "sw2"}}));
}

TEST_F(ContextTest, WhatARecordGetsIsBounded) {
  options.limits.value_bytes = 4096;
  std::string columns = "prefix", values = "10.0.0.1";
  for (int i = 10; i < 40; ++i) {
    columns += ",a" + std::to_string(i);
    values += "," + std::string(4000, 'x');
  }
  options.limits.attributes = 30;
  Write(columns + "\n" + values + "\n");
  const Context context(options, "mon1", log);
  const std::string json = Of(context, "10.0.0.1");
  EXPECT_LE(json.size(), exporter::kMaxContextText);
  EXPECT_THAT(json, HasSubstr("\"a10\""));
}

}  // namespace
}  // namespace hostscope::context
