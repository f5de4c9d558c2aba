#include "app/config/config_reader.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "app/config/config_writer.h"
#include "tests/app/config/config_text.h"
#include "tests/app/program.h"

namespace hostscope::app::testing {
namespace {

const std::filesystem::path kGoldens = HOSTSCOPE_SOURCE_DIR "/tests/app/config/goldens";

std::vector<std::string> NamesWith(const std::string& ending) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kGoldens)) {
    const std::string name = entry.path().filename();
    if (name.ends_with(ending)) names.push_back(name.substr(0, name.size() - ending.size()));
  }
  return names;
}

std::string YamlOf(const std::string& name) {
  return (kGoldens / (name + ".yaml")).string();
}
std::string Expected(const std::string& name, const std::string& ending) {
  return ReadFile(kGoldens / (name + ending));
}

TEST(ConfigGoldenTest, EveryFileIsExpectedToBeGoodOrBroken) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kGoldens)) {
    static_cast<void>(entry);
    ++files;
  }
  EXPECT_EQ(files, 2 * (NamesWith(".expected").size() + NamesWith(".problems").size()));
}

/// NAME.expected is the whole configuration that NAME.yaml results in, without comments.
TEST(ConfigGoldenTest, GoodFiles) {
  const std::vector<std::string> names = NamesWith(".expected");
  ASSERT_GE(names.size(), 2U);
  for (const std::string& name : names) {
    const LoadedConfig loaded = LoadConfig(YamlOf(name));
    EXPECT_EQ(ProblemsOf(loaded), "") << name;
    EXPECT_EQ(BareYaml(WriteConfig(loaded.config)), Expected(name, ".expected")) << name;
    // What was written says the same again.
    EXPECT_EQ(WriteConfig(ParseConfig(WriteConfig(loaded.config)).config), WriteConfig(loaded.config))
        << name;
  }
}

/// NAME.problems is what `hostscope check` says of NAME.yaml, every problem at once, with FILE for its path.
TEST(ConfigGoldenTest, BrokenFiles) {
  const std::vector<std::string> names = NamesWith(".problems");
  ASSERT_GE(names.size(), 10U);
  for (const std::string& name : names) {
    EXPECT_EQ(ProblemsOf(LoadConfig(YamlOf(name))), Expected(name, ".problems")) << name;
  }
}

TEST(ConfigGoldenTest, CheckPrintsProblemsWithThePathThatItWasGiven) {
  const std::string path = YamlOf("empty_lists");
  const Finished finished = RunHostscope({"check", "-c", path});
  EXPECT_EQ(finished.status, 1);
  EXPECT_EQ(finished.out, "");
  EXPECT_EQ(finished.err,
            path + ":1: windows: is empty; one or more lengths, each a multiple of the shortest\n" + path +
                ":2: networks: is empty; at least one prefix\n");
}

TEST(ConfigGoldenTest, CheckOfAGoodFileSaysNothingElse) {
  const std::string path = YamlOf("everything");
  const Finished finished = RunHostscope({"check", "-c", path});
  EXPECT_EQ(finished.status, 0);
  EXPECT_EQ(finished.out, path + ": no problems\n");
  EXPECT_EQ(finished.err, "");
  EXPECT_EQ(BareYaml(RunHostscope({"check", "-c", path, "--print"}).out),
            Expected("everything", ".expected"));
}

TEST(ConfigReaderTest, AnEmptyFileIsTheDefaults) {
  for (const char* text : {"", "\n", "# nothing\n", "---\n"}) {
    const LoadedConfig loaded = ParseConfig(text);
    EXPECT_EQ(ProblemsOf(loaded), "") << text;
    EXPECT_EQ(WriteConfig(loaded.config), WriteConfig({})) << text;
  }
}

TEST(ConfigReaderTest, AFileThatCantBeReadIsAProblem) {
  EXPECT_EQ(ProblemsOf(LoadConfig("/nonexistent")), "FILE: can't be read: No such file or directory\n");
  EXPECT_EQ(ProblemsOf(LoadConfig("/")), "FILE: can't be read: Is a directory\n");
}

TEST(ConfigReaderTest, DepthThatNobodyWritesIsAnErrorAndNoCrash) {
  const LoadedConfig loaded = ParseConfig("windows: " + std::string(100'000, '['));
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_EQ(loaded.problems[0].key, "yaml");
}

}  // namespace
}  // namespace hostscope::app::testing
