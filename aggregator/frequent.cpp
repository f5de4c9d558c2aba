#include "aggregator/frequent.h"

#include <algorithm>
#include <functional>

namespace hostscope::aggregator {
namespace {

/// Keeps the members whose stored count is above `least`, with `taken` subtracted.
template <typename Summary>
void KeepAbove(const Summary& summary, std::uint64_t least, std::uint64_t taken) noexcept {
  FrequentHeader& header = summary.header();
  std::uint64_t* counts = summary.counts();
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < header.used; ++i) {
    if (counts[i] <= least) continue;
    if (kept != i) summary.Put(kept, summary.At(i));
    counts[kept++] = counts[i] - taken;
  }
  header.used = kept;
}

}  // namespace

template <typename Summary>
void Replace(const Summary& summary, const typename Summary::Member& member, std::uint64_t weight) noexcept {
  FrequentHeader& header = summary.header();
  const std::uint64_t least = *std::min_element(summary.counts(), summary.counts() + header.used);
  header.floor = least;
  const std::uint64_t stored = header.error + weight;
  if (stored < least) {
    header.error = stored;
    return;
  }
  header.error = least;
  KeepAbove(summary, least, 0);
  header.floor = least + 1;
  if (stored > least) Append(summary, member, stored);
}

template <typename Summary>
void UniteSummaries(const Summary& to, const Summary& from) noexcept {
  FrequentHeader& header = to.header();
  const FrequentHeader& added = from.header();
  if (added.used == 0 && added.error == 0) return;

  // Lower bounds of all, the newcomers' apart.
  std::uint64_t* counts = to.counts();
  for (std::uint32_t i = 0; i < header.used; ++i) counts[i] -= header.error;
  std::array<std::uint64_t, 2 * kMaxHeld> lower;
  std::array<std::uint32_t, kMaxHeld> newcomer;
  std::uint32_t newcomers = 0;
  std::array<std::uint64_t, kMaxHeld> newcomer_count;
  for (std::uint32_t i = 0; i < added.used; ++i) {
    const std::uint64_t count = from.counts()[i] - added.error;
    if (const std::uint32_t at = to.Find(from.At(i)); at != kNotHeld) {
      counts[at] += count;
    } else {
      newcomer[newcomers] = i;
      newcomer_count[newcomers++] = count;
    }
  }

  std::uint64_t cut = 0;
  if (const std::uint32_t all = header.used + newcomers; all > to.capacity()) {
    std::uint64_t* end = std::copy_n(counts, header.used, lower.data());
    end = std::copy_n(newcomer_count.data(), newcomers, end);
    std::nth_element(lower.data(), lower.data() + to.capacity(), end, std::greater<>());
    cut = lower[to.capacity()];
  }
  header.error += added.error + cut;
  // To be stored is what is left plus the error.
  KeepAbove(to, cut, cut - header.error);
  for (std::uint32_t i = 0; i < newcomers; ++i) {
    if (newcomer_count[i] > cut) Append(to, from.At(newcomer[i]), newcomer_count[i] - cut + header.error);
  }
  header.floor = header.error + 1;
}

template void Replace(const PeerSummary&, const Address&, std::uint64_t) noexcept;
template void Replace(const PortSummary&, const std::uint16_t&, std::uint64_t) noexcept;
template void UniteSummaries(const PeerSummary&, const PeerSummary&) noexcept;
template void UniteSummaries(const PortSummary&, const PortSummary&) noexcept;

}  // namespace hostscope::aggregator
