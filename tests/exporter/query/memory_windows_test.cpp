#include "exporter/query/memory_windows.h"

#include "exporter/query/announcing_sink.h"
#include "tests/exporter/query/query_fixture.h"
#include "tests/exporter/store/expect_window.h"

namespace hostscope::exporter {
namespace {

constexpr ReceiveTime kAlways{INT64_MIN / 2};
constexpr ReceiveTime kForever{INT64_MAX / 2};

TEST(MemoryWindows, AreReadAsTheyWerePut) {
  MemoryWindows memory({});
  for (const std::int64_t index : {0, 1, 2}) ASSERT_EQ(memory.Put(ManyHosts(5000, index)), "");
  EXPECT_EQ(memory.Lengths(), std::vector{kTenSecondsLength});
  const auto all = memory.List(kTenSecondsLength, kAlways, kForever);
  ASSERT_EQ(all.size(), 3U);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].id.span, TenSeconds(static_cast<std::int64_t>(i)));
    ExpectSameWindow(*memory.Read(all[i].id), ManyHosts(5000, static_cast<std::int64_t>(i)));
  }
  EXPECT_EQ(memory.Newest(kTenSecondsLength)->span, TenSeconds(2));
  EXPECT_EQ(memory.List(kTenSecondsLength, TenSeconds(1).start, TenSeconds(2).start).size(), 1U);
  EXPECT_EQ(memory.Read({TenSeconds(7), 0}), nullptr);
  EXPECT_FALSE(memory.Newest(1).has_value());
}

TEST(MemoryWindows, TheOldestGoWhenThereAreTooMany) {
  MemoryWindows memory({.windows_per_length = 3});
  for (std::int64_t index = 0; index < 10; ++index) ASSERT_EQ(memory.Put(ManyHosts(10, index)), "");
  const auto all = memory.List(kTenSecondsLength, kAlways, kForever);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all.front().id.span, TenSeconds(7));
}

TEST(MemoryWindows, TheOldestGoWhenTheyAreTooLarge) {
  MemoryWindows memory({.bytes_per_length = 300'000});
  for (std::int64_t index = 0; index < 10; ++index) ASSERT_EQ(memory.Put(ManyHosts(1000, index)), "");
  std::uint64_t bytes = 0;
  const auto all = memory.List(kTenSecondsLength, kAlways, kForever);
  for (const WindowInfo& info : all) bytes += info.bytes;
  EXPECT_LE(bytes, 300'000U);
  EXPECT_LT(all.size(), 10U);
  EXPECT_EQ(all.back().id.span, TenSeconds(9));
  // One that is larger than all that is allowed is still there: it is the newest.
  ASSERT_EQ(memory.Put(ManyHosts(10'000, 10)), "");
  EXPECT_EQ(memory.List(kTenSecondsLength, kAlways, kForever).size(), 1U);
}

TEST(MemoryWindows, AWindowStaysWhileItIsRead) {
  MemoryWindows memory({.windows_per_length = 1});
  ASSERT_EQ(memory.Put(ManyHosts(100, 0)), "");
  const auto reading = memory.Read({TenSeconds(0), 0});
  ASSERT_EQ(memory.Put(ManyHosts(100, 1)), "");
  EXPECT_EQ(memory.Read({TenSeconds(0), 0}), nullptr);
  ExpectSameWindow(*reading, ManyHosts(100, 0));
}

TEST(MemoryWindows, PartsOfAWindowAreSideBySide) {
  MemoryWindows memory({});
  ASSERT_EQ(memory.Put(ManyHosts(10, 0)), "");
  ASSERT_EQ(memory.Put(ManyHosts(20, 0)), "");
  EXPECT_EQ(memory.Read({TenSeconds(0), 0})->size(), 10U);
  EXPECT_EQ(memory.Read({TenSeconds(0), 1})->size(), 20U);
}

TEST(MemoryWindows, SinkCountsItsRecords) {
  MemoryWindows memory({});
  const auto sink = MakeMemorySink(memory);
  EXPECT_EQ(sink->Write(ManyHosts(10, 0)), "");
  EXPECT_EQ(sink->Flush(0), "");
  EXPECT_EQ(sink->status().delivered, 11U);
  EXPECT_EQ(sink->status().windows, 1U);
}

TEST(MemoryWindows, WhoeverHearsOfAWindowCanReadIt) {
  MemoryWindows memory({});
  std::vector<ReceiveTime> heard;
  const auto sink = MakeAnnouncingSink(MakeMemorySink(memory), [&](const aggregator::ClosedWindow& window) {
    heard.push_back(window.span().start);
    EXPECT_NE(memory.Read({window.span(), 0}), nullptr);
  });
  EXPECT_EQ(sink->Write(ManyHosts(10, 0)), "");
  // A window whose hosts are not in address order can't be written: nobody hears of it.
  EXPECT_NE(sink->Write(ListedWindow(TenSeconds(1), {ManyHosts(2).At(1), ManyHosts(2).At(0)})), "");
  EXPECT_EQ(heard, std::vector{TenSeconds(0).start});
  EXPECT_EQ(sink->status().dropped, 3U);
}

}  // namespace
}  // namespace hostscope::exporter
