#include "aggregator/hashing.h"

#define XXH_INLINE_ALL
#include <gtest/gtest.h>
#include <xxhash.h>

#include <random>

namespace hostscope::aggregator {
namespace {

TEST(Hashing, AddressesAreHashedAsTheLibraryDoes) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 100'000; ++i) {
    Address address;
    for (std::uint8_t& byte : address.bytes) byte = static_cast<std::uint8_t>(random());
    if (i % 2 == 0) address = Address::FromIpv4(static_cast<std::uint32_t>(random()));
    const std::uint64_t key = i % 3 == 0 ? 0 : random();
    ASSERT_EQ(TableHash(address, key), XXH3_64bits_withSeed(address.bytes.data(), 16, key));
    ASSERT_EQ(AddressCoupon(address), CouponOf(XXH3_64bits_withSeed(address.bytes.data(), 16, kSketchSeed)));
  }
}

TEST(Hashing, PortsAreHashedAsTheLibraryDoesInNetworkOrder) {
  for (std::uint32_t port = 0; port < 65536; ++port) {
    const std::uint8_t bytes[2] = {static_cast<std::uint8_t>(port >> 8), static_cast<std::uint8_t>(port)};
    ASSERT_EQ(PortCoupon(static_cast<std::uint16_t>(port)),
              CouponOf(XXH3_64bits_withSeed(bytes, 2, kSketchSeed)));
  }
}

}  // namespace
}  // namespace hostscope::aggregator
