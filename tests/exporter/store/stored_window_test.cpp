#include "exporter/store/stored_window.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>

#include "exporter/encoding/address_text.h"
#include "exporter/store/row_block.h"
#include "tests/exporter/store/expect_window.h"
#include "tests/exporter/store/temporary_folder.h"
#include "tests/exporter/windows.h"

namespace hostscope::exporter {
namespace {

using aggregator::HostRecord;

/// Any window that the merger could close: hosts in address order, each once, `other` records after them.
ListedWindow RandomWindow(std::mt19937_64& random, std::size_t rows, std::size_t networks) {
  std::vector<Prefix> prefixes(networks);
  for (Prefix& prefix : prefixes) prefix = RandomRecord(random).network;
  std::vector<HostRecord> hosts;
  std::vector<HostRecord> others;
  for (std::size_t i = 0; i < rows; ++i) {
    HostRecord record = RandomRecord(random);
    record.network = prefixes[random() % networks];
    (record.other ? others : hosts).push_back(record);
  }
  const auto before = [](const HostRecord& a, const HostRecord& b) { return a.host < b.host; };
  std::sort(hosts.begin(), hosts.end(), before);
  const auto same = [](const HostRecord& a, const HostRecord& b) { return a.host == b.host; };
  hosts.erase(std::unique(hosts.begin(), hosts.end(), same), hosts.end());
  hosts.insert(hosts.end(), others.begin(), others.end());
  return ListedWindow(TenSeconds(static_cast<std::int64_t>(random() % 1000)), std::move(hosts),
                      random() % 2 == 0);
}

OpenedWindow OpenBytes(const TemporaryFolder& folder, const std::string& bytes) {
  WriteFile(folder / "window", bytes);
  return StoredWindow::Open(folder / "window");
}

/// Whether anything in the file, read in whatever way, is not as it was written and is taken for good.
bool IsDetected(const TemporaryFolder& folder, const std::string& bytes) {
  const OpenedWindow opened = OpenBytes(folder, bytes);
  if (opened.window == nullptr) return opened.is_damaged && !opened.problem.empty();
  const bool is_detected = !opened.window->Verify().empty();
  // Reading it none the less does not crash, and says the same.
  for (std::size_t i = 0; i < opened.window->size(); ++i) (void)opened.window->At(i);
  return is_detected && opened.window->is_damaged();
}

TEST(StoredWindow, AnyWindowReadsBack) {
  const TemporaryFolder folder;
  std::mt19937_64 random(1);
  for (const std::size_t rows : {0U, 1U, 2U, 100U, 2047U, 2048U, 2049U, 5000U, 10'000U}) {
    SCOPED_TRACE(rows);
    const ListedWindow window = RandomWindow(random, rows, 1 + rows % 7);
    WrittenWindow written;
    const std::string bytes = FileOf(window, &written);
    EXPECT_FALSE(written.error);
    EXPECT_EQ(written.bytes, bytes.size());
    EXPECT_EQ(written.rows, window.size());
    const OpenedWindow opened = OpenBytes(folder, bytes);
    ASSERT_NE(opened.window, nullptr) << opened.problem;
    EXPECT_EQ(opened.window->file_bytes(), bytes.size());
    EXPECT_EQ(opened.window->Verify(), "");
    ExpectSameWindow(*opened.window, window);
    EXPECT_FALSE(opened.window->is_damaged());
  }
}

TEST(StoredWindow, RecordsCanBeReadInAnyOrder) {
  const TemporaryFolder folder;
  std::mt19937_64 random(2);
  const ListedWindow window = RandomWindow(random, 6000, 3);
  const OpenedWindow opened = OpenBytes(folder, FileOf(window));
  ASSERT_NE(opened.window, nullptr);
  for (int i = 0; i < 200; ++i) {
    const std::size_t at = random() % window.size();
    ExpectSameRecord(opened.window->At(at), window.At(at));
  }
}

TEST(StoredWindow, FindsEachHostAndNoOther) {
  const TemporaryFolder folder;
  std::mt19937_64 random(3);
  const ListedWindow window = RandomWindow(random, 5000, 3);
  const OpenedWindow opened = OpenBytes(folder, FileOf(window));
  ASSERT_NE(opened.window, nullptr);
  HostRecord found;
  for (std::size_t i = 0; i < window.size(); i += 97) {
    const HostRecord record = window.At(i);
    if (record.other) continue;
    ASSERT_EQ(opened.window->Find(record.host, found), ReadResult::kFound) << ToText(record.host);
    ExpectSameRecord(found, record);
    Address absent = record.host;
    absent.bytes[15] ^= 1;
    const bool is_there = (i > 0 && window.At(i - 1).host == absent) ||
                          (i + 1 < window.size() && window.At(i + 1).host == absent);
    EXPECT_EQ(opened.window->Find(absent, found), is_there ? ReadResult::kFound : ReadResult::kNone);
  }
  EXPECT_EQ(opened.window->Find(Address{}, found), ReadResult::kNone);
  Address last;
  last.bytes.fill(0xff);
  EXPECT_EQ(opened.window->Find(last, found), ReadResult::kNone);
}

TEST(StoredWindow, ScansAPrefix) {
  const TemporaryFolder folder;
  std::mt19937_64 random(4);
  const ListedWindow window = RandomWindow(random, 9000, 3);
  const OpenedWindow opened = OpenBytes(folder, FileOf(window));
  ASSERT_NE(opened.window, nullptr);
  std::vector<Prefix> prefixes = {Prefix::AllIpv4(), Prefix::AllIpv6(), *ParsePrefix("10.0.0.0/8"),
                                  *ParsePrefix("128.0.0.0/1"), *ParsePrefix("2001:db8::/32")};
  for (std::size_t i = 0; i < window.size(); i += 501) {
    const Address host = window.At(i).host;
    const auto bits = static_cast<unsigned>(random() % 33);
    prefixes.push_back(host.IsIpv4() ? Prefix::Ipv4(host.ipv4_bits(), bits)
                                     : Prefix::Ipv6(host, 4 * bits % 129));
  }
  for (const Prefix& prefix : prefixes) {
    SCOPED_TRACE(ToText(prefix));
    std::vector<Address> wanted;
    for (std::size_t i = 0; i < window.size(); ++i) {
      const HostRecord record = window.At(i);
      if (!record.other && prefix.Contains(record.host)) wanted.push_back(record.host);
    }
    std::vector<Address> found;
    const ReadResult result =
        opened.window->Scan(prefix, [&](const HostRecord& record) { found.push_back(record.host); });
    EXPECT_EQ(result, wanted.empty() ? ReadResult::kNone : ReadResult::kFound);
    EXPECT_EQ(found, wanted);
  }
}

TEST(StoredWindow, EveryFlippedByteOfASmallFileIsDetected) {
  const TemporaryFolder folder;
  std::mt19937_64 random(5);
  const std::string bytes = FileOf(RandomWindow(random, 6, 2));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(static_cast<unsigned char>(damaged[i]) ^ (1U << random() % 8));
    ASSERT_TRUE(IsDetected(folder, damaged)) << "byte " << i << " of " << bytes.size();
  }
}

TEST(StoredWindow, FlippedBytesOfALargeFileAreDetected) {
  const TemporaryFolder folder;
  std::mt19937_64 random(6);
  const std::string bytes = FileOf(RandomWindow(random, 5000, 2));
  for (int i = 0; i < 100; ++i) {
    std::string damaged = bytes;
    const std::size_t at = random() % bytes.size();
    damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ (1U << random() % 8));
    ASSERT_TRUE(IsDetected(folder, damaged)) << "byte " << at << " of " << bytes.size();
  }
}

TEST(StoredWindow, EveryTruncationIsDetected) {
  const TemporaryFolder folder;
  std::mt19937_64 random(7);
  const std::string bytes = FileOf(RandomWindow(random, 6, 2));
  for (std::size_t length = 0; length < bytes.size(); ++length)
    ASSERT_TRUE(IsDetected(folder, bytes.substr(0, length))) << length;
  ASSERT_TRUE(IsDetected(folder, bytes + '\0'));
  ASSERT_TRUE(IsDetected(folder, bytes + bytes));
}

TEST(StoredWindow, ACutWhileItIsOpenIsAnError) {
  const TemporaryFolder folder;
  const OpenedWindow opened = OpenBytes(folder, FileOf(ManyHosts(5000)));
  ASSERT_NE(opened.window, nullptr);
  std::filesystem::resize_file(folder / "window", 1000);
  EXPECT_THAT(opened.window->Verify(), ::testing::HasSubstr("it ends too early"));
  EXPECT_EQ(opened.window->At(4000).sent.flows, 0U);
  HostRecord record;
  EXPECT_EQ(opened.window->Find(ManyHosts(5000).At(4000).host, record), ReadResult::kDamaged);
  EXPECT_TRUE(opened.window->is_damaged());
}

TEST(StoredWindow, ColumnsOfAnyBytesAreSafe) {
  std::mt19937_64 random(8);
  const ListedWindow window = RandomWindow(random, 300, 1);
  std::vector<HostRecord> rows;
  for (std::size_t i = 0; i < window.size(); ++i) rows.push_back(window.At(i));
  std::string columns;
  EncodeRows(rows, std::vector<std::uint32_t>(rows.size()), columns);
  const std::vector<Prefix> networks = {Prefix::AllIpv4()};
  std::size_t refused = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = columns.substr(0, random() % 8 == 0 ? random() % columns.size() : columns.size());
    for (std::size_t flips = 1 + random() % 4; flips > 0 && !damaged.empty(); --flips)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    RowReader reader;
    std::vector<Address> addresses;
    std::vector<HostRecord> records(rows.size());
    const bool is_read = reader.Open(damaged, rows.size(), networks) && reader.ReadAddresses(addresses) &&
                         reader.ReadRows(0, addresses, records);
    if (!is_read) ++refused;
  }
  EXPECT_GT(refused, 200U);
}

TEST(StoredWindow, AColumnOfALaterVersionIsSkipped) {
  const ListedWindow window = ManyHosts(50);
  std::vector<HostRecord> rows;
  for (std::size_t i = 0; i < window.size(); ++i) rows.push_back(window.At(i));
  std::string columns = {100, 3, 'a', 'b', 'c'};
  EncodeRows(rows, std::vector<std::uint32_t>(rows.size()), columns);
  const std::vector<Prefix> networks = {rows.front().network};
  RowReader reader;
  std::vector<Address> addresses;
  std::vector<HostRecord> records(10);
  ASSERT_TRUE(reader.Open(columns, rows.size(), networks));
  ASSERT_TRUE(reader.ReadAddresses(addresses));
  ASSERT_TRUE(reader.ReadRows(40, addresses, records));
  for (std::size_t i = 0; i < 10; ++i) ExpectSameRole(records[i].sent, rows[40 + i].sent);
}

TEST(StoredWindow, HostsOutOfOrderAreRefused) {
  std::vector<HostRecord> rows(2, SenderRecord());
  WrittenWindow written;
  FileOf(ListedWindow(TenSeconds(), rows), &written);  // twice the same
  EXPECT_EQ(written.error, std::errc::invalid_argument);
  rows[0].other = true;  // a host after an `other` record
  FileOf(ListedWindow(TenSeconds(), rows), &written);
  EXPECT_EQ(written.error, std::errc::invalid_argument);
}

TEST(StoredWindow, ManyThreadsReadOne) {
  const TemporaryFolder folder;
  const ListedWindow window = ManyHosts(10'000);
  const OpenedWindow opened = OpenBytes(folder, FileOf(window));
  ASSERT_NE(opened.window, nullptr);
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&, seed] {
      std::mt19937_64 random(seed);
      HostRecord found;
      for (int i = 0; i < 50; ++i) {
        const std::size_t at = random() % window.size();
        EXPECT_EQ(opened.window->At(at).host, window.At(at).host);
        EXPECT_EQ(opened.window->Find(window.At(at).host, found), ReadResult::kFound);
        EXPECT_EQ(found.sent.bytes, window.At(at).sent.bytes);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace hostscope::exporter
