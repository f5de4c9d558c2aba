#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "exporter/encoding/address_text.h"
#include "exporter/query/memory_windows.h"
#include "exporter/query/query.h"
#include "tests/exporter/windows.h"

namespace hostscope::exporter {

inline constexpr std::int64_t kTenSecondsLength = 10 * kNanosecondsPerSecond;

inline Prefix PrefixOf(const char* text) {
  return *ParsePrefix(text);
}

/// Windows whose hosts are crowded into a few prefixes, so that cells have several of them: 10.0.0.0/8 and
/// 2001:db8::/32, 8,000 in each of five windows.
inline ListedWindow CrowdedWindow(std::int64_t index) {
  constexpr std::size_t kHosts = 8000;
  const ListedWindow spread = ManyHosts(kHosts, index);
  std::vector<aggregator::HostRecord> records;
  for (std::size_t i = 0; i < spread.size(); ++i) {
    aggregator::HostRecord record = spread.At(i);
    // Sums over several must not overflow, and a real table's can't.
    for (aggregator::RoleFigures* role : {&record.sent, &record.received}) {
      role->packets >>= 20;
      role->bytes >>= 20;
      role->duration_sum_us >>= 20;
    }
    if (record.host.IsIpv4()) {
      record.host.bytes[12] = 10;
      record.host.bytes[13] = static_cast<std::uint8_t>(record.host.bytes[13] % 4);
    }
    records.push_back(record);
  }
  std::sort(records.begin(), records.end(), [](const auto& a, const auto& b) { return a.host < b.host; });
  records.erase(std::unique(records.begin(), records.end(),
                            [](const auto& a, const auto& b) { return a.host == b.host; }),
                records.end());
  return ListedWindow(TenSeconds(index), std::move(records));
}

class QueryFixture : public ::testing::Test {
 protected:
  static constexpr std::int64_t kWindows = 5;

  QueryFixture() {
    for (std::int64_t index = 0; index < kWindows; ++index) {
      windows.push_back(CrowdedWindow(index));
      EXPECT_EQ(source.Put(windows.back()), "");
    }
  }

  /// Windows [first, first + count).
  static WindowRange Range(std::int64_t first, std::int64_t count) {
    return {kTenSecondsLength, TenSeconds(first).start, TenSeconds(first + count).start};
  }

  MemoryWindows source{MemoryWindowsOptions{}};
  std::vector<ListedWindow> windows;
  QueryLimits limits;
};

/// Runs `ask` and returns what it was refused with; fails where it was not.
template <typename Ask>
QueryError RefusalOf(Ask ask) {
  try {
    ask();
  } catch (const QueryError& error) {
    return error;
  }
  ADD_FAILURE() << "was answered";
  return {QueryFault::kNotFound, ""};
}

}  // namespace hostscope::exporter
