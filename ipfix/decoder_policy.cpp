#include <algorithm>

#include "ipfix/decoder_state.h"

// Which rule an exporter belongs to, also when the rules change while it sends.
namespace hostscope::ipfix {
namespace {

/// How many exporters a call of Expire() moves to a new policy, and the least share of the table: so that it
/// is over after one call with few exporters, and after half a minute of them with any number.
constexpr std::uint32_t kRebindAtOnce = 4096;
constexpr std::uint32_t kRebindShare = 32;

}  // namespace

/// Finds the rule of the message's exporter. False: it may not send.
bool Decoder::Impl::Bind(Message& message) noexcept {
  if (message.exporter_index == ExporterTable::kNone) {
    message.rule = policy_->Find(message.key.address);
  } else {
    if (exporters_[message.exporter_index].policy != policy_version_) Rebind(message.exporter_index);
    message.rule = exporters_[message.exporter_index].rule;
  }
  return message.rule != nullptr;
}

/// Moves a known exporter from the policy before to the one in force. One that this refuses has no rule then,
/// and Expire() forgets it.
void Decoder::Impl::Rebind(std::uint32_t index) noexcept {
  SetRule(exporters_[index], policy_->Find(exporters_.KeyOf(index).address));
  --old_references_;
}

void Decoder::Impl::SetRule(Exporter& exporter, PolicyRule* rule) noexcept {
  exporter.rule = rule;
  exporter.settings = rule == nullptr ? nullptr : &rule->rule.settings;
  exporter.policy = policy_version_;
}

void Decoder::Impl::RebindSome() noexcept {
  if (old_references_ == 0) return;
  std::uint32_t left = std::max(kRebindAtOnce, exporters_.capacity() / kRebindShare);
  for (left = std::min(left, exporters_.capacity()); left > 0; --left) {
    if (rebind_position_ >= exporters_.capacity()) rebind_position_ = 0;
    const std::uint32_t index = rebind_position_++;
    if (exporters_.IsUsed(index) && exporters_[index].policy != policy_version_) Rebind(index);
  }
}

void Decoder::Impl::Adopt(ExporterPolicy& policy) noexcept {
  policy_ = &policy;
  ++policy_version_;
  old_references_ = exporters_.size() + jobs_;
}

}  // namespace hostscope::ipfix
