#include "exporter/elastic/bulk_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hostscope::exporter {
namespace {

using ::testing::HasSubstr;

TEST(BulkAnswer, EachItemHasItsFate) {
  BulkAnswerReader reader;
  std::vector<ItemAnswer> items;
  EXPECT_EQ(reader.Read(R"({"errors":true,"items":[
      {"create":{"status":201}},
      {"create":{"status":409,"error":{"type":"version_conflict_engine_exception","reason":"exists"}}},
      {"create":{"status":429,"error":{"type":"es_rejected_execution_exception","reason":"queue full"}}},
      {"create":{"status":503,"error":{"type":"unavailable_shards_exception","reason":"no primary"}}},
      {"create":{"status":400,"error":{"type":"document_parsing_exception","reason":"no \"ip\""}}},
      {"create":{"status":403}}]})",
                        6, items),
            "");
  ASSERT_EQ(items.size(), 6U);
  const std::vector<ItemFate> fates = {ItemFate::kDelivered, ItemFate::kDelivered, ItemFate::kAgain,
                                       ItemFate::kAgain,     ItemFate::kRejected,  ItemFate::kAgain};
  for (std::size_t i = 0; i < fates.size(); ++i) EXPECT_EQ(items[i].fate, fates[i]) << i;
  EXPECT_EQ(items[1].reason, "");
  EXPECT_EQ(items[4].status, 400);
  EXPECT_EQ(items[4].reason, "document_parsing_exception: no \"ip\"");
  EXPECT_EQ(items[5].reason, "");
}

TEST(BulkAnswer, OnlyWhatTheDocumentIsToBlameForIsRejected) {
  for (const int status : {200, 201, 409}) EXPECT_EQ(FateOf(status), ItemFate::kDelivered) << status;
  for (const int status : {401, 403, 404, 408, 429, 500, 502, 503, 504, 301}) {
    EXPECT_EQ(FateOf(status), ItemFate::kAgain) << status;
  }
  for (const int status : {400, 405, 413, 422}) EXPECT_EQ(FateOf(status), ItemFate::kRejected) << status;
}

TEST(BulkAnswer, NothingOfAnAnswerThatMakesNoSenseIsBelieved) {
  BulkAnswerReader reader;
  std::vector<ItemAnswer> items;
  for (const char* answer : {
           "",
           "<html>502 Bad Gateway</html>",
           "{\"items\":[{\"create\":{\"status\":201}}",
           "null",
           "[]",
           "{}",
           "{\"items\":{}}",
           "{\"items\":[]}",
           "{\"items\":[{\"create\":{\"status\":201}}]}",
           "{\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":201}},{\"create\":{\"status\":"
           "201}}]}",
           "{\"items\":[{\"create\":{\"status\":201}},{\"index\":{\"status\":201}}]}",
           "{\"items\":[{\"create\":{\"status\":201}},{\"create\":{}}]}",
           "{\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":\"201\"}}]}",
           "{\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":-1}}]}",
           "{\"items\":[{\"create\":{\"status\":201}},7]}",
       }) {
    EXPECT_NE(reader.Read(answer, 2, items), "") << answer;
  }
  EXPECT_EQ(
      reader.Read("{\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":201}}]}", 2, items), "");
  EXPECT_THAT(reader.Read("{\"items\":[{\"create\":{\"status\":201}}]}", 2, items),
              HasSubstr("1 items for 2"));
}

}  // namespace
}  // namespace hostscope::exporter
