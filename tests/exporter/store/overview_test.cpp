#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "exporter/encoding/address_text.h"
#include "exporter/store/columns.h"
#include "exporter/store/overview_block.h"
#include "exporter/store/overview_levels.h"
#include "exporter/store/row_parts.h"
#include "exporter/store/stored_window.h"
#include "tests/exporter/store/expect_window.h"
#include "tests/exporter/store/temporary_folder.h"
#include "tests/exporter/windows.h"

namespace hostscope::exporter {
namespace {

using aggregator::HostRecord;

constexpr unsigned kIpv4Offset = 96;

/// Hosts of both families, crowded: some /24s and /64s are full, others have one.
ListedWindow CrowdedWindow(std::size_t hosts) {
  std::mt19937_64 random(9);
  std::vector<HostRecord> records;
  for (std::size_t i = 0; i < hosts; ++i) {
    HostRecord record = RandomRecord(random);
    record.other = false;
    record.network = Prefix::AllIpv4();
    for (auto* role : {&record.sent, &record.received}) {  // so that sums of them don't overflow
      role->packets >>= 20U;
      role->bytes >>= 20U;
      role->duration_sum_us >>= 20U;
    }
    const std::uint64_t draw = random();
    if (i % 4 == 3) {
      std::array<std::uint8_t, 16> bytes{0x20, 0x01, 0x0d, 0xb8};
      bytes[7] = static_cast<std::uint8_t>(draw % 8);
      bytes[14] = static_cast<std::uint8_t>(draw >> 8U) % 16;
      bytes[15] = static_cast<std::uint8_t>(draw >> 16U);
      record.host = Address::FromIpv6(bytes.data());
    } else {
      record.host =
          Address::FromIpv4(__builtin_bswap32((10U << 24U) + static_cast<std::uint32_t>(draw % (1U << 16U))));
    }
    records.push_back(record);
  }
  std::sort(records.begin(), records.end(), [](const auto& a, const auto& b) { return a.host < b.host; });
  const auto same = [](const auto& a, const auto& b) { return a.host == b.host; };
  records.erase(std::unique(records.begin(), records.end(), same), records.end());
  return ListedWindow(TenSeconds(), std::move(records));
}

Address FirstOf(const Address& address, unsigned length) {
  return AddressOf(NumberOf(address) & ~HostBits(length));
}

class OverviewTest : public ::testing::Test {
 protected:
  OverviewTest() {
    WriteFile(folder / "window", FileOf(window));
    stored = StoredWindow::Open(folder / "window").window;
    EXPECT_NE(stored, nullptr);
  }

  TemporaryFolder folder;
  ListedWindow window = CrowdedWindow(80'000);
  std::shared_ptr<const StoredWindow> stored;
};

TEST_F(OverviewTest, EachLevelHasAnEighthOfTheOneBelow) {
  OverviewChoice choice;
  std::map<bool, std::size_t> entries;  // by whether IPv4
  for (std::size_t i = 0; i < window.size(); ++i) {
    choice.Note(window.At(i).host);
    ++entries[window.At(i).host.IsIpv4()];
  }
  const auto levels = choice.Levels();
  std::map<bool, unsigned> found;
  for (const OverviewLevel& level : levels) {
    std::set<Address> prefixes;
    for (std::size_t i = 0; i < window.size(); ++i) {
      const Address host = window.At(i).host;
      if (host.IsIpv4() == level.is_ipv4) prefixes.insert(FirstOf(host, level.length));
    }
    EXPECT_LE(prefixes.size() * 8, entries[level.is_ipv4]) << unsigned{level.length};
    entries[level.is_ipv4] = prefixes.size();
    ++found[level.is_ipv4];
  }
  EXPECT_GE(found[true], 2U);
  EXPECT_GE(found[false], 1U);
}

TEST_F(OverviewTest, SumsAreThoseOfTheHosts) {
  std::mt19937_64 random(3);
  std::vector<Prefix> prefixes = {Prefix::AllIpv4(),
                                  Prefix::AllIpv6(),
                                  *ParsePrefix("10.0.0.0/8"),
                                  *ParsePrefix("2001:db8::/32"),
                                  *ParsePrefix("10.0.64.0/18"),
                                  *ParsePrefix("192.0.2.0/24")};
  for (int i = 0; i < 20; ++i) {
    const Address host = window.At(random() % window.size()).host;
    const auto bits = static_cast<unsigned>(random() % 33);
    prefixes.push_back(host.IsIpv4() ? Prefix::Ipv4(host.ipv4_bits(), bits) : Prefix::Ipv6(host, 4 * bits));
  }
  for (const Prefix& prefix : prefixes) {
    for (unsigned length = prefix.length; length <= 128; length += 1 + static_cast<unsigned>(random() % 9)) {
      SCOPED_TRACE(ToText(prefix) + " in " + std::to_string(length));
      std::map<Address, PrefixTotals> wanted;
      for (std::size_t i = 0; i < window.size(); ++i) {
        const HostRecord record = window.At(i);
        if (prefix.Contains(record.host)) wanted[FirstOf(record.host, length)].Add(TotalsOf(record));
      }
      std::map<Address, PrefixTotals> found;
      const ReadResult result = stored->SumUp(prefix, length, [&](const PrefixTotals& each) {
        EXPECT_TRUE(prefix.Contains(each.first));
        found[FirstOf(each.first, length)].Add(each);
      });
      EXPECT_EQ(result, wanted.empty() ? ReadResult::kNone : ReadResult::kFound);
      ASSERT_EQ(found.size(), wanted.size());
      for (const auto& [first, totals] : wanted) {
        ASSERT_TRUE(found.contains(first));
        EXPECT_EQ(found[first].hosts, totals.hosts);
        EXPECT_EQ(found[first].sent_hosts, totals.sent_hosts);
        EXPECT_EQ(found[first].received_hosts, totals.received_hosts);
        ExpectSameRole(found[first].sent, totals.sent);
        ExpectSameRole(found[first].received, totals.received);
      }
      if (HasFailure()) return;
    }
  }
}

TEST_F(OverviewTest, WhatIsReadDependsOnTheAnswerAndNotOnTheHosts) {
  EXPECT_EQ(stored->RowsToSumUp(Prefix::AllIpv4(), 128), stored->RowsToScan(Prefix::AllIpv4()));
  EXPECT_LE(stored->RowsToSumUp(Prefix::AllIpv4(), kIpv4Offset + 12), 2048U);
  EXPECT_LE(stored->RowsToSumUp(*ParsePrefix("10.0.0.0/16"), kIpv4Offset + 24), window.size() / 8);
}

TEST_F(OverviewTest, EveryByteOfItIsUnderAChecksum) {
  std::string bytes = FileOf(window);
  const std::string before = bytes;
  // Levels are the last blocks of the file, before the tail of about a kilobyte.
  const std::size_t at = bytes.size() - 5000;
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  WriteFile(folder / "damaged", bytes);
  const auto damaged = StoredWindow::Open(folder / "damaged").window;
  ASSERT_NE(damaged, nullptr);
  EXPECT_NE(damaged->Verify(), "");
}

TEST(OverviewBlock, ColumnsOfAnyBytesAreSafe) {
  std::mt19937_64 random(5);
  std::vector<PrefixTotals> totals;
  for (std::uint32_t i = 0; i < 200; ++i) {
    PrefixTotals each = TotalsOf(RandomRecord(random));
    each.first = Address::FromIpv4(__builtin_bswap32(i << 8U));
    totals.push_back(each);
  }
  std::string columns;
  EncodeTotals(totals, kIpv4Offset + 24, columns);
  std::vector<PrefixTotals> read(totals.size());
  ASSERT_TRUE(DecodeTotals(columns, kIpv4Offset + 24, read));
  EXPECT_EQ(read.back().first, totals.back().first);
  ExpectSameRole(read.back().received, totals.back().received);
  std::size_t refused = 0;
  for (int i = 0; i < 1000; ++i) {
    std::string damaged = columns.substr(0, random() % 8 == 0 ? random() % columns.size() : columns.size());
    for (std::size_t flips = 1 + random() % 4; flips > 0 && !damaged.empty(); --flips)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    if (!DecodeTotals(damaged, kIpv4Offset + 24, read)) ++refused;
  }
  EXPECT_GT(refused, 100U);
}

TEST(RowParts, BlocksOfAnyBytesAreSafe) {
  std::mt19937_64 random(6);
  std::vector<RowPart> parts(4);
  std::string frames;
  std::size_t rows = 0;
  for (RowPart& part : parts) {
    part.rows = 100;
    part.first_row = rows;
    part.frame_bytes = 50;
    part.column_bytes = 200;
    rows += part.rows;
    frames.append(part.frame_bytes, 'x');
  }
  std::string block;
  PutPartList(parts, block);
  block += frames;
  std::vector<RowPart> read;
  ASSERT_TRUE(ParseParts(block, 400, 800, read));
  ASSERT_EQ(read.size(), parts.size());
  EXPECT_EQ(read[3].first_row, 300U);
  EXPECT_EQ(read[3].frame.size(), 50U);
  EXPECT_FALSE(ParseParts(block, 401, 800, read));
  EXPECT_FALSE(ParseParts(block, 400, 799, read));
  EXPECT_FALSE(ParseParts(block + "x", 400, 800, read));
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = block.substr(0, random() % 4 == 0 ? random() % block.size() : block.size());
    if (!damaged.empty())
      damaged[random() % std::min<std::size_t>(damaged.size(), 90)] = static_cast<char>(random());
    if (!ParseParts(damaged, 400, 800, read)) continue;
    for (const RowPart& part : read) {
      EXPECT_GE(part.frame.data(), damaged.data());
      EXPECT_LE(part.frame.data() + part.frame.size(), damaged.data() + damaged.size());
    }
  }
}

}  // namespace
}  // namespace hostscope::exporter
