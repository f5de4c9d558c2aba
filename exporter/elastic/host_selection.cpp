#include "exporter/elastic/host_selection.h"

#include <algorithm>
#include <utility>

namespace hostscope::exporter {
namespace {

using aggregator::HostRecord;
using aggregator::RoleFigures;
using Metric = HostSelection::Metric;

// A host at its place in the window. `value` may be a sum that does not fit into 64 bits; the largest number
// then says enough.
struct Ranked {
  std::uint64_t value;
  std::size_t index;
};

// The better one first; of equals the one with the lower address, which is the one with the lower index.
bool IsBetter(const Ranked& a, const Ranked& b) noexcept {
  return a.value != b.value ? a.value > b.value : a.index < b.index;
}

std::uint64_t Sum(std::uint64_t a, std::uint64_t b) noexcept {
  std::uint64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

std::uint64_t Of(const RoleFigures& role, Metric by) noexcept {
  switch (by) {
    case Metric::kBytes:
      return role.bytes;
    case Metric::kPackets:
      return role.packets;
    case Metric::kFlows:
      return role.flows;
    case Metric::kPeers:
      return role.peers;
    case Metric::kDstPorts:
      return role.dst_ports;
  }
  return 0;
}

// True where all of `inner` is in `outer`. Lengths are of the 16-byte form, so that the families don't mix.
bool IsWithin(const Prefix& inner, const Prefix& outer) noexcept {
  return inner.length >= outer.length && outer.Contains(inner.network);
}

}  // namespace

void HostPicker::Pick(const aggregator::ClosedWindow& window) {
  all_ = window.size();
  picked_.clear();
  if (selection_.kind == HostSelection::Kind::kNetworks) PickNetworks(window);
  if (selection_.kind == HostSelection::Kind::kTop) PickTop(window);
}

void HostPicker::PickNetworks(const aggregator::ClosedWindow& window) {
  for (std::size_t i = 0; i < window.size(); ++i) {
    const HostRecord record = window.At(i);
    const bool is_wanted =
        std::any_of(selection_.networks.begin(), selection_.networks.end(), [&record](const Prefix& network) {
          return record.other ? IsWithin(record.network, network) : network.Contains(record.host);
        });
    if (is_wanted) picked_.push_back(i);
  }
}

// The best so far are a heap whose front is the worst of them.
void HostPicker::PickTop(const aggregator::ClosedWindow& window) {
  std::vector<Ranked> best;
  if (selection_.top == 0) return;
  best.reserve(std::min(selection_.top, window.size()));
  for (std::size_t i = 0; i < window.size(); ++i) {
    const HostRecord record = window.At(i);
    if (record.other) continue;
    const Ranked host{Sum(Of(record.sent, selection_.by), Of(record.received, selection_.by)), i};
    if (best.size() == selection_.top) {
      if (!IsBetter(host, best.front())) continue;
      std::pop_heap(best.begin(), best.end(), IsBetter);
      best.back() = host;
    } else {
      best.push_back(host);
    }
    std::push_heap(best.begin(), best.end(), IsBetter);
  }
  for (const Ranked& host : best) picked_.push_back(host.index);
  std::sort(picked_.begin(), picked_.end());
}

std::size_t HostPicker::AtMost(std::size_t records) const noexcept {
  return selection_.kind == HostSelection::Kind::kTop ? std::min(records, selection_.top) : records;
}

}  // namespace hostscope::exporter
