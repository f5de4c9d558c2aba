#include "aggregator/sketch_bytes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <random>
#include <vector>

#include "aggregator/distinct.h"

namespace hostscope::aggregator {
namespace {

using Bytes = std::vector<std::uint8_t>;
constexpr std::size_t kPoolBytes = 1 << 20;
constexpr std::uint8_t kListOfHll8 = 0x08;
constexpr std::uint8_t kSetOfHll8 = 0x09;
constexpr std::uint8_t kDenseOfHll8 = 0x0a;

struct Peers {
  SketchState state = 0;
  PeerList list{};
  SketchPool pool{kPoolBytes};

  explicit Peers(std::uint32_t count) {
    for (std::uint32_t n = 1; n <= count; ++n)
      AddPeer(state, list, AddressCoupon(Address::FromIpv4(n)), pool);
  }
  Bytes Written() const {
    Bytes bytes(kMaxSketchBytes);
    bytes.resize(WriteSketch(state, list, pool, bytes.data()));
    return bytes;
  }
};

SketchBytes Read(const Bytes& bytes, Sketch& sketch) {
  // In memory of exactly this size, so that the address sanitizer sees a byte too many.
  const auto copy = std::make_unique<std::uint8_t[]>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), copy.get());
  return ReadSketch({copy.get(), bytes.size()}, sketch);
}
SketchBytes Read(const Bytes& bytes) {
  Sketch sketch;
  return Read(bytes, sketch);
}

std::uint32_t Number(const Bytes& bytes, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, &bytes.at(at), sizeof(value));
  return value;
}

double Double(const Bytes& bytes, std::size_t at) {
  double value = 0;
  std::memcpy(&value, &bytes.at(at), sizeof(value));
  return value;
}

TEST(SketchBytes, EmptyListSetAndDenseAreLaidOutAsPublished) {
  EXPECT_EQ(Peers(0).Written(), (Bytes{2, 1, 7, 12, 3, 4 | 8, 0, kListOfHll8}));

  const Bytes list = Peers(7).Written();
  EXPECT_EQ(Bytes(list.begin(), list.begin() + 8), (Bytes{2, 1, 7, 12, 3, 8, 7, kListOfHll8}));
  EXPECT_EQ(list.size(), 8 + 7 * 4U);

  // Ours is still a list with eight, theirs is not.
  for (const auto& [members, lg_places] :
       {std::pair{8U, 5}, {24U, 5}, {25U, 6}, {192U, 8}, {193U, 9}, {384U, 9}}) {
    const Bytes set = Peers(members).Written();
    EXPECT_EQ(Bytes(set.begin(), set.begin() + 8),
              (Bytes{3, 1, 7, 12, static_cast<std::uint8_t>(lg_places), 8, 0, kSetOfHll8}));
    EXPECT_EQ(Number(set, 8), members);
    EXPECT_EQ(set.size(), 12 + members * 4U);
  }

  const Bytes dense = Peers(385).Written();
  EXPECT_EQ(Bytes(dense.begin(), dense.begin() + 8), (Bytes{10, 1, 7, 12, 0, 16, 0, kDenseOfHll8}));
  EXPECT_EQ(dense.size(), kMaxSketchBytes);
  EXPECT_EQ(Double(dense, 8), 0.0);
  const auto zeros = static_cast<std::uint32_t>(std::count(dense.begin() + 40, dense.end(), 0));
  EXPECT_EQ(Number(dense, 32), zeros);
  EXPECT_EQ(Number(dense, 36), 0U);
}

TEST(SketchBytes, SumsOfDenseAreExact) {
  std::array<std::uint8_t, kRegisters> registers{};
  registers[0] = 1;
  registers[1] = 31;
  registers[4094] = 32;
  registers[4095] = kMaxCouponValue;
  Bytes bytes(kMaxSketchBytes);
  EXPECT_EQ(WriteRegisters(registers, bytes.data()), kMaxSketchBytes);
  EXPECT_EQ(Double(bytes, 16), 4092 + 0.5 + 0x1p-31);
  EXPECT_EQ(Double(bytes, 24), 0x1p-32 + 0x1p-39);
  EXPECT_EQ(Number(bytes, 32), 4092U);
}

TEST(SketchBytes, WhatIsWrittenReadsBack) {
  for (const std::uint32_t members : {0U, 1U, 7U, 8U, 9U, 24U, 100U, 384U, 385U, 3000U, 100'000U}) {
    const Peers peers(members);
    Sketch sketch;
    ASSERT_EQ(Read(peers.Written(), sketch), SketchBytes::kGood) << members;
    EXPECT_EQ(sketch, CopySketch(peers.state, peers.list, peers.pool)) << members;
    EXPECT_EQ(Estimate(sketch), Estimate(peers.state, peers.list, peers.pool)) << members;
  }
}

TEST(SketchBytes, TheOrderOfMembersDoesNotShow) {
  std::vector<std::uint32_t> members(300);
  for (std::uint32_t n = 0; n < members.size(); ++n) members[n] = n + 1;
  std::shuffle(members.begin(), members.end(), std::mt19937(5));
  Peers shuffled(0);
  for (const std::uint32_t n : members) {
    AddPeer(shuffled.state, shuffled.list, AddressCoupon(Address::FromIpv4(n)), shuffled.pool);
  }
  EXPECT_EQ(shuffled.Written(), Peers(300).Written());
}

TEST(SketchBytes, PortsBecomeCoupons) {
  alignas(16) PortList list{};
  SketchState state = 0;
  SketchPool pool(kPoolBytes);
  for (const std::uint16_t port : std::initializer_list<std::uint16_t>{443, 0, 53})
    AddPort(state, list, port, PortCoupon(port), pool);
  Bytes bytes(kMaxSketchBytes);
  bytes.resize(WriteSketch(state, list, pool, bytes.data()));
  Sketch sketch;
  ASSERT_EQ(Read(bytes, sketch), SketchBytes::kGood);
  std::vector<std::uint32_t> expected{PortCoupon(443), PortCoupon(0), PortCoupon(53)};
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(sketch.coupons, expected);
}

TEST(SketchBytes, OfANumberThereIsNone) {
  const Peers many(100);
  Peers few(1);
  SketchPool none(0);
  UniteDistinct(few.state, few.list, none, many.state, many.list, many.pool);
  Bytes bytes(kMaxSketchBytes);
  EXPECT_EQ(WriteSketch(few.state, few.list, none, bytes.data()), 0U);
}

struct Change {
  std::size_t at;
  std::uint8_t value;
  SketchBytes outcome;
};

void ExpectRefusals(const Bytes& good, std::initializer_list<Change> changes) {
  ASSERT_EQ(Read(good), SketchBytes::kGood);
  for (const Change& change : changes) {
    Bytes bytes = good;
    bytes.at(change.at) = change.value;
    Sketch sketch{.coupons = {1, 2, 3}};
    EXPECT_EQ(Read(bytes, sketch), change.outcome) << change.at << ": " << unsigned{change.value};
    EXPECT_EQ(sketch, (Sketch{.coupons = {1, 2, 3}})) << "changed";
  }
}

TEST(SketchBytes, WrongPreamblesAreRefused) {
  const std::initializer_list<Change> everywhere{
      {1, 2, SketchBytes::kVersion},    {2, 8, SketchBytes::kFamily},
      {3, 11, SketchBytes::kLgK},       {0, 4, SketchBytes::kPreamble},
      {7, 3 | 8, SketchBytes::kMode},   {7, kListOfHll8 & 3, SketchBytes::kType},
      {7, 0x18, SketchBytes::kType},    {5, 8 | 1, SketchBytes::kFlags},
      {5, 8 | 64, SketchBytes::kFlags}, {5, 8 | 4, SketchBytes::kFlags},
  };
  for (const std::uint32_t members : {3U, 30U, 1000U}) ExpectRefusals(Peers(members).Written(), everywhere);
  ExpectRefusals(Peers(3).Written(), {{5, 0, SketchBytes::kFlags},
                                      {6, 8, SketchBytes::kCount},
                                      {6, 2, SketchBytes::kTooLong},
                                      {6, 4, SketchBytes::kTruncated},
                                      {7, kSetOfHll8, SketchBytes::kPreamble},
                                      {11, 0, SketchBytes::kCoupon},
                                      {11, (kMaxCouponValue + 1) << 2, SketchBytes::kCoupon}});
  ExpectRefusals(Peers(0).Written(), {{5, 8, SketchBytes::kFlags}});
  ExpectRefusals(Peers(30).Written(), {{5, 0, SketchBytes::kFlags},
                                       {8, 31, SketchBytes::kTruncated},
                                       {8, 29, SketchBytes::kTooLong},
                                       {11, 0xff, SketchBytes::kCount},
                                       {9, 2, SketchBytes::kCount}});
  ExpectRefusals(Peers(1000).Written(), {{40, kMaxCouponValue + 1, SketchBytes::kRegister},
                                         {kMaxSketchBytes - 1, 255, SketchBytes::kRegister}});
}

TEST(SketchBytes, ACouponTwiceIsRefused) {
  Bytes bytes = Peers(5).Written();
  std::copy_n(bytes.begin() + 8, 4, bytes.begin() + 20);
  EXPECT_EQ(Read(bytes), SketchBytes::kRepeatedCoupon);
}

TEST(SketchBytes, EveryLengthButTheRightOneIsRefused) {
  for (const std::uint32_t members : {0U, 5U, 50U, 500U}) {
    const Bytes good = Peers(members).Written();
    for (std::size_t length = 0; length < good.size(); ++length) {
      ASSERT_EQ(Read(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(length))),
                SketchBytes::kTruncated);
    }
    Bytes longer = good;
    longer.push_back(0);
    EXPECT_EQ(Read(longer), SketchBytes::kTooLong);
  }
}

TEST(SketchBytes, StaleSumsAndAnyOrderOfCouponsAreRead) {
  Bytes dense = Peers(1000).Written();
  Sketch expected;
  ASSERT_EQ(Read(dense, expected), SketchBytes::kGood);
  dense[5] = 8 | 16 | 32;
  dense[6] = 1;
  std::fill(dense.begin() + 8, dense.begin() + 40, std::uint8_t{0xff});
  Sketch sketch;
  ASSERT_EQ(Read(dense, sketch), SketchBytes::kGood);
  EXPECT_EQ(sketch, expected);

  Bytes set = Peers(20).Written();
  ASSERT_EQ(Read(set, expected), SketchBytes::kGood);
  std::rotate(set.begin() + 12, set.begin() + 12 + 4 * 7, set.end());
  ASSERT_EQ(Read(set, sketch), SketchBytes::kGood);
  EXPECT_EQ(sketch, expected);
}

TEST(SketchBytes, EveryOutcomeHasAName) {
  for (unsigned outcome = 0; outcome <= static_cast<unsigned>(SketchBytes::kRegister); ++outcome) {
    EXPECT_FALSE(NameOf(static_cast<SketchBytes>(outcome)).empty());
  }
}

/// Sketches with some bytes changed, cut or added: whatever is accepted holds what a sketch may hold, and
/// writes and reads as itself.
TEST(SketchBytes, HostileBytesAreRefusedOrMakeASketch) {
  std::mt19937_64 random(17);
  std::vector<Bytes> seeds;
  for (const std::uint32_t members : {0U, 3U, 7U, 8U, 60U, 384U, 385U})
    seeds.push_back(Peers(members).Written());
  constexpr int kRuns = 200'000;
  int accepted = 0;
  for (int run = 0; run < kRuns; ++run) {
    Bytes bytes = seeds[random() % seeds.size()];
    for (std::uint64_t changes = random() % 4; changes > 0; --changes) {
      const std::size_t reach = random() % 2 == 0 ? std::min<std::size_t>(bytes.size(), 16) : bytes.size();
      bytes[random() % reach] = static_cast<std::uint8_t>(random() >> (random() % 56));
    }
    if (random() % 8 == 0) bytes.resize(random() % (bytes.size() + 8));
    Sketch sketch;
    if (Read(bytes, sketch) != SketchBytes::kGood) continue;
    ++accepted;
    ASSERT_TRUE(sketch.registers.empty() ||
                (sketch.registers.size() == kRegisters && sketch.coupons.empty()));
    ASSERT_LE(sketch.coupons.size(), 384U);
    Bytes again(kMaxSketchBytes);
    again.resize(
        sketch.registers.empty()
            ? WriteCoupons(sketch.coupons, again.data())
            : WriteRegisters(std::span<const std::uint8_t, kRegisters>(sketch.registers), again.data()));
    Sketch reread;
    ASSERT_EQ(Read(again, reread), SketchBytes::kGood);
    ASSERT_EQ(reread, sketch);
    ASSERT_LT(Estimate(sketch), std::uint64_t{1} << 62);
  }
  EXPECT_GT(accepted, kRuns / 20);
  EXPECT_LT(accepted, kRuns / 10 * 9);
}

}  // namespace
}  // namespace hostscope::aggregator
