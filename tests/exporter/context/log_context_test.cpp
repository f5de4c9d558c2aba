#include "exporter/context/log_context.h"

#include <gmock/gmock.h>

#include "exporter/encoding/address_text.h"

namespace hostscope::context {
namespace {

const AttributeMapping kName{"name", "n", Keep::kLast};
const AttributeMapping kUsers{"users", "u", Keep::kCount, 3};
const AttributeMapping kEvents{"events", "e", Keep::kList, 2};

LogMessage Message(const std::string& host, const AttributeMapping& mapping, std::string value) {
  return {*exporter::ParseAddress(host), {{&mapping, std::move(value)}}};
}
std::string Known(const LogContext& context, const char* host) {
  const Attributes* found = context.Find(*exporter::ParseAddress(host));
  return found == nullptr ? "" : JsonOf(*found);
}

TEST(LogContext, KeepsTheLastACountAndAList) {
  LogContext context({}, 0);
  for (const char* name : {"old", "new"}) context.Apply(Message("10.0.0.1", kName, name), 0);
  for (const char* user : {"eve", "bob", "bob"}) context.Apply(Message("10.0.0.1", kUsers, user), 0);
  for (const char* event : {"1", "2", "3"}) context.Apply(Message("10.0.0.1", kEvents, event), 0);
  EXPECT_EQ(Known(context, "10.0.0.1"), R"({"events":["3","2"],"name":"new","users":{"bob":2,"eve":1}})");
  EXPECT_EQ(Known(context, "10.0.0.2"), "");
}

TEST(LogContext, AFloodOfKeysDoesNotDriveOutTheCommonOnes) {
  LogContext context({}, 0);
  for (int i = 0; i < 2000; ++i) context.Apply(Message("10.0.0.1", kUsers, "bob"), 0);
  for (int i = 0; i < 1000; ++i) context.Apply(Message("10.0.0.1", kUsers, "guess" + std::to_string(i)), 0);
  const auto& counts = std::get<Counts>(context.Find(*exporter::ParseAddress("10.0.0.1"))->at("users"));
  ASSERT_EQ(counts.size(), 3U);
  EXPECT_EQ(counts[0], std::pair(std::string("bob"), std::uint64_t{2000}));
}

TEST(LogContext, WhatWouldGoBeyondTheLimitsChangesNothing) {
  Limits limits;
  limits.hosts = 2;
  limits.attributes = 2;
  limits.bytes = 2000;
  LogContext context(limits, 0);
  EXPECT_EQ(context.Apply(Message("10.0.0.1", kName, "a"), 0), LogOutcome::kApplied);
  EXPECT_EQ(context.Apply(Message("10.0.0.2", kName, "b"), 0), LogOutcome::kApplied);
  EXPECT_EQ(context.Apply(Message("10.0.0.3", kName, "c"), 0), LogOutcome::kHostsFull);
  EXPECT_EQ(context.Apply(Message("10.0.0.1", kUsers, "u"), 0), LogOutcome::kApplied);
  EXPECT_EQ(context.Apply(Message("10.0.0.1", kEvents, "e"), 0), LogOutcome::kAttributesFull);
  const std::size_t before = context.bytes();
  EXPECT_EQ(context.Apply(Message("10.0.0.2", kName, std::string(2000, 'x')), 0), LogOutcome::kBytesFull);
  EXPECT_EQ(context.bytes(), before);
  EXPECT_EQ(Known(context, "10.0.0.1"), R"({"name":"a","users":{"u":1}})");
  EXPECT_EQ(Known(context, "10.0.0.2"), R"({"name":"b"})");
}

TEST(LogContext, ForgetsHostsOfWhichNothingIsTold) {
  LogContext context({}, 100);
  context.Apply(Message("10.0.0.1", kName, "a"), 0);
  context.Apply(Message("10.0.0.2", kName, "b"), 50);
  EXPECT_EQ(context.Forget(100), 0U);
  EXPECT_EQ(context.Forget(101), 1U);
  EXPECT_EQ(Known(context, "10.0.0.1"), "");
  EXPECT_EQ(context.Forget(151), 1U);
  EXPECT_EQ(context.size(), 0U);
  EXPECT_EQ(context.bytes(), 0U);
  // What says that it is old keeps nothing longer, and lets go of nothing earlier.
  LogContext late({}, 100);
  late.Apply(Message("10.0.0.1", kName, "a"), 500);
  late.Apply(Message("10.0.0.1", kUsers, "u"), 1);
  EXPECT_EQ(late.Forget(600), 0U);
  EXPECT_EQ(late.Forget(601), 1U);
  LogContext forever({}, 0);
  forever.Apply(Message("10.0.0.1", kName, "a"), 0);
  EXPECT_EQ(forever.Forget(INT64_MAX), 0U);
}

}  // namespace
}  // namespace hostscope::context
