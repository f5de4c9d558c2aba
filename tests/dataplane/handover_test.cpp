#include "dataplane/handover.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "aggregator/network_set.h"

namespace hostscope::dataplane {
namespace {

using aggregator::HostTable;
using aggregator::NetworkSet;
using aggregator::WindowPart;

class HandoverTest : public ::testing::Test {
 protected:
  std::unique_ptr<HostTable> NewTable() const { return std::make_unique<HostTable>(options_, networks_); }
  static FlowRecord SomeFlow(std::uint32_t source) {
    FlowRecord record{};
    record.source = Address::FromIpv4(source);
    record.destination = Address::FromIpv4(1);
    record.packets = 1;
    record.bytes = 100;
    return record;
  }

  const aggregator::HostTableOptions options_{100, 1U << 20, 1};
  const NetworkSet networks_ = NetworkSet::All();
};

TEST_F(HandoverTest, PartsComeOutInTheirOrder) {
  Handover handover;
  EXPECT_FALSE(handover.Receive());
  for (std::int64_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(handover.CanSend());
    WindowPart part;
    part.span.start.ns = i;
    handover.Send(std::move(part));
  }
  for (std::int64_t i = 0; i < 3; ++i) {
    const auto part = handover.Receive();
    ASSERT_TRUE(part);
    EXPECT_EQ(part->span.start.ns, i);
  }
  EXPECT_FALSE(handover.Receive());
}

TEST_F(HandoverTest, TakesNoMoreThanItHasPlacesFor) {
  Handover handover;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < Handover::kMaxParts; ++i) {
      ASSERT_TRUE(handover.CanSend());
      handover.Send({});
    }
    EXPECT_FALSE(handover.CanSend());
    ASSERT_TRUE(handover.Receive());
    EXPECT_TRUE(handover.CanSend());
    while (handover.Receive()) {
    }
  }
}

TEST_F(HandoverTest, ATableIsMissedOnceAPartHasUsedTheReserve) {
  Handover handover;
  EXPECT_EQ(handover.TakeTable(), nullptr);
  EXPECT_TRUE(handover.NeedsTable());
  handover.GiveTable(NewTable());
  EXPECT_FALSE(handover.NeedsTable());
  auto table = handover.TakeTable();
  ASSERT_NE(table, nullptr);
  EXPECT_FALSE(handover.NeedsTable()) << "the worker still has it in reserve";
  ASSERT_TRUE(handover.CanSend());
  handover.Send({});  // a window without hosts takes no table
  ASSERT_TRUE(handover.Receive());
  EXPECT_FALSE(handover.NeedsTable());
  ASSERT_TRUE(handover.CanSend());
  WindowPart part;
  part.table = std::move(table);
  handover.Send(std::move(part));
  ASSERT_TRUE(handover.Receive());
  EXPECT_TRUE(handover.NeedsTable());
}

TEST_F(HandoverTest, WhatIsInItIsFreedWithIt) {  // LeakSanitizer would tell
  Handover handover;
  handover.GiveTable(NewTable());
  ASSERT_TRUE(handover.CanSend());
  WindowPart part;
  part.table = NewTable();
  handover.Send(std::move(part));
}

TEST_F(HandoverTest, CarriesTablesBetweenTwoThreads) {  // ThreadSanitizer would tell
  constexpr int kWindows = 2000;
  Handover handover;
  std::thread worker([&] {
    std::unique_ptr<HostTable> open = NewTable();
    for (int sent = 0; sent < kWindows;) {
      if (!handover.CanSend()) continue;
      auto spare = handover.TakeTable();
      if (!spare) continue;
      const FlowRecord flow = SomeFlow(static_cast<std::uint32_t>(sent) + 2);
      open->Update({&flow, 1});
      WindowPart part;
      part.span.start.ns = sent++;
      part.table = std::exchange(open, std::move(spare));
      handover.Send(std::move(part));
    }
  });
  std::unique_ptr<HostTable> idle = NewTable();
  for (int received = 0; received < kWindows;) {
    if (handover.NeedsTable() && idle) handover.GiveTable(std::move(idle));
    auto part = handover.Receive();
    if (!part) continue;
    ASSERT_EQ(part->span.start.ns, received++);
    ASSERT_EQ(part->table->hosts(), 2U);
    part->table->Clear();
    idle = std::move(part->table);
  }
  worker.join();
}

}  // namespace
}  // namespace hostscope::dataplane
