#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ipfix/accounting.h"
#include "ipfix/address.h"
#include "ipfix/settings.h"
#include "ipfix/token_bucket.h"

namespace hostscope::ipfix {

/// What became of the datagrams of the exporters that one rule matched, once their header was read. One
/// decoding thread writes, any reads.
struct PolicyBooks {
  CounterArray<DatagramOutcome> outcomes;
};

/// What else than decoded they may have become.
inline constexpr std::array kRuleDrops{DatagramOutcome::kMalformed, DatagramOutcome::kExporterTableFull,
                                       DatagramOutcome::kAddressFull, DatagramOutcome::kRateLimited};

/// A rule at work in one decoder.
struct PolicyRule {
  ExporterRule rule;
  TokenBucket bucket;                  ///< of all exporters of the rule together; decoding thread
  std::shared_ptr<PolicyBooks> books;  ///< a policy that replaces this one goes on with them
};

/// Who may send to one decoder, how what they send is read, and how much of it: the part of Settings that can
/// be replaced while a decoder runs. Constructed and destroyed on any thread; in between what is not const is
/// the decoding thread's.
class ExporterPolicy {
 public:
  /// With `before`, the books of rules with the same prefix are gone on with. Control thread.
  explicit ExporterPolicy(const Settings& settings, const ExporterPolicy* before = nullptr);

  /// The rule of the longest prefix that contains the address, else the one for all others; null where they
  /// are refused. A binary search for each length that rules have.
  PolicyRule* Find(const Address& address) noexcept;

  /// The clock that limits are kept by was set by so much. Decoding thread.
  void ShiftClock(std::int64_t ns) noexcept {
    for (PolicyRule& rule : rules_) rule.bucket.ShiftClock(ns);
  }

  /// The last is for exporters that no rule matches; its prefix means nothing.
  const std::vector<PolicyRule>& rules() const noexcept { return rules_; }
  bool refuses_others() const noexcept { return refuses_others_; }

 private:
  /// Rules of one prefix length, in rules_: [begin, end).
  struct Length {
    std::size_t begin = 0;
    std::size_t end = 0;
  };

  std::vector<PolicyRule> rules_;  ///< longest prefix first, then by address; then the one for others
  std::vector<Length> lengths_;
  bool refuses_others_;
};

/// What one rule made of datagrams, as values.
struct RuleStatus {
  Prefix prefix;
  std::string name;
  bool is_for_others = false;  ///< it stands for the exporters that no rule matches, and has no prefix
  CounterArray<DatagramOutcome> outcomes;
};
/// Adds the policy's books to `sums`, which is empty, or of the same rules. Any thread, while the policy
/// lives.
void AddTo(std::vector<RuleStatus>& sums, const ExporterPolicy& policy);

}  // namespace hostscope::ipfix
