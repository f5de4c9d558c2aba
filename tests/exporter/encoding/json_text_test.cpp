#include "exporter/encoding/json_text.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>

namespace hostscope::exporter {
namespace {

std::string TimeText(std::int64_t ns) {
  char text[kTimeText];
  return std::string(text, FormatTime(ReceiveTime{ns}, text));
}

TEST(JsonText, TimesAreIso8601InUtcWithMilliseconds) {
  EXPECT_EQ(TimeText(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(TimeText(1'795'467'610 * kNanosecondsPerSecond), "2026-11-23T21:00:10.000Z");
  EXPECT_EQ(TimeText(1'795'467'610 * kNanosecondsPerSecond + 500 * kNanosecondsPerMillisecond),
            "2026-11-23T21:00:10.500Z");
  EXPECT_EQ(TimeText(1'709'251'199 * kNanosecondsPerSecond + 999'999'999), "2024-02-29T23:59:59.999Z");
  EXPECT_EQ(TimeText(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(TimeText(9'223'372'036'854'775'807), "2262-04-11T23:47:16.854Z");
}

TEST(JsonText, StringsAreEscaped) {
  EXPECT_EQ(JsonString(""), "\"\"");
  EXPECT_EQ(JsonString("mon1"), "\"mon1\"");
  EXPECT_EQ(JsonString("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"");
  EXPECT_EQ(JsonString("\n\r\t"), "\"\\n\\r\\t\"");
  EXPECT_EQ(JsonString(std::string("\0\x1f\x7f", 3)), "\"\\u0000\\u001f\x7f\"");
  EXPECT_EQ(JsonString("pražská sonda ☃ 𝄞"), "\"pražská sonda ☃ 𝄞\"");
}

TEST(JsonText, WhatIsNotUtf8IsReplaced) {
  EXPECT_EQ(JsonString("a\xff"), "\"a\\ufffd\"");
  EXPECT_EQ(JsonString("\xc3"), "\"\\ufffd\"");                                   // cut short
  EXPECT_EQ(JsonString("\xc0\xaf"), "\"\\ufffd\\ufffd\"");                        // overlong
  EXPECT_EQ(JsonString("\xe0\x80\xaf"), "\"\\ufffd\\ufffd\\ufffd\"");             // overlong
  EXPECT_EQ(JsonString("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"");             // surrogate
  EXPECT_EQ(JsonString("\xf4\x90\x80\x80"), "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");  // beyond U+10FFFF
  EXPECT_EQ(JsonString("\xf0\x8f\xbf\xbf"), "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");  // overlong
}

TEST(JsonText, AnyTwoBytesMakeAStringThatAParserTakes) {
  simdjson::dom::parser parser;
  for (unsigned first = 0; first < 256; ++first) {
    for (unsigned second = 0; second < 256; ++second) {
      const std::string text{static_cast<char>(first), static_cast<char>(second)};
      std::string document = "[";
      document += JsonString(text);
      document += ']';
      std::string_view read;
      ASSERT_EQ(parser.parse(document).at(0).get(read), simdjson::SUCCESS) << first << " " << second;
      if (first < 0x80 && second < 0x80) {
        ASSERT_EQ(read, text);
      }
    }
  }
}

}  // namespace
}  // namespace hostscope::exporter
