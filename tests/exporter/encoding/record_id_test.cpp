#include "exporter/encoding/record_id.h"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <random>
#include <string>
#include <unordered_set>

#include "exporter/encoding/address_text.h"
#include "tests/exporter/windows.h"

namespace hostscope::exporter {
namespace {

using aggregator::HostRecord;
using aggregator::WindowSpan;

std::string IdOf(const HostRecord& record, const WindowSpan& span = TenSeconds(),
                 std::string_view observer = "mon1") {
  RecordIdMaker maker(observer);
  maker.SetWindow(span);
  char text[RecordIdMaker::kTextLength];
  return std::string(text, maker.Format(record, text));
}

HostRecord OtherOf(const char* network) {
  HostRecord record;
  record.other = true;
  record.network = *ParsePrefix(network);
  return record;
}

HostRecord HostAt(const char* address) {
  HostRecord record;
  record.host = *ParseAddress(address);
  record.network = Prefix::AllIpv4();
  return record;
}

// The layout that the header documents, byte by byte, so that other programs can make the same ids.
TEST(RecordId, IsTheDocumentedHash) {
  const std::string key = std::string("\x18\xea\xc9\x7b\xb9\x7d\x34\x00", 8) +
                          std::string("\x00\x00\x00\x02\x54\x0b\xe4\x00", 8) + std::string("\x00", 1) +
                          std::string("\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\x14\x1e\x28", 16) +
                          std::string("\x00", 1) + "mon1";
  const XXH128_hash_t hash = XXH3_128bits(key.data(), key.size());
  char expected[33];
  std::snprintf(expected, sizeof(expected), "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  std::uint64_t start = 0;
  for (int i = 0; i < 8; ++i)
    start = start << 8 | static_cast<std::uint8_t>(key[static_cast<std::size_t>(i)]);
  const WindowSpan span{ReceiveTime{static_cast<std::int64_t>(start)}, 10 * kNanosecondsPerSecond};
  EXPECT_EQ(IdOf(HostAt("10.20.30.40"), span), expected);
}

TEST(RecordId, OfANetworkIsItsOwn) {
  const auto id_of = [](const aggregator::NetworkRecord& record) {
    RecordIdMaker maker("mon1");
    maker.SetWindow(TenSeconds());
    char text[RecordIdMaker::kTextLength];
    return std::string(text, maker.Format(record, text));
  };
  aggregator::NetworkRecord record;
  std::unordered_set<std::string> ids;
  for (const char* prefix :
       {"10.20.30.40/32", "10.20.30.40/31", "10.0.0.0/8", "10.0.0.0/16", "::/0", "::/96"}) {
    record.prefix = *ParsePrefix(prefix);
    ids.insert(id_of(record));
    ids.insert(IdOf(OtherOf(prefix)));
  }
  ids.insert(IdOf(HostAt("10.20.30.40")));
  EXPECT_EQ(ids.size(), 13U);
  const std::string id = id_of(record);
  record.hosts = 5;
  record.is_monitored = true;
  EXPECT_EQ(id_of(record), id);
}

TEST(RecordId, DependsOnNothingButObserverWindowAndHost) {
  HostRecord record = SenderRecord();
  const std::string id = IdOf(record);
  record.sent.bytes += 1;
  record.received = record.sent;
  record.network = Prefix::AllIpv4();
  EXPECT_EQ(IdOf(record), id);
}

TEST(RecordId, DiffersWithEachOfThem) {
  const HostRecord record = SenderRecord();
  WindowSpan minute = TenSeconds();
  minute.length_ns = 60 * kNanosecondsPerSecond;
  std::unordered_set<std::string> ids = {
      IdOf(record),
      IdOf(record, TenSeconds(1)),
      IdOf(record, minute),
      IdOf(record, TenSeconds(), "mon2"),
      IdOf(record, TenSeconds(), ""),
      IdOf(HostAt("10.20.30.41")),
      IdOf(OtherOf("10.20.30.40/32")),
      IdOf(OtherOf("0.0.0.0/0")),
      IdOf(OtherOf("0.0.0.0/1")),
      IdOf(OtherOf("::/0")),
      IdOf(HostAt("0.0.0.0")),
      IdOf(HostAt("::")),
  };
  EXPECT_EQ(ids.size(), 12U);
}

TEST(RecordId, OfAWindowItIsLikeNoHosts) {
  const auto of_window = [](const WindowSpan& span, std::string_view observer) {
    RecordIdMaker maker(observer);
    maker.SetWindow(span);
    char text[RecordIdMaker::kTextLength];
    return std::string(text, maker.FormatWindow(text));
  };
  EXPECT_EQ(of_window(TenSeconds(), "mon1"), of_window(TenSeconds(), "mon1"));
  std::unordered_set<std::string> ids = {of_window(TenSeconds(), "mon1"), of_window(TenSeconds(1), "mon1"),
                                         of_window(TenSeconds(), "mon2"), IdOf(HostAt("::")),
                                         IdOf(OtherOf("::/0"))};
  EXPECT_EQ(ids.size(), 5U);
}

TEST(RecordId, AMillionHostsHaveAMillionIds) {
  RecordIdMaker maker("mon1");
  maker.SetWindow(TenSeconds());
  std::unordered_set<std::string> ids;
  HostRecord record;
  for (std::uint32_t i = 0; i < 1'000'000; ++i) {
    record.host = Address::FromIpv4(i);
    char text[RecordIdMaker::kTextLength];
    ids.emplace(text, maker.Format(record, text));
  }
  EXPECT_EQ(ids.size(), 1'000'000U);
}

}  // namespace
}  // namespace hostscope::exporter
