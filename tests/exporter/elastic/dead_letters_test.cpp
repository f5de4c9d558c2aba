#include "exporter/elastic/dead_letters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "tests/exporter/store/temporary_folder.h"

namespace hostscope::exporter {
namespace {

using ::testing::HasSubstr;

TEST(DeadLetters, AreOneJsonObjectALineAndAppended) {
  const TemporaryFolder folder;
  const std::string path = folder / "dead.ndjson";
  std::string problem;
  for (int run = 0; run < 2; ++run) {
    const auto letters = DeadLetters::Open({path}, problem);
    ASSERT_NE(letters, nullptr) << problem;
    EXPECT_EQ(letters->Add(
                  {"hostscope-hosts-10s", "abc", "{\"host\":{\"ip\":\"192.0.2.1\"}}", 400, "a \"reason\"\n"}),
              "");
  }
  std::istringstream lines(ReadFile(path));
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    simdjson::dom::parser parser;
    simdjson::dom::element letter;
    ASSERT_EQ(parser.parse(line).get(letter), simdjson::SUCCESS) << line;
    EXPECT_EQ(std::string_view(letter["data_stream"]), "hostscope-hosts-10s");
    EXPECT_EQ(std::string_view(letter["_id"]), "abc");
    EXPECT_EQ(std::int64_t(letter["status"]), 400);
    EXPECT_EQ(std::string_view(letter["reason"]), "a \"reason\"\n");
    EXPECT_EQ(std::string_view(letter["document"]["host"]["ip"]), "192.0.2.1");
    EXPECT_EQ(std::string_view(letter["@timestamp"]).substr(0, 2), "20");
  }
  EXPECT_EQ(count, 2);
}

TEST(DeadLetters, AFullFileTakesNoMore) {
  const TemporaryFolder folder;
  const std::string path = folder / "dead.ndjson";
  std::string problem;
  const auto letters = DeadLetters::Open({path, 1000}, problem);
  ASSERT_NE(letters, nullptr);
  std::string last;
  for (int i = 0; i < 100; ++i) last = letters->Add({"stream", "id", "{}", 400, "reason"});
  EXPECT_EQ(last, path + " is full");
  const std::string text = ReadFile(path);
  EXPECT_LE(text.size(), 1000U);
  EXPECT_GT(text.size(), 800U);
  EXPECT_EQ(text.back(), '\n');
}

TEST(DeadLetters, WithoutAPathNoneAreKept) {
  std::string problem;
  const auto letters = DeadLetters::Open({}, problem);
  ASSERT_NE(letters, nullptr);
  EXPECT_EQ(letters->Add({"stream", "id", "{}", 400, "reason"}), "");
}

TEST(DeadLetters, AFileThatCannotBeOpenedIsAProblem) {
  std::string problem;
  EXPECT_EQ(DeadLetters::Open({"/nowhere/dead.ndjson"}, problem), nullptr);
  EXPECT_THAT(problem, HasSubstr("/nowhere/dead.ndjson: No such file"));
}

}  // namespace
}  // namespace hostscope::exporter
