#include "aggregator/hashing.h"

#define XXH_INLINE_ALL
#include <gtest/gtest.h>
#include <xxhash.h>

#include <random>

#include "aggregator/hashing_pairs.h"
#include "aggregator/host_index.h"

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

Address RandomAddress(std::mt19937_64& random) {
  if (random() % 2 == 0) return Address::FromIpv4(static_cast<std::uint32_t>(random()));
  Address address;
  for (std::uint8_t& byte : address.bytes) byte = static_cast<std::uint8_t>(random());
  return address;
}

TEST(HashingPairs, GiveWhatTheHashesGiveOneByOne) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 100'000; ++i) {
    FlowRecord records[2];
    for (FlowRecord& record : records) {
      record.source = RandomAddress(random);
      record.destination = RandomAddress(random);
    }
    const std::uint64_t key = random();
    const std::size_t buckets = 1 + random() % 1'000'000;
    const AddressPairs pairs(records[0], records[1]);
    std::uint64_t hashes[4];
    HostIndex::Key keys[4];
    Coupon peers[4];
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(hashes), pairs.TableHashes(key));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(keys), HostIndex::KeysOf(pairs.TableHashes(key), buckets));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(peers), pairs.PeerCoupons());
    for (std::size_t n = 0; n < 4; ++n) {
      const FlowRecord& record = records[n / 2];
      const Address& address = n % 2 == 0 ? record.source : record.destination;
      ASSERT_EQ(hashes[n], TableHash(address, key));
      ASSERT_EQ(keys[n], HostIndex::KeyOf(hashes[n], buckets));
      ASSERT_EQ(peers[n ^ 1], AddressCoupon(address));
    }
  }
}

TEST(HashingPairs, AHashWithoutTagGivesTheKeyThatItGivesAlone) {
  for (const std::uint64_t hash : {std::uint64_t{0}, std::uint64_t{7} << 32, std::uint64_t{0xffffffff}}) {
    HostIndex::Key keys[4];
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(keys), HostIndex::KeysOf(lanes::All(hash), 1000));
    for (const HostIndex::Key key : keys) EXPECT_EQ(key, HostIndex::KeyOf(hash, 1000));
  }
}

TEST(HashingPairs, CouponsOfHashesWithEveryNumberOfLeadingZeros) {
  for (unsigned zeros = 0; zeros <= 64; ++zeros) {
    const std::uint64_t hash = zeros == 64 ? 0 : UINT64_MAX >> zeros;
    Coupon coupons[8];
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(coupons), lanes::CouponsOf(lanes::All(hash)));
    for (std::size_t n = 0; n < 8; ++n) EXPECT_EQ(coupons[n], n % 2 == 0 ? CouponOf(hash) : 0);
  }
}

TEST(HashingPairs, AllPorts) {
  for (std::uint32_t port = 0; port < 65536; ++port) {
    FlowRecord records[2];
    for (std::uint32_t n = 0; n < 4; ++n) {
      FlowRecord& record = records[n / 2];
      (n % 2 == 0 ? record.source_port : record.destination_port) = static_cast<std::uint16_t>(port + n);
    }
    Coupon coupons[4];
    _mm_storeu_si128(reinterpret_cast<__m128i*>(coupons), PortCoupons(records[0], records[1]));
    for (std::uint32_t n = 0; n < 4; ++n) {
      ASSERT_EQ(coupons[n], PortCoupon(static_cast<std::uint16_t>(port + n)));
    }
  }
}

}  // namespace
}  // namespace hostscope::aggregator
