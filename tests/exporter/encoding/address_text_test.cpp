#include "exporter/encoding/address_text.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

namespace hostscope::exporter {
namespace {

std::string Canonical(const std::string& text) {
  const auto address = ParseAddress(text);
  return address ? ToText(*address) : "(refused)";
}

std::string CanonicalPrefix(const std::string& text) {
  const auto prefix = ParsePrefix(text);
  return prefix ? ToText(*prefix) : "(refused)";
}

TEST(AddressText, Ipv4IsADottedQuad) {
  EXPECT_EQ(Canonical("0.0.0.0"), "0.0.0.0");
  EXPECT_EQ(Canonical("10.20.30.40"), "10.20.30.40");
  EXPECT_EQ(Canonical("255.255.255.255"), "255.255.255.255");
  EXPECT_EQ(Canonical("::ffff:192.0.2.128"), "192.0.2.128");
  EXPECT_EQ(Canonical("::ffff:c000:280"), "192.0.2.128");
}

TEST(AddressText, EveryOctetIsWritten) {
  for (unsigned value = 0; value < 256; ++value) {
    const std::string octet = std::to_string(value);
    const std::string text = octet + "." + octet + "." + octet + "." + octet;
    EXPECT_EQ(Canonical(text), text);
  }
}

TEST(AddressText, Ipv6IsCanonicalAsInRfc5952) {
  EXPECT_EQ(Canonical("2001:0db8::0001"), "2001:db8::1");               // 4.1
  EXPECT_EQ(Canonical("2001:db8:0:0:0:0:2:1"), "2001:db8::2:1");        // 4.2.1
  EXPECT_EQ(Canonical("2001:db8::1:1:1:1:1"), "2001:db8:0:1:1:1:1:1");  // 4.2.2
  EXPECT_EQ(Canonical("2001:0:0:1:0:0:0:1"), "2001:0:0:1::1");          // 4.2.3, the longest
  EXPECT_EQ(Canonical("2001:db8:0:0:1:0:0:1"), "2001:db8::1:0:0:1");    // 4.2.3, the first
  EXPECT_EQ(Canonical("2001:DB8:AAAA:BBBB:CCCC:DDDD:EEEE:AAAA"),
            "2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa");  // 4.3
  EXPECT_EQ(Canonical("0:0:0:0:0:0:0:0"), "::");
  EXPECT_EQ(Canonical("0:0:0:0:0:0:0:1"), "::1");
  EXPECT_EQ(Canonical("1:0:0:0:0:0:0:0"), "1::");
  EXPECT_EQ(Canonical("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

TEST(AddressText, RandomIpv6AgreesWithTheLibraryAndReadsBack) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::array<std::uint8_t, 16> octets{};
    for (std::size_t at = 0; at < octets.size(); at += 2) {
      const std::uint64_t bits = random();
      if (bits % 2 == 0) continue;  // half of the groups are zero, so that runs of every length appear
      octets[at] = bits % 3 == 0 ? std::uint8_t{0} : static_cast<std::uint8_t>(bits >> 8);
      octets[at + 1] = static_cast<std::uint8_t>(bits >> 16);
    }
    const Address address = Address::FromIpv6(octets.data());
    const std::string text = ToText(address);
    ASSERT_LE(text.size(), kMaxAddressText);
    ASSERT_EQ(ParseAddress(text), address) << text;
    std::array<char, INET6_ADDRSTRLEN> expected{};
    inet_ntop(AF_INET6, octets.data(), expected.data(), expected.size());
    // glibc writes ::a.b.c.d also for the deprecated IPv4-compatible addresses.
    if (std::string(expected.data()).find('.') == std::string::npos) {
      ASSERT_EQ(text, expected.data());
    }
  }
}

TEST(AddressText, RefusesWhatIsNotOneAddress) {
  for (const char* text : {"",
                           " ",
                           "10.0.0",
                           "10.0.0.0.0",
                           "10.0.0.256",
                           "10.0.0.01",
                           "010.0.0.1",
                           "0x0a.0.0.1",
                           "10.0.0.1 ",
                           " 10.0.0.1",
                           "10.0.0.1/8",
                           "10.0.0.-1",
                           "1::2::3",
                           ":::",
                           "12345::",
                           "g::",
                           "fe80::1%eth0",
                           "[::1]",
                           "::1/128",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "host.example",
                           "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255.255.255"}) {
    EXPECT_EQ(ParseAddress(text), std::nullopt) << text;
  }
  EXPECT_EQ(ParseAddress(std::string_view("10.0.0.1\0", 9)), std::nullopt);
}

TEST(PrefixText, IsWrittenAsItWasMeant) {
  EXPECT_EQ(CanonicalPrefix("0.0.0.0/0"), "0.0.0.0/0");
  EXPECT_EQ(CanonicalPrefix("10.20.0.0/16"), "10.20.0.0/16");
  EXPECT_EQ(CanonicalPrefix("192.0.2.1/32"), "192.0.2.1/32");
  EXPECT_EQ(CanonicalPrefix("::/0"), "::/0");
  EXPECT_EQ(CanonicalPrefix("2001:DB8::/32"), "2001:db8::/32");
  EXPECT_EQ(CanonicalPrefix("2001:db8::1/128"), "2001:db8::1/128");
  EXPECT_EQ(CanonicalPrefix("::ffff:10.0.0.0/104"), "10.0.0.0/8");
  EXPECT_EQ(CanonicalPrefix("::ffff:0:0/96"), "0.0.0.0/0");
}

TEST(PrefixText, FamiliesAreApart) {
  EXPECT_EQ(ParsePrefix("0.0.0.0/0"), Prefix::AllIpv4());
  EXPECT_EQ(ParsePrefix("::/0"), Prefix::AllIpv6());
  EXPECT_NE(ParsePrefix("::/0"), ParsePrefix("0.0.0.0/0"));
}

TEST(PrefixText, LongestFits) {
  EXPECT_EQ(CanonicalPrefix("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128").size(), kMaxPrefixText);
}

TEST(PrefixText, RefusesHostBitsAndGarbage) {
  for (const char* text :
       {"10.1.2.3/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08", "10.0.0.0/", "10.0.0.0",
        "/8", "", "10.0.0.0/8 ", "10.0.0.0/8/8", "10.0.0.0/8x", "10.0.0.0/99999999999", "2001:db8::1/64",
        "::/129", "::ffff:10.0.0.1/104", "10.0.0.0/255.0.0.0"}) {
    EXPECT_EQ(ParsePrefix(text), std::nullopt) << text;
  }
}

TEST(PrefixText, EveryLengthReadsBack) {
  std::mt19937_64 random(2);
  for (unsigned length = 0; length <= 128; ++length) {
    std::array<std::uint8_t, 16> octets{};
    for (std::uint8_t& octet : octets) octet = static_cast<std::uint8_t>(random());
    const Prefix prefix = Prefix::Ipv6(Address::FromIpv6(octets.data()), length);
    EXPECT_EQ(ParsePrefix(ToText(prefix)), prefix);
    const Prefix ipv4 = Prefix::Ipv4(static_cast<std::uint32_t>(random()), length % 33);
    EXPECT_EQ(ParsePrefix(ToText(ipv4)), ipv4);
  }
}

}  // namespace
}  // namespace hostscope::exporter
