#include "app/state/exporter_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ipfix/template_reader.h"
#include "tests/ipfix/message_builder.h"

namespace hostscope::app {
namespace {

using ipfix::test::AddressOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ipfix::RememberedTemplate TemplateOf(std::uint16_t id, std::int64_t received,
                                     const std::string& address = "2001:db8::1") {
  ipfix::RememberedTemplate known;
  known.notice.address = AddressOf(address);
  known.notice.port = 2055;
  known.notice.domain = 7;
  known.notice.id = id;
  known.notice.syntax = ipfix::TemplateSyntax::kIpfixOptions;
  known.notice.received.ns = received;
  known.record = {1, 0, 0, 1, 0, 8, 0, static_cast<std::uint8_t>(id)};
  return known;
}

ipfix::RememberedRate RateOf(std::uint64_t selector, std::uint32_t population) {
  return {.address = AddressOf("192.0.2.1"),
          .domain = 3,
          .has_selector = true,
          .selector = selector,
          .rate = {population, 1},
          .received = {5}};
}

ExporterState Filled() {
  ExporterState state(100, 100);
  for (std::uint16_t id = 256; id < 260; ++id) state.Note(TemplateOf(id, id));
  state.Note(RateOf(1, 100));
  state.Note(RateOf(2, 1000));
  return state;
}

TEST(ExporterStateTest, AFileHasAllOfIt) {
  ExporterState state(100, 100);
  ASSERT_THAT(state.Decode(Filled().Encode()), IsEmpty());
  EXPECT_EQ(state.templates(), 4U);
  EXPECT_EQ(state.rates(), 2U);
  const auto snapshot = state.Snapshot();
  const auto templates = snapshot->TemplatesOf(AddressOf("2001:db8::1"), 2055, 7);
  ASSERT_EQ(templates.size(), 4U);
  EXPECT_EQ(templates[2].notice.received.ns, 258);
  EXPECT_EQ(templates[2].notice.id, 258);
  EXPECT_EQ(templates[2].notice.syntax, ipfix::TemplateSyntax::kIpfixOptions);
  EXPECT_EQ(templates[2].record, TemplateOf(258, 0).record);
  EXPECT_THAT(snapshot->TemplatesOf(AddressOf("2001:db8::1"), 2056, 7), IsEmpty());
  EXPECT_THAT(snapshot->TemplatesOf(AddressOf("2001:db8::1"), 2055, 8), IsEmpty());
  const auto rates = snapshot->RatesOf(AddressOf("192.0.2.1"), 3);
  ASSERT_EQ(rates.size(), 2U);
  EXPECT_EQ(rates[1].rate.population, 1000U);
  EXPECT_TRUE(rates[1].has_selector);
}

TEST(ExporterStateTest, TheSameFileAgain) {
  ExporterState state(100, 100);
  const std::string file = Filled().Encode();
  ASSERT_THAT(state.Decode(file), IsEmpty());
  EXPECT_EQ(state.Encode(), file);
}

TEST(ExporterStateTest, AnyChangedByteIsSeen) {
  const std::string file = Filled().Encode();
  for (std::size_t at = 0; at < file.size(); ++at) {
    std::string damaged = file;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    ExporterState state(100, 100);
    EXPECT_NE(state.Decode(damaged), "") << at;
    EXPECT_EQ(state.templates() + state.rates(), 0U) << at;
  }
}

TEST(ExporterStateTest, AnyShorterFileIsDamaged) {
  const std::string file = Filled().Encode();
  for (std::size_t length = 0; length < file.size(); ++length) {
    ExporterState state(100, 100);
    EXPECT_NE(state.Decode(file.substr(0, length)), "") << length;
    EXPECT_EQ(state.templates() + state.rates(), 0U) << length;
  }
}

TEST(ExporterStateTest, AnotherVersionIsNamed) {
  std::string file = Filled().Encode();
  file[8] = 9;
  ExporterState state(100, 100);
  EXPECT_THAT(state.Decode(file), HasSubstr("has version 9; this program reads version 1"));
}

TEST(ExporterStateTest, TheOldestAreForgottenBeyondItsBound) {
  ExporterState state(80, 80);
  for (std::uint16_t id = 0; id < 1000; ++id) {
    state.Note(TemplateOf(static_cast<std::uint16_t>(256 + id), id));
    ASSERT_LE(state.templates(), 80U + 10);
  }
  state.Note(TemplateOf(256, 0));
  const auto snapshot = state.Snapshot();
  const auto templates = snapshot->TemplatesOf(AddressOf("2001:db8::1"), 2055, 7);
  EXPECT_EQ(templates.back().notice.id, 1255);
  EXPECT_GE(templates.size(), 80U);
}

TEST(ExporterStateTest, ALaterTemplateReplacesTheOne) {
  ExporterState state(10, 10);
  state.Note(TemplateOf(256, 1));
  ipfix::RememberedTemplate other = TemplateOf(256, 2);
  other.record.push_back(9);
  state.Note(other);
  EXPECT_EQ(state.templates(), 1U);
  EXPECT_EQ(state.Snapshot()->TemplatesOf(AddressOf("2001:db8::1"), 2055, 7)[0].record, other.record);
}

}  // namespace
}  // namespace hostscope::app
