#include "dataplane/policy_handover.h"

#include <algorithm>

namespace hostscope::dataplane {

PolicyHandover::PolicyHandover(const ipfix::Settings& settings) {
  policies_.push_back(std::make_unique<ipfix::ExporterPolicy>(settings));
  taken_ = policies_.front().get();
  in_use_since_.store(taken_, std::memory_order_relaxed);
}

void PolicyHandover::Offer(const ipfix::Settings& settings) {
  auto offer = std::make_unique<ipfix::ExporterPolicy>(settings, policies_.back().get());
  // Whoever exchanges a policy for another owns it: here it comes back only where the worker did not take it.
  const ipfix::ExporterPolicy* const untaken = offered_.exchange(offer.get(), std::memory_order_acq_rel);
  if (untaken != nullptr) policies_.pop_back();
  const ipfix::ExporterPolicy* const oldest = in_use_since_.load(std::memory_order_acquire);
  const auto in_use = std::find_if(policies_.begin(), policies_.end(),
                                   [oldest](const auto& policy) { return policy.get() == oldest; });
  policies_.erase(policies_.begin(), in_use);
  policies_.push_back(std::move(offer));
}

ipfix::ExporterPolicy* PolicyHandover::Take() noexcept {
  // Nearly always there is none; then nothing is written that others read.
  if (offered_.load(std::memory_order_relaxed) == nullptr) return nullptr;
  taken_ = offered_.exchange(nullptr, std::memory_order_acquire);
  return taken_;
}

}  // namespace hostscope::dataplane
