#include "app/config/text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "exporter/encoding/address_text.h"

namespace hostscope::app {
namespace {

template <typename T>
std::string Said(const Parsed<T>& parsed) {
  if (parsed.value) {
    EXPECT_EQ(parsed.wrong, "");
    return std::to_string(*parsed.value);
  }
  return parsed.wrong;
}

std::string DurationOf(std::string_view text) {
  return Said(ParseDuration(text));
}
std::string BytesOf(std::string_view text) {
  return Said(ParseBytes(text));
}
std::string PrefixOf(std::string_view text) {
  const Parsed<Prefix> parsed = ParsePrefix(text);
  return parsed.value ? exporter::ToText(*parsed.value) : parsed.wrong;
}

TEST(TextTest, Durations) {
  EXPECT_EQ(DurationOf("10s"), "10000000000");
  EXPECT_EQ(DurationOf("500ms"), "500000000");
  EXPECT_EQ(DurationOf("20us"), "20000");
  EXPECT_EQ(DurationOf("1ns"), "1");
  EXPECT_EQ(DurationOf("1.5m"), "90000000000");
  EXPECT_EQ(DurationOf("0.001s"), "1000000");
  EXPECT_EQ(DurationOf("2h"), "7200000000000");
  EXPECT_EQ(DurationOf("1d"), "86400000000000");
  EXPECT_EQ(DurationOf("10 s"), "10000000000");
  EXPECT_EQ(DurationOf("0s"), "0");
  EXPECT_EQ(DurationOf("106751d"), "9223286400000000000");
}

TEST(TextTest, WrongDurations) {
  EXPECT_EQ(DurationOf(""), "'' is not a number with a unit");
  EXPECT_EQ(DurationOf("10"), "'10' has no unit");
  EXPECT_EQ(DurationOf("s"), "'s' is not a number with a unit");
  EXPECT_EQ(DurationOf("-1s"), "'-1s' is not a number with a unit");
  EXPECT_EQ(DurationOf("+1s"), "'+1s' is not a number with a unit");
  EXPECT_EQ(DurationOf(" 1s"), "' 1s' is not a number with a unit");
  EXPECT_EQ(DurationOf("1.s"), "'1.s' is not a number with a unit");
  EXPECT_EQ(DurationOf(".5s"), "'.5s' is not a number with a unit");
  EXPECT_EQ(DurationOf("1s "), "'1s ' has an unknown unit");
  EXPECT_EQ(DurationOf("1S"), "'1S' has an unknown unit");
  EXPECT_EQ(DurationOf("1min"), "'1min' has an unknown unit");
  EXPECT_EQ(DurationOf("10s,20s"), "'10s,20s' has an unknown unit");
  EXPECT_EQ(DurationOf("1e3s"), "'1e3s' has an unknown unit");
  EXPECT_EQ(DurationOf("1.2345s"), "'1.2345s' has more than three digits behind its point");
  EXPECT_EQ(DurationOf("0.5ns"), "'0.5ns' is not a whole number of the smallest unit");
  EXPECT_EQ(DurationOf("106752d"), "'106752d' is too large");
  EXPECT_EQ(DurationOf("213504d"), "'213504d' is too large");
  EXPECT_EQ(DurationOf("18446744073709551616ns"), "'18446744073709551616ns' is not a number with a unit");
}

TEST(TextTest, Sizes) {
  EXPECT_EQ(BytesOf("100B"), "100");
  EXPECT_EQ(BytesOf("64KiB"), "65536");
  EXPECT_EQ(BytesOf("1.5MiB"), "1572864");
  EXPECT_EQ(BytesOf("4GiB"), "4294967296");
  EXPECT_EQ(BytesOf("4 GiB"), "4294967296");
  EXPECT_EQ(BytesOf("2TiB"), "2199023255552");
  EXPECT_EQ(BytesOf("1kB"), "1000");
  EXPECT_EQ(BytesOf("1MB"), "1000000");
  EXPECT_EQ(BytesOf("1GB"), "1000000000");
  EXPECT_EQ(BytesOf("1TB"), "1000000000000");
}

TEST(TextTest, WrongSizes) {
  EXPECT_EQ(BytesOf("4"), "'4' has no unit");
  EXPECT_EQ(BytesOf("4G"), "'4G' has an unknown unit");
  EXPECT_EQ(BytesOf("4KB"), "'4KB' has an unknown unit");
  EXPECT_EQ(BytesOf("0.3KiB"), "'0.3KiB' is not a whole number of the smallest unit");
  EXPECT_EQ(BytesOf("16777216TiB"), "'16777216TiB' is too large");
}

TEST(TextTest, WhatIsFormattedIsReadBack) {
  for (const std::int64_t ns :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{999}, std::int64_t{1'500'000'000},
        std::int64_t{60'000'000'000}, std::int64_t{90'000'000'000}, INT64_MAX}) {
    EXPECT_EQ(DurationOf(FormatDuration(ns)), std::to_string(ns));
  }
  for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000},
                                    std::uint64_t{1024}, std::uint64_t{1'572'864}, UINT64_MAX}) {
    EXPECT_EQ(BytesOf(FormatBytes(bytes)), std::to_string(bytes));
  }
  EXPECT_EQ(FormatDuration(90'000'000'000), "90s");
  EXPECT_EQ(FormatDuration(86'400'000'000'000), "1d");
  EXPECT_EQ(FormatBytes(1'572'864), "1536KiB");
}

TEST(TextTest, WholeNumbers) {
  EXPECT_EQ(Said(ParseWhole("0")), "0");
  EXPECT_EQ(Said(ParseWhole("18446744073709551615")), "18446744073709551615");
  EXPECT_EQ(Said(ParseWhole("18446744073709551616")), "'18446744073709551616' is too large");
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "1.0", "0x10", "ten"}) {
    EXPECT_EQ(Said(ParseWhole(text)), Quote(text) + " is not a whole number");
  }
}

TEST(TextTest, Prefixes) {
  for (const char* text : {"0.0.0.0/0", "10.0.0.0/8", "192.0.2.1/32", "::/0", "2001:db8::/32", "::1/128"}) {
    EXPECT_EQ(PrefixOf(text), text);
  }
  EXPECT_EQ(PrefixOf("10.0.0.0"), "'10.0.0.0' has no /length");
  EXPECT_EQ(PrefixOf("10.0.0/8"), "'10.0.0/8' does not begin with an IPv4 or IPv6 address");
  EXPECT_EQ(PrefixOf("10.0.0.0/33"), "'10.0.0.0/33' has a length that is not 0 to 32");
  EXPECT_EQ(PrefixOf("10.0.0.0/"), "'10.0.0.0/' has a length that is not 0 to 32");
  EXPECT_EQ(PrefixOf("::/129"), "'::/129' has a length that is not 0 to 128");
  EXPECT_EQ(PrefixOf("10.0.0.1/31"), "'10.0.0.1/31' has bits set behind its length");
  EXPECT_EQ(PrefixOf("2001:db8::1/64"), "'2001:db8::1/64' has bits set behind its length");
}

TEST(TextTest, Addresses) {
  EXPECT_TRUE(ParseAddress("192.0.2.1").value);
  EXPECT_TRUE(ParseAddress("2001:db8::1").value);
  for (const char* text : {"", "192.0.2", "192.0.2.256", "192.0.2.1/32", "2001:db8::g", "localhost"}) {
    EXPECT_EQ(ParseAddress(text).wrong, Quote(text) + " is not an IPv4 or IPv6 address");
  }
}

}  // namespace
}  // namespace hostscope::app
