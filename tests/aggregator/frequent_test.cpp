#include "aggregator/frequent.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <type_traits>
#include <utility>
#include <vector>

#include "tests/aggregator/naive_reference.h"

namespace hostscope::aggregator {
namespace {

/// A summary with its memory, which starts with rubbish, as a used table's does.
template <typename Summary>
class Box {
 public:
  explicit Box(std::size_t k) : k_(k), heads_(k), lines_(Summary::BytesFor(k) / sizeof(Line)) {
    for (Line& line : lines_) line.bytes.fill(std::byte{0xa5});
    Clear();
  }
  Summary view() const {
    auto* block = const_cast<std::byte*>(lines_.front().bytes.data());
    if constexpr (std::is_same_v<Summary, PeerSummary>) {
      return PeerSummary(block, const_cast<AddressHead*>(heads_.data()), k_);
    } else {
      return PortSummary(block, k_);
    }
  }
  void Clear() { view().header() = {}; }
  std::uint64_t error() const { return view().header().error; }
  std::size_t capacity() const { return k_; }
  /// What is held, with lower bounds.
  std::map<typename Summary::Member, std::uint64_t> Held() const {
    std::map<typename Summary::Member, std::uint64_t> held;
    const Summary summary = view();
    for (std::uint32_t i = 0; i < summary.header().used; ++i)
      held[summary.At(i)] = summary.counts()[i] - error();
    EXPECT_EQ(held.size(), summary.header().used) << "a member is held twice";
    return held;
  }

 private:
  struct alignas(64) Line {
    std::array<std::byte, 64> bytes;
  };
  std::size_t k_;
  std::vector<AddressHead> heads_;
  std::vector<Line> lines_;
};

template <typename Member>
Member MemberOf(std::uint32_t n);
template <>
std::uint16_t MemberOf(std::uint32_t n) {
  return static_cast<std::uint16_t>(n * 40503U);
}
/// Every third is IPv6, and some IPv6 addresses differ from each other, or from an IPv4 one, in their heads
/// only.
template <>
Address MemberOf(std::uint32_t n) {
  Address address = naive::HostAddress(n / 3 * 3, n % 3 != 0);
  if (n % 3 == 2) address.bytes[2] = 0xff;
  std::fill(address.bytes.begin() + 12, address.bytes.end(), std::uint8_t{0});
  address.bytes[14] = static_cast<std::uint8_t>(n / 3 >> 8);
  address.bytes[15] = static_cast<std::uint8_t>(n / 3);
  return address;
}

template <typename Member>
struct Exact {
  std::map<Member, std::uint64_t> weight;
  std::uint64_t total = 0;
};

template <typename Summary>
void ExpectWithinBound(const Box<Summary>& box, const Exact<typename Summary::Member>& exact) {
  const auto held = box.Held();
  ASSERT_LE(held.size(), box.capacity());
  std::uint64_t sum = 0;
  for (const auto& [member, lower] : held) {
    ASSERT_GT(lower, 0U);
    ASSERT_TRUE(exact.weight.contains(member)) << "a member that was never counted";
    ASSERT_LE(lower, exact.weight.at(member));
    sum += lower;
  }
  for (const auto& [member, weight] : exact.weight) {
    const auto at = held.find(member);
    ASSERT_LE(weight, (at == held.end() ? 0 : at->second) + box.error());
  }
  ASSERT_LE((box.capacity() + 1) * box.error() + sum, exact.total);
  if (exact.weight.size() <= box.capacity()) {
    ASSERT_EQ(box.error(), 0U);
    ASSERT_EQ(held, exact.weight);
  }
}

template <typename Summary>
class FrequentTest : public ::testing::Test {};
using Summaries = ::testing::Types<PeerSummary, PortSummary>;
TYPED_TEST_SUITE(FrequentTest, Summaries);

template <typename Summary>
std::vector<std::size_t> Capacities() {
  if (std::is_same_v<Summary, PeerSummary>) return {8, 24, 40, 56};
  return {16, 48};
}

TYPED_TEST(FrequentTest, ExactWhileAllFit) {
  using Member = typename TypeParam::Member;
  for (const std::size_t k : Capacities<TypeParam>()) {
    Box<TypeParam> box(k);
    Exact<Member> exact;
    std::mt19937_64 random(k);
    for (int i = 0; i < 10'000; ++i) {
      const auto member = MemberOf<Member>(static_cast<std::uint32_t>(random() % k));
      const std::uint64_t weight = random() % 100'000;
      Add(box.view(), member, weight);
      if (weight != 0) exact.weight[member] += weight;
      exact.total += weight;
    }
    EXPECT_EQ(exact.weight.size(), k);
    ExpectWithinBound(box, exact);
  }
}

TYPED_TEST(FrequentTest, ANewcomerToAFullSummaryTakesFromAll) {
  using Member = typename TypeParam::Member;
  const std::size_t k = Capacities<TypeParam>().front();
  const auto member = [](std::size_t n) { return MemberOf<Member>(static_cast<std::uint32_t>(n)); };
  Box<TypeParam> box(k);
  for (std::size_t n = 0; n < k; ++n) Add(box.view(), member(n), n == 0 ? 5 : 10);

  Add(box.view(), member(100), 2);  // 5 - 2 and 10 - 2 remain, and nothing of the newcomer
  EXPECT_EQ(box.error(), 2U);
  EXPECT_EQ(box.Held().at(member(0)), 3U);
  EXPECT_EQ(box.Held().at(member(1)), 8U);
  EXPECT_FALSE(box.Held().contains(member(100)));

  Add(box.view(), member(101), 7);  // 3 from each: the first goes, 4 of the newcomer remain
  EXPECT_EQ(box.error(), 5U);
  EXPECT_FALSE(box.Held().contains(member(0)));
  EXPECT_EQ(box.Held().at(member(1)), 5U);
  EXPECT_EQ(box.Held().at(member(101)), 4U);

  Add(box.view(), member(102), 4);  // equal to the smallest: both go
  EXPECT_EQ(box.error(), 9U);
  EXPECT_EQ(box.Held().size(), k - 1);
  EXPECT_EQ(box.Held().at(member(1)), 1U);
}

TYPED_TEST(FrequentTest, UnionTakesTheFirstThatDoesNotFitFromAll) {
  using Member = typename TypeParam::Member;
  const auto k = static_cast<std::uint32_t>(Capacities<TypeParam>().front());
  Box<TypeParam> a(k);
  Box<TypeParam> b(k);
  for (std::uint32_t n = 0; n < k; ++n) {
    Add(a.view(), MemberOf<Member>(n), 100 + n);
    Add(b.view(), MemberOf<Member>(n + 4), n < k - 4 ? 10U : n);
  }
  // k + 4 members: of the first four only `a` knows, of the last four only `b`, whose counts are k - 4 and
  // up.
  UniteSummaries(a.view(), b.view());
  EXPECT_EQ(a.error(), k - 1U) << "the largest of the last four, which is the (k + 1)-th";
  const auto held = a.Held();
  EXPECT_EQ(held.size(), k);
  EXPECT_EQ(held.at(MemberOf<Member>(0)), 100 - (k - 1));
  EXPECT_EQ(held.at(MemberOf<Member>(4)), 114 - (k - 1));
}

/// Weighted streams of several shapes; the last is made to push out as much as can be.
template <typename Member>
std::vector<std::pair<Member, std::uint64_t>> StreamOf(int shape, std::size_t k, std::mt19937_64& random) {
  std::vector<std::pair<Member, std::uint64_t>> stream;
  const std::size_t length = 500 + random() % 2500;
  for (std::size_t i = 0; i < length; ++i) {
    std::uint64_t n = 0;
    std::uint64_t weight = 1;
    switch (shape) {
      case 0:  // few have nearly all
        n = (random() % 1000) * (random() % 1000) * (random() % 1000) / 3'000'000;
        break;
      case 1:  // all alike, any weight
        n = random() % 300;
        weight = random() % 2000;
        break;
      case 2:  // one more member than fits, in turn
        n = i % (k + 1);
        break;
      case 3:  // weights that grow: each newcomer pushes out the smallest
        n = i % 2000;
        weight = 1 + i;
        break;
      default:  // a heavy one among ever new ones
        n = i % 4 == 0 ? 7 : 1000 + i;
        weight = 1 + random() % 3;
    }
    stream.emplace_back(MemberOf<Member>(static_cast<std::uint32_t>(n % 6000)), weight);
  }
  return stream;
}

TYPED_TEST(FrequentTest, BoundHoldsForAnyStreamSplitAndOrderOfUnions) {
  using Member = typename TypeParam::Member;
  for (const std::size_t k : Capacities<TypeParam>()) {
    for (int round = 0; round < 40; ++round) {
      std::mt19937_64 random(static_cast<std::uint64_t>(round) * 1000 + k);
      std::vector<Box<TypeParam>> parts(1 + random() % 9, Box<TypeParam>(k));
      Exact<Member> exact;
      for (const auto& [member, weight] : StreamOf<Member>(round % 5, k, random)) {
        Add(parts[random() % parts.size()].view(), member, weight);
        if (weight != 0) exact.weight[member] += weight;
        exact.total += weight;
      }
      while (parts.size() > 1) {
        const std::size_t to = random() % parts.size();
        const std::size_t from = (to + 1 + random() % (parts.size() - 1)) % parts.size();
        UniteSummaries(parts[to].view(), parts[from].view());
        parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(from));
      }
      ASSERT_NO_FATAL_FAILURE(ExpectWithinBound(parts.front(), exact)) << "k " << k << ", round " << round;
    }
  }
}

TYPED_TEST(FrequentTest, UnionIsTheSameFromEitherSide) {
  using Member = typename TypeParam::Member;
  for (const std::size_t k : Capacities<TypeParam>()) {
    for (int round = 0; round < 20; ++round) {
      std::mt19937_64 random(static_cast<std::uint64_t>(round) + k);
      Box<TypeParam> a(k);
      Box<TypeParam> b(k);
      for (const auto& [member, weight] : StreamOf<Member>(round % 5, k, random))
        Add((random() % 3 == 0 ? a : b).view(), member, weight);
      Box<TypeParam> a_and_b = a;
      Box<TypeParam> b_and_a = b;
      UniteSummaries(a_and_b.view(), b.view());
      UniteSummaries(b_and_a.view(), a.view());
      EXPECT_EQ(a_and_b.Held(), b_and_a.Held());
      EXPECT_EQ(a_and_b.error(), b_and_a.error());
    }
  }
}

TYPED_TEST(FrequentTest, WhatWasThereBeforeIsForgotten) {
  using Member = typename TypeParam::Member;
  const std::size_t k = Capacities<TypeParam>().back();
  Box<TypeParam> box(k);
  for (std::uint32_t n = 0; n < 3 * k; ++n) Add(box.view(), MemberOf<Member>(n), n + 1);
  box.Clear();
  EXPECT_TRUE(box.Held().empty());
  Exact<Member> exact;
  for (std::uint32_t n = 0; n < 5; ++n) {
    Add(box.view(), MemberOf<Member>(n), 3);
    exact.weight[MemberOf<Member>(n)] = 3;
    exact.total += 3;
  }
  ExpectWithinBound(box, exact);
}

TYPED_TEST(FrequentTest, AnEmptySummaryUnitesWithAny) {
  using Member = typename TypeParam::Member;
  const std::size_t k = Capacities<TypeParam>().front();
  Box<TypeParam> full(k);
  for (std::uint32_t n = 0; n < 3 * k; ++n) Add(full.view(), MemberOf<Member>(n), n + 1);
  Box<TypeParam> empty(k);
  UniteSummaries(empty.view(), full.view());
  EXPECT_EQ(empty.Held(), full.Held());
  EXPECT_EQ(empty.error(), full.error());
  UniteSummaries(full.view(), Box<TypeParam>(k).view());
  EXPECT_EQ(empty.Held(), full.Held());
}

TYPED_TEST(FrequentTest, SumsBeyond64BitsStayWithinTheirMemory) {
  using Member = typename TypeParam::Member;
  for (const std::size_t k : Capacities<TypeParam>()) {
    std::mt19937_64 random(k);
    std::vector<Box<TypeParam>> boxes(2, Box<TypeParam>(k));
    for (std::size_t i = 0; i < 20'000; ++i) {
      const auto member = MemberOf<Member>(static_cast<std::uint32_t>(random() % (2 * k)));
      Add(boxes[i % 2].view(), member, random() >> random() % 64);
      if (random() % 500 == 0) UniteSummaries(boxes[0].view(), boxes[1].view());
      ASSERT_LE(boxes[0].Held().size(), k);
      ASSERT_LE(boxes[1].Held().size(), k);
    }
  }
}

TEST(PeerSummary, TellsAddressesApartThatEndAlike) {
  Box<PeerSummary> box(8);
  Address v6 = naive::HostAddress(1, true);
  Address v4 = naive::HostAddress(1, false);
  std::copy(v4.bytes.begin() + 12, v4.bytes.end(), v6.bytes.begin() + 12);
  Address other = v6;
  other.bytes[0] = 0x30;
  Add(box.view(), v6, 1);
  Add(box.view(), v4, 2);
  Add(box.view(), other, 4);
  Add(box.view(), v6, 8);
  const std::map<Address, std::uint64_t> expected{{v6, 9}, {v4, 2}, {other, 4}};
  EXPECT_EQ(box.Held(), expected);
}

TEST(PortSummary, KnowsPortZero) {
  Box<PortSummary> box(16);
  EXPECT_EQ(box.view().Find(0), kNotHeld);
  Add(box.view(), 0, 3);
  Add(box.view(), 0, 3);
  EXPECT_EQ(box.Held().at(0), 6U);
}

}  // namespace
}  // namespace hostscope::aggregator
