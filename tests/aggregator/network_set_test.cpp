#include "aggregator/network_set.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "tests/aggregator/naive_reference.h"

namespace hostscope::aggregator {
namespace {

Address Ipv4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  return Address::FromIpv4(a | std::uint32_t{b} << 8 | std::uint32_t{c} << 16 | std::uint32_t{d} << 24);
}

Address Ipv6(std::initializer_list<std::uint8_t> leading) {
  Address address;
  std::copy(leading.begin(), leading.end(), address.bytes.begin());
  return address;
}

Prefix Ipv4Prefix(const Address& address, unsigned bits) {
  return Prefix::Ipv4(address.ipv4_bits(), bits);
}

TEST(NetworkSet, EmptySetContainsNothing) {
  const NetworkSet networks(std::span<const Prefix>{});
  EXPECT_EQ(networks.Find(Ipv4(10, 0, 0, 1)), NetworkSet::kNone);
  EXPECT_EQ(networks.Find(Ipv6({0x20, 0x01})), NetworkSet::kNone);
  EXPECT_FALSE(networks.MayContain(Ipv4(10, 0, 0, 1)));
  EXPECT_FALSE(networks.ContainsAll());
}

TEST(NetworkSet, MostSpecificWinsInAnyOrder) {
  const std::vector<Prefix> prefixes = {Ipv4Prefix(Ipv4(10, 1, 2, 0), 24), Ipv4Prefix(Ipv4(10, 0, 0, 0), 8),
                                        Ipv4Prefix(Ipv4(10, 1, 2, 3), 32), Ipv4Prefix(Ipv4(10, 1, 0, 0), 16)};
  const NetworkSet networks(prefixes);
  EXPECT_EQ(networks.Find(Ipv4(10, 1, 2, 3)), 2U);
  EXPECT_EQ(networks.Find(Ipv4(10, 1, 2, 4)), 0U);
  EXPECT_EQ(networks.Find(Ipv4(10, 1, 3, 4)), 3U);
  EXPECT_EQ(networks.Find(Ipv4(10, 2, 3, 4)), 1U);
  EXPECT_EQ(networks.Find(Ipv4(11, 2, 3, 4)), NetworkSet::kNone);
  EXPECT_EQ(networks.prefixes(), prefixes);
}

TEST(NetworkSet, FamiliesAreApart) {
  const NetworkSet only_ipv6(std::vector{Prefix::AllIpv6()});
  EXPECT_EQ(only_ipv6.Find(Ipv4(10, 0, 0, 1)), NetworkSet::kNone);
  EXPECT_EQ(only_ipv6.Find(Address{}), 0U);
  EXPECT_FALSE(only_ipv6.ContainsAll());
  const NetworkSet only_ipv4(std::vector{Prefix::AllIpv4()});
  EXPECT_EQ(only_ipv4.Find(Ipv4(0, 0, 0, 0)), 0U);
  EXPECT_EQ(only_ipv4.Find(Ipv6({0x20, 0x01})), NetworkSet::kNone);
  EXPECT_FALSE(only_ipv4.MayContain(Ipv6({0x20, 0x01})));
}

TEST(NetworkSet, AllContainsBothFamilies) {
  const NetworkSet all = NetworkSet::All();
  EXPECT_TRUE(all.ContainsAll());
  EXPECT_NE(all.Find(Ipv4(255, 255, 255, 255)), NetworkSet::kNone);
  EXPECT_NE(all.Find(Ipv6({0xff})), NetworkSet::kNone);
}

TEST(NetworkSet, OfEqualPrefixesTheFirstCounts) {
  const NetworkSet networks(std::vector{Ipv4Prefix(Ipv4(10, 0, 0, 0), 8), Ipv4Prefix(Ipv4(10, 0, 0, 0), 8)});
  EXPECT_EQ(networks.Find(Ipv4(10, 9, 9, 9)), 0U);
}

TEST(NetworkSet, CopyOutlivesTheOriginal) {
  auto original = std::make_unique<NetworkSet>(std::vector{Ipv4Prefix(Ipv4(192, 0, 2, 0), 24)});
  const NetworkSet copy = *original;
  original.reset();
  EXPECT_EQ(copy.Find(Ipv4(192, 0, 2, 77)), 0U);
}

/// Random prefixes that often contain each other, random addresses near them.
class NetworkSetProperty : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(NetworkSetProperty, EqualsLinearSearch) {
  std::mt19937_64 random(GetParam());
  const auto any_address = [&](bool is_ipv6) {
    Address address = is_ipv6 ? Address{} : Address::FromIpv4(0);
    for (std::size_t byte = is_ipv6 ? 0 : 12; byte < 16; ++byte) {
      // Few values a byte, so that prefixes nest and addresses hit.
      address.bytes[byte] = static_cast<std::uint8_t>(random() % 3 * 0x55);
    }
    return address;
  };
  std::vector<Prefix> prefixes;
  for (int i = 0; i < 300; ++i) {
    const bool is_ipv6 = random() % 2 == 0;
    const Address address = any_address(is_ipv6);
    prefixes.push_back(is_ipv6 ? Prefix::Ipv6(address, 1 + static_cast<unsigned>(random() % 128))
                               : Ipv4Prefix(address, static_cast<unsigned>(random() % 33)));
  }
  const NetworkSet networks(prefixes);
  const naive::Reference linear(prefixes);
  int found = 0;
  for (int i = 0; i < 20'000; ++i) {
    Address address = any_address(random() % 2 == 0);
    if (random() % 4 == 0) address.bytes[12 + random() % 4] ^= static_cast<std::uint8_t>(1U << random() % 8);
    const std::uint32_t want = linear.NetworkOf(address);
    const std::uint32_t got = networks.Find(address);
    if (want == NetworkSet::kNone) {
      ASSERT_EQ(got, want);
      continue;
    }
    ++found;
    ASSERT_NE(got, NetworkSet::kNone);
    // The same prefix may be there twice.
    ASSERT_EQ(prefixes[got], prefixes[want]);
    ASSERT_TRUE(networks.MayContain(address));
  }
  EXPECT_GT(found, 1000);
}

INSTANTIATE_TEST_SUITE_P(Seeds, NetworkSetProperty, ::testing::Range<std::uint64_t>(1, 9));

}  // namespace
}  // namespace hostscope::aggregator
