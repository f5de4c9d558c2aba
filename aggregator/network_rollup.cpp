#include "aggregator/network_rollup.h"

#include <optional>

namespace hostscope::aggregator {

bool NetworkRollup::AddHost(const HostSlot& host, const SketchPool& pool, const WideCounters& wide) {
  const std::uint32_t network = networks_.Find(host.host());
  if (!MoveTo(host.host(), paths_.Around(network))) return false;
  innermost().AddHost(host, pool, wide);
  return true;
}

bool NetworkRollup::AddOther(std::uint32_t network, const HostSlot& other, const SketchPool& pool,
                             const WideCounters& wide) {
  if (!MoveTo(networks_.prefixes()[network].network, paths_.To(network))) return false;
  innermost().AddOther(other, pool, wide);
  return true;
}

bool NetworkRollup::Finish() {
  walk_.Finish([this](std::size_t depth) { Leave(depth); });
  return !has_ended_;
}

bool NetworkRollup::MoveTo(const Address& address, std::span<const NetworkPaths::Step> path) {
  walk_.MoveTo(
      address, path, [this](std::size_t depth) { Leave(depth); },
      [&](std::size_t depth, const NetworkPaths::Step& step) { Enter(depth, step, address); });
  return !has_ended_;
}

void NetworkRollup::Enter(std::size_t depth, const NetworkPaths::Step& step, const Address& address) {
  if (depth == totals_.size()) totals_.push_back(std::make_unique<NetworkTotals>());
  const NetworkTotals* within = nullptr;
  for (std::size_t around = depth; around-- > 0 && within == nullptr;) {
    if (totals_[around]->is_monitored()) within = totals_[around].get();
  }
  const bool is_monitored = step.network != NetworkSet::kNone;
  // Its `other` record came before any of its hosts.
  const bool is_incomplete = !is_monitored && within->has_own_other();
  totals_[depth]->Begin(Prefix::Ipv6(address, step.length),
                        within != nullptr ? std::optional(within->prefix()) : std::nullopt, is_monitored,
                        is_incomplete);
}

void NetworkRollup::Leave(std::size_t depth) {
  if (has_ended_) return;
  has_ended_ = !visit_(*totals_[depth]);
  if (depth > 0) totals_[depth - 1]->AddNetwork(*totals_[depth]);
}

}  // namespace hostscope::aggregator
