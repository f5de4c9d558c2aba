#include "exporter/query/search_text.h"

#include <gtest/gtest.h>

#include <string>

#include "exporter/encoding/address_text.h"

namespace hostscope::exporter {
namespace {

std::string Said(const char* text) {
  const SearchTarget target = ReadSearch(text);
  if (target.host) return "host " + ToText(*target.host);
  if (target.prefix) return "prefix " + ToText(*target.prefix);
  return "nothing";
}

TEST(SearchText, AddressesAndPrefixes) {
  EXPECT_EQ(Said("10.1.2.3"), "host 10.1.2.3");
  EXPECT_EQ(Said("  10.1.2.3\n"), "host 10.1.2.3");
  EXPECT_EQ(Said("2001:DB8::1"), "host 2001:db8::1");
  EXPECT_EQ(Said("::ffff:10.1.2.3"), "host 10.1.2.3");
  EXPECT_EQ(Said("10.0.0.0/8"), "prefix 10.0.0.0/8");
  EXPECT_EQ(Said("10.1.2.3/8"), "prefix 10.0.0.0/8");
  EXPECT_EQ(Said("10.1.2.3/32"), "prefix 10.1.2.3/32");
  EXPECT_EQ(Said("2001:db8::1/32"), "prefix 2001:db8::/32");
  EXPECT_EQ(Said("0.0.0.0/0"), "prefix 0.0.0.0/0");
}

TEST(SearchText, HowOneBegins) {
  EXPECT_EQ(Said("10"), "prefix 10.0.0.0/8");
  EXPECT_EQ(Said("10."), "prefix 10.0.0.0/8");
  EXPECT_EQ(Said("10.1"), "prefix 10.1.0.0/16");
  EXPECT_EQ(Said("10.1.255."), "prefix 10.1.255.0/24");
  EXPECT_EQ(Said("2001:db8:"), "prefix 2001:db8::/32");
  EXPECT_EQ(Said("2001:db8:a"), "prefix 2001:db8:a::/48");
  EXPECT_EQ(Said("fe80:"), "prefix fe80::/16");
}

TEST(SearchText, NothingElse) {
  for (const char* text :
       {"", " ", ".", "..", "10..1", "256", "10.1.2.3.4", "10.1.2.3/33", "10.1.2.3/", "/8", "10.1.2.3/8x",
        "10.1.2.3/-1", "host", ":", "2001:db8::1/129", "2001:xyz:", "1:2:3:4:5:6:7:8:9", "10.1.2.3 10.1.2.4"})
    EXPECT_EQ(Said(text), "nothing") << text;
}

}  // namespace
}  // namespace hostscope::exporter
