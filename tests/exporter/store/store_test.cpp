#include "exporter/store/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "exporter/store/store_layout.h"
#include "tests/exporter/store/scripted_file_system.h"
#include "tests/exporter/store/store_fixture.h"

namespace hostscope::exporter {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class StoreTest : public StoreFixture {};

TEST_F(StoreTest, AWindowIsStoredOnceAndGoesToEachSink) {
  Open();
  Put(0);
  Put(1);
  EXPECT_THAT(Stored(), ElementsAre(IdOf(0), IdOf(1)));
  const auto window = store->Read(IdOf(1));
  ASSERT_NE(window, nullptr);
  ExpectSameWindow(*window, ManyHosts(kFewHosts, 1));
  EXPECT_EQ(std::filesystem::hard_link_count(PathOf(IdOf(0))), 3U);
  EXPECT_THAT(Drain(0), ElementsAre(IdOf(0), IdOf(1)));
  EXPECT_THAT(Drain(1), ElementsAre(IdOf(0), IdOf(1)));
  EXPECT_EQ(std::filesystem::hard_link_count(PathOf(IdOf(0))), 1U);
  EXPECT_EQ(FilesIn("incoming"), 0U);
  const StoreStatus status = store->status();
  EXPECT_EQ(status.windows, 2U);
  EXPECT_EQ(status.written_windows, 2U);
  EXPECT_EQ(status.written_rows, 2 * kFewHosts);
  EXPECT_EQ(status.bytes,
            std::filesystem::file_size(PathOf(IdOf(0))) + std::filesystem::file_size(PathOf(IdOf(1))));
  EXPECT_THAT(*log.lines, IsEmpty());
}

TEST_F(StoreTest, ListsByLengthAndTime) {
  Open();
  for (std::int64_t i = 0; i < 5; ++i) Put(i);
  const aggregator::WindowSpan minute{ReceiveTime{60 * kNanosecondsPerSecond}, 60 * kNanosecondsPerSecond};
  ASSERT_EQ(store->Put(ListedWindow(minute, {SenderRecord()})), "");
  EXPECT_THAT(store->Lengths(), ElementsAre(kTenSecondsNs, minute.length_ns));
  const auto list = [&](ReceiveTime from, ReceiveTime to) {
    std::vector<WindowId> ids;
    for (const WindowInfo& info : store->List(kTenSecondsNs, from, to)) ids.push_back(info.id);
    return ids;
  };
  const ReceiveTime start = TenSeconds(2).start;
  EXPECT_THAT(list(start, TenSeconds(3).start), ElementsAre(IdOf(2)));
  EXPECT_THAT(list({start.ns - 1}, {start.ns + 1}), ElementsAre(IdOf(1), IdOf(2)));
  EXPECT_THAT(list({start.ns + 1}, {start.ns + 2}), ElementsAre(IdOf(2)));
  EXPECT_THAT(list(start, start), IsEmpty());
  EXPECT_EQ(store->List(minute.length_ns, minute.start, minute.end()).size(), 1U);
}

TEST_F(StoreTest, UnsentWindowsSurviveARestart) {
  Open();
  for (std::int64_t i = 0; i < 3; ++i) Put(i);
  store->spool(0).Next();
  store->spool(0).Acknowledge(IdOf(0));
  Open();
  EXPECT_EQ(store->spool(0).status().windows, 2U);
  EXPECT_EQ(store->spool(0).status().rows, 2 * kFewHosts);
  EXPECT_THAT(Drain(0), ElementsAre(IdOf(1), IdOf(2)));
  EXPECT_THAT(Drain(1), ElementsAre(IdOf(0), IdOf(1), IdOf(2)));
  Open();
  EXPECT_EQ(store->spool(1).status().windows, 0U);
  EXPECT_THAT(Stored(), ElementsAre(IdOf(0), IdOf(1), IdOf(2)));
}

TEST_F(StoreTest, TheSameWindowAgainIsAnotherPart) {
  Open();
  Put(0);
  Open();
  ASSERT_EQ(store->Put(ListedWindow(TenSeconds(0), {SenderRecord()}, true)), "");
  EXPECT_THAT(Stored(), ElementsAre(IdOf(0, 0), IdOf(0, 1)));
  EXPECT_FALSE(store->Read(IdOf(0, 0))->partial());
  EXPECT_TRUE(store->Read(IdOf(0, 1))->partial());
}

TEST_F(StoreTest, RetentionByAge) {
  options.retention[kTenSecondsNs].max_age_ns = 25 * kNanosecondsPerSecond;
  Open();
  for (std::int64_t i = 0; i < 6; ++i) Put(i);
  EXPECT_THAT(Stored(), ElementsAre(IdOf(3), IdOf(4), IdOf(5)));
  EXPECT_EQ(store->status().expired, 3U);
  EXPECT_EQ(FilesIn("windows/10000000000"), 3U);
  // No sink lost any by it.
  EXPECT_EQ(Drain(0).size(), 6U);
  EXPECT_EQ(store->spool(0).status().dropped_windows, 0U);
}

TEST_F(StoreTest, RetentionByBytesIsForEachLength) {
  const std::uint64_t bytes = FileOf(ManyHosts(kFewHosts, 0)).size();
  options.retention[kTenSecondsNs].max_bytes = 3 * bytes + bytes / 2;
  Open();
  const aggregator::WindowSpan minute{ReceiveTime{60 * kNanosecondsPerSecond}, 60 * kNanosecondsPerSecond};
  ASSERT_EQ(store->Put(ListedWindow(minute, {SenderRecord()})), "");
  for (std::int64_t i = 0; i < 6; ++i) Put(i);
  const std::vector<WindowId> stored = Stored();
  ASSERT_GE(stored.size(), 2U);
  EXPECT_LT(stored.size(), 6U);
  EXPECT_EQ(stored.back(), IdOf(5));
  EXPECT_LE(store->status().bytes, options.retention[kTenSecondsNs].max_bytes + 1000);
  EXPECT_EQ(FilesIn("windows/60000000000"), 0U);  // seven days older than what came after it
}

TEST_F(StoreTest, RetentionCanChangeWhileItStores) {
  Open();
  for (std::int64_t i = 0; i < 6; ++i) Put(i);
  EXPECT_EQ(Stored().size(), 6U);
  store->SetRetention({{kTenSecondsNs, {25 * kNanosecondsPerSecond, std::uint64_t{1} << 40}}});
  EXPECT_EQ(Stored().size(), 6U) << "with the next window";
  Put(6);
  EXPECT_THAT(Stored(), ElementsAre(IdOf(4), IdOf(5), IdOf(6)));
  store->SetRetention({});
  for (std::int64_t i = 7; i < 10; ++i) Put(i);
  EXPECT_EQ(Stored().size(), 6U);
}

TEST_F(StoreTest, AReaderKeepsAWindowThatRetentionRemoves) {
  options.retention[kTenSecondsNs].max_age_ns = kNanosecondsPerSecond;
  Open();
  Put(0, 5000);
  const auto window = store->Read(IdOf(0));
  Put(1);
  EXPECT_THAT(Stored(), ElementsAre(IdOf(1)));
  EXPECT_FALSE(std::filesystem::exists(PathOf(IdOf(0))));
  EXPECT_EQ(window->Verify(), "");
  ExpectSameWindow(*window, ManyHosts(5000, 0));
  EXPECT_EQ(store->Read(IdOf(0)), nullptr);
  EXPECT_EQ(store->status().damaged, 0U);
}

TEST_F(StoreTest, ReadersAndRetentionAtTheSameTime) {
  options.retention[kTenSecondsNs].max_age_ns = 20 * kNanosecondsPerSecond;
  options.spool_bytes = 1;
  Open();
  std::atomic<bool> is_over{false};
  std::atomic<int> read{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!is_over.load()) {
        for (const WindowInfo& info : store->List(kTenSecondsNs, kAlways, kForever)) {
          const auto window = store->Read(info.id);
          if (window == nullptr) continue;  // gone meanwhile
          EXPECT_EQ(window->Verify(), "");
          EXPECT_EQ(window->size(), kFewHosts);
          ++read;
        }
      }
    });
  }
  for (std::int64_t i = 0; i < 200; ++i) Put(i);
  is_over.store(true);
  for (std::thread& reader : readers) reader.join();
  EXPECT_GT(read.load(), 0);
  EXPECT_EQ(store->status().damaged, 0U);
}

TEST_F(StoreTest, ASpoolBeyondItsCapDropsTheOldestAndCounts) {
  const std::uint64_t bytes = FileOf(ManyHosts(kFewHosts, 0)).size();
  options.spool_bytes = 3 * bytes + bytes / 2;
  Open();
  for (std::int64_t i = 0; i < 8; ++i) {
    Put(i);
    Drain(1);
  }
  const SpoolStatus away = store->spool(0).status();
  EXPECT_GE(away.dropped_windows, 4U);
  EXPECT_EQ(away.windows + away.dropped_windows, 8U);
  EXPECT_EQ(away.dropped_rows, away.dropped_windows * kFewHosts);
  EXPECT_LE(away.bytes, options.spool_bytes);
  EXPECT_EQ(away.oldest_end, TenSeconds(static_cast<std::int64_t>(away.dropped_windows)).end());
  EXPECT_THAT(*log.lines,
              Contains("a: the window of 2026-11-23T21:00:10.000Z, 10 s was dropped unsent, with 20 "
                       "host records: its spool is full"));
  EXPECT_EQ(Stored().size(), 8U);  // as history they are still there
  EXPECT_EQ(store->spool(1).status().acknowledged, 8U);
  EXPECT_EQ(store->spool(1).status().dropped_windows, 0U);
  EXPECT_EQ(Drain(0).front(), IdOf(static_cast<std::int64_t>(away.dropped_windows)));
}

TEST_F(StoreTest, ANewSinkBeginsWithWhatIsConfigured) {
  options.sinks = {"a"};
  Open();
  Put(0);
  Put(1);
  options.sinks = {"a", "nothing"};
  Open();
  EXPECT_EQ(store->spool(1).status().windows, 0U);
  options.sinks = {"a", "nothing", "kafka broker:9092/topic"};
  options.new_sinks_get_everything = true;
  Open();
  EXPECT_EQ(store->spool(1).status().windows, 0U);  // not new any more
  EXPECT_THAT(Drain(2), ElementsAre(IdOf(0), IdOf(1)));
  EXPECT_TRUE(std::filesystem::is_directory(options.path + "/unsent/kafka%20broker%3A9092%2Ftopic"));
}

TEST_F(StoreTest, TheSpoolOfASinkThatIsNotConfiguredIsKept) {
  Open();
  Put(0);
  options.sinks = {"b"};
  Open();
  EXPECT_THAT(*log.lines,
              Contains(HasSubstr("a: 1 windows unsent, 20 host records; no such sink is configured")));
  Put(1);
  options.sinks = {"a", "b"};
  Open();
  EXPECT_THAT(Drain(0), ElementsAre(IdOf(0)));
  EXPECT_THAT(Drain(1), ElementsAre(IdOf(0), IdOf(1)));
}

TEST_F(StoreTest, OneProgramAtATime) {
  Open();
  const OpenedStore second = Store::Open(options, log);
  EXPECT_EQ(second.store, nullptr);
  EXPECT_THAT(second.problem, HasSubstr("another program uses this store"));
}

TEST_F(StoreTest, APathThatCantBeMadeIsAProblem) {
  options.path = "/proc/nothing/store";
  const OpenedStore opened = Store::Open(options, log);
  EXPECT_EQ(opened.store, nullptr);
  EXPECT_EQ(opened.problem, "store /proc/nothing/store: No such file or directory");
}

class DamagedStore : public StoreFixture {
 protected:
  void Damage(const WindowId& id) {
    const std::string bytes = ReadFile(PathOf(id));
    std::fstream file(PathOf(id), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(bytes.size() - 60));
    file.put(static_cast<char>(~bytes[bytes.size() - 60]));
  }
};

TEST_F(DamagedStore, StartUpSetsAsideWhatIsDamaged) {
  Open();
  for (std::int64_t i = 0; i < 3; ++i) Put(i);
  Damage(IdOf(1));
  Open();
  EXPECT_THAT(Stored(), ElementsAre(IdOf(0), IdOf(2)));
  EXPECT_THAT(Drain(0), ElementsAre(IdOf(0), IdOf(2)));
  EXPECT_EQ(FilesIn("damaged"), 1U);
  EXPECT_EQ(FilesIn("unsent/b"), 2U);
  EXPECT_EQ(store->status().damaged, 1U);
  EXPECT_EQ(store->spool(1).status().dropped_windows, 1U);
  EXPECT_THAT(*log.lines, Contains(options.path + "/damaged/" + FileNameOf(IdOf(1)) +
                                   ": set aside: its tail is damaged; not sent to a, b"));
}

TEST_F(DamagedStore, AReaderSetsAsideWhatIsDamaged) {
  Open();
  Put(0);
  Put(1);
  Damage(IdOf(0));
  EXPECT_EQ(store->Read(IdOf(0)), nullptr);
  EXPECT_THAT(Stored(), ElementsAre(IdOf(1)));
  EXPECT_EQ(store->status().damaged, 1U);
  EXPECT_EQ(FilesIn("damaged"), 1U);
  EXPECT_EQ(store->Read(IdOf(0)), nullptr);
  EXPECT_EQ(store->status().damaged, 1U);
}

TEST_F(DamagedStore, ATornFileThatASinkWaitsForIsSetAside) {
  options.retention[kTenSecondsNs].max_age_ns = kNanosecondsPerSecond;
  Open();
  Put(0);
  Put(1);  // the first is only in the spools now
  std::filesystem::resize_file(store->spool(0).PathOf(IdOf(0)), 100);
  Open();
  EXPECT_THAT(Drain(0), ElementsAre(IdOf(1)));
  EXPECT_EQ(FilesIn("damaged"), 1U);
  EXPECT_EQ(store->status().damaged, 1U);
}

TEST(StoreLayout, SinkNamesAreFileNames) {
  EXPECT_EQ(StoreLayout::FolderNameOf("kafka-a.b_c"), "kafka-a.b_c");
  EXPECT_EQ(StoreLayout::FolderNameOf("../x"), "%2E.%2Fx");
  EXPECT_EQ(StoreLayout::FolderNameOf("a.new"), "a.new%");
  const std::string first(300, 'x');
  EXPECT_LT(StoreLayout::FolderNameOf(first).size(), 230U);
  EXPECT_NE(StoreLayout::FolderNameOf(first), StoreLayout::FolderNameOf(first + "y"));
}

}  // namespace
}  // namespace hostscope::exporter
