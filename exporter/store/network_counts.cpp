#include "exporter/store/network_counts.h"

#include <algorithm>
#include <vector>

namespace hostscope::exporter {
namespace {

bool Contains(const std::vector<std::uint8_t>& levels, unsigned level) noexcept {
  return std::find(levels.begin(), levels.end(), level) != levels.end();
}

}  // namespace

bool IsWanted(const aggregator::NetworkRecord& record, const aggregator::NetworkLevels& levels) noexcept {
  const Prefix& prefix = record.prefix;
  return record.is_monitored ||
         Contains(prefix.IsIpv4() ? levels.ipv4 : levels.ipv6, prefix.written_length());
}

void NetworkCounts::Add(const aggregator::NetworkRecord& record) {
  const auto level = static_cast<std::uint8_t>(record.prefix.written_length());
  ++(record.is_monitored ? monitored : record.prefix.IsIpv4() ? ipv4[level] : ipv6[level]);
}

NetworkCounts& NetworkCounts::operator+=(const NetworkCounts& more) {
  monitored += more.monitored;
  for (const auto& [level, count] : more.ipv4) ipv4[level] += count;
  for (const auto& [level, count] : more.ipv6) ipv6[level] += count;
  return *this;
}

std::uint64_t NetworkCounts::all() const noexcept {
  std::uint64_t sum = monitored;
  for (const auto& [level, count] : ipv4) sum += count;
  for (const auto& [level, count] : ipv6) sum += count;
  return sum;
}

std::uint64_t NetworkCounts::Wanted(const aggregator::NetworkLevels& levels) const noexcept {
  std::uint64_t sum = monitored;
  for (const auto& [level, count] : ipv4) sum += Contains(levels.ipv4, level) ? count : 0;
  for (const auto& [level, count] : ipv6) sum += Contains(levels.ipv6, level) ? count : 0;
  return sum;
}

}  // namespace hostscope::exporter
