#include "ipfix/address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "ipfix/prefix.h"

namespace hostscope {
namespace {

Address V4(const char* text) {
  in_addr address;
  EXPECT_EQ(inet_pton(AF_INET, text, &address), 1);
  return Address::FromIpv4(address.s_addr);
}

Address V6(const char* text) {
  in6_addr address;
  EXPECT_EQ(inet_pton(AF_INET6, text, &address), 1);
  return Address::FromIpv6(address.s6_addr);
}

Prefix P4(const char* text, unsigned bits) {
  return Prefix::Ipv4(V4(text).ipv4_bits(), bits);
}

TEST(Address, MappedIpv6IsIpv4) {
  EXPECT_EQ(V6("::ffff:10.0.0.1"), V4("10.0.0.1"));
  EXPECT_TRUE(V6("::ffff:10.0.0.1").IsIpv4());
  EXPECT_FALSE(V6("::10.0.0.1").IsIpv4());
  EXPECT_FALSE(V6("64:ff9b::10.0.0.1").IsIpv4());
}

TEST(Address, UnspecifiedIsAllZerosOfEitherFamily) {
  EXPECT_TRUE(V4("0.0.0.0").IsUnspecified());
  EXPECT_TRUE(V6("::").IsUnspecified());
  EXPECT_FALSE(V6("::1").IsUnspecified());
  EXPECT_FALSE(V4("0.0.0.1").IsUnspecified());
}

TEST(Address, OrderIsThatOfItsBytes) {
  EXPECT_LT(V4("9.255.255.255"), V4("10.0.0.0"));
  EXPECT_LT(V4("255.255.255.255"), V6("2001:db8::"));
  EXPECT_LT(V6("2001:db8::1"), V6("2001:db8::1:0"));
}

TEST(Prefix, ClearsHostBits) {
  EXPECT_EQ(P4("10.20.30.40", 16), P4("10.20.0.0", 16));
  EXPECT_EQ(P4("10.20.30.40", 13).network, V4("10.16.0.0"));
  EXPECT_EQ(Prefix::Ipv6(V6("2001:db8:ffff::1"), 33).network, V6("2001:db8:8000::"));
}

TEST(Prefix, ContainsExactlyItsRange) {
  const Prefix prefix = P4("10.20.0.0", 15);
  EXPECT_TRUE(prefix.Contains(V4("10.20.0.0")));
  EXPECT_TRUE(prefix.Contains(V4("10.21.255.255")));
  EXPECT_FALSE(prefix.Contains(V4("10.22.0.0")));
  EXPECT_FALSE(prefix.Contains(V4("10.19.255.255")));
  EXPECT_TRUE(P4("10.0.0.7", 32).Contains(V4("10.0.0.7")));
  EXPECT_FALSE(P4("10.0.0.7", 32).Contains(V4("10.0.0.6")));
}

TEST(Prefix, FamiliesDoNotContainEachOther) {
  EXPECT_TRUE(Prefix::AllIpv4().Contains(V4("1.2.3.4")));
  EXPECT_FALSE(Prefix::AllIpv4().Contains(V6("2001:db8::1")));
  EXPECT_TRUE(Prefix::AllIpv6().Contains(V6("2001:db8::1")));
  EXPECT_FALSE(Prefix::AllIpv6().Contains(V4("1.2.3.4")));
}

TEST(Prefix, LengthIsWrittenInItsFamily) {
  EXPECT_EQ(P4("10.0.0.0", 8).written_length(), 8U);
  EXPECT_EQ(Prefix::Ipv6(V6("2001:db8::"), 32).written_length(), 32U);
}

}  // namespace
}  // namespace hostscope
