#include "ipfix/registry/registry.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>

#include "ipfix/meaning.h"

namespace hostscope::ipfix {
namespace {

TEST(Registry, KnowsIanasElements) {
  const InformationElement* octets = Find(0, 1);
  ASSERT_NE(octets, nullptr);
  EXPECT_EQ(octets->name, "octetDeltaCount");
  EXPECT_EQ(octets->type, AbstractDataType::kUnsigned64);
  EXPECT_EQ(octets->semantics, DataTypeSemantics::kDeltaCounter);

  const InformationElement* address = Find(0, 27);
  ASSERT_NE(address, nullptr);
  EXPECT_EQ(address->name, "sourceIPv6Address");
  EXPECT_EQ(address->type, AbstractDataType::kIpv6Address);

  const InformationElement* flags = Find(0, 6);
  ASSERT_NE(flags, nullptr);
  EXPECT_EQ(flags->semantics, DataTypeSemantics::kFlags);
}

TEST(Registry, KnowsNothingOfUnassignedAndReservedElements) {
  EXPECT_EQ(Find(0, 0), nullptr);
  EXPECT_EQ(Find(0, 105), nullptr) << "assigned for NetFlow v9 compatibility, without a definition";
  EXPECT_EQ(Find(0, 32767), nullptr);
  EXPECT_EQ(Find(4294967295U, 65535), nullptr);
  EXPECT_EQ(Find(35632, 1), nullptr);
}

TEST(Registry, KnowsVendorsElements) {
  const InformationElement* union_flags = Find(6871, 15);
  ASSERT_NE(union_flags, nullptr);
  EXPECT_EQ(union_flags->name, "unionTCPFlags");

  const InformationElement* untunneled = Find(35632, 114);
  ASSERT_NE(untunneled, nullptr);
  EXPECT_EQ(untunneled->type, AbstractDataType::kIpv4Address);
}

TEST(Registry, KnowsVendorsTypesOfNetflow9ByTheirSixteenBitId) {
  const InformationElement* event = Find(0, 40005);
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(event->name, "asaFirewallEvent");

  const InformationElement* v9 = Find(0, 57586);
  const InformationElement* ipfix = Find(35632, 114);
  ASSERT_NE(v9, nullptr);
  ASSERT_NE(ipfix, nullptr);
  EXPECT_EQ(v9->name, ipfix->name);
}

TEST(Registry, ReverseElementHasTheTypeOfItsForwardCounterpart) {
  EXPECT_EQ(Find(kReverseEnterprise, 2), Find(0, 2));
  EXPECT_EQ(Find(kCertEnterprise, kCertReverseBit | 14), Find(kCertEnterprise, 14));
}

TEST(Registry, ElementsOfNoDirectionHaveNoReverse) {
  constexpr std::uint16_t kNoDirection[] = {41, 130, 137, 145, 148, 149, 163, 173, 210, 239};
  for (const std::uint16_t id : kNoDirection) {
    ASSERT_NE(Find(0, id), nullptr) << id;
    EXPECT_EQ(Find(kReverseEnterprise, id), nullptr) << id;
  }
}

TEST(Registry, FindsEveryElementOfTheTableAndNoOther) {
  std::set<std::pair<std::uint32_t, std::uint16_t>> keys;
  for (const InformationElement& element : AllElements()) {
    EXPECT_TRUE(keys.emplace(element.enterprise, element.id).second) << element.name;
    EXPECT_EQ(Find(element.enterprise, element.id), &element) << element.name;
  }
  for (unsigned id = 0; id <= 0xffff; ++id) {
    const auto element = static_cast<std::uint16_t>(id);
    EXPECT_EQ(Find(0, element) != nullptr, keys.contains({0, element})) << id;
  }
}

TEST(Registry, NoVendorsNetflow9TypeHidesBehindIanasNumbers) {
  for (const InformationElement& element : AllElements()) {
    EXPECT_TRUE(element.enterprise != 0 || element.id < 600 || element.id >= 0x8000) << element.name;
  }
}

// The hand-written part (meaning.cpp) may only name elements that some registry defines.
TEST(Registry, HoldsEveryElementThatHasAMeaning) {
  for (const std::uint32_t enterprise : {0U, kReverseEnterprise, kCertEnterprise}) {
    for (unsigned id = 0; id <= 0xffff; ++id) {
      const FieldSpecifier field{enterprise, static_cast<std::uint16_t>(id), 4};
      const bool has_meaning = MeaningOf(field) != Meaning::kNone;
      EXPECT_TRUE(!has_meaning || Find(enterprise, field.element) != nullptr) << enterprise << '/' << id;
    }
  }
}

TEST(Registry, NoOtherVendorsElementHasAMeaning) {
  for (const InformationElement& element : AllElements()) {
    if (element.enterprise == 0 || element.enterprise == kCertEnterprise) continue;
    EXPECT_EQ(MeaningOf({element.enterprise, element.id, 4}), Meaning::kNone) << element.name;
  }
}

}  // namespace
}  // namespace hostscope::ipfix
