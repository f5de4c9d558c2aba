#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ipfix/counter.h"

namespace hostscope::ipfix {

/// What became of one datagram handed to the decoder. Every datagram ends in exactly one of these, so that
/// received = decoded + the sum of all others.
enum class DatagramOutcome : std::uint8_t {
  kDecoded,            ///< its header was accepted and every set was read or skipped with a reason of its own
  kTooShort,           ///< shorter than the header of its version
  kUnknownVersion,     ///< the version word is none of 5, 9, 10 (and 0x8005 where accepted)
  kBadLength,          ///< IPFIX: header Length under 16 or beyond the payload (RFC 7011 section 3.1)
  kBadCount,           ///< NetFlow v5: count is 0, over 30, or more than the payload holds
  kMalformed,          ///< the first set was already broken, so that nothing of it could be read
  kExporterRefused,    ///< not on the allow-list
  kExporterTableFull,  ///< a new exporter while the configured number is being tracked
  kAddressFull,        ///< the same of those with one address: its source ports and observation domains
  kRateLimited,        ///< beyond what the exporter's rule allows a second
  kCount
};

/// Why a flow record that was seen is not counted for any host.
enum class RecordSkip : std::uint8_t {
  kNoAddresses,  ///< neither address fields nor a packet section that holds them
  kNatEvent,     ///< natEvent (element 230): an address translation, not traffic
  kNselEvent,    ///< ASA NSEL event without counters of its own: create, deny, or a teardown already counted
  kDirection,    ///< flowDirection (element 61) is not the one configured for this exporter
  kMalformed,    ///< a variable-length field ran beyond the set
  kUnmonitored,  ///< neither address is in a monitored network (counted by the aggregator)
  kCount
};

/// Why a set was not read (to its end).
enum class SetSkip : std::uint8_t {
  kUnknownTemplate,  ///< no template for its id, and none came while it could be held
  kBadLength,        ///< length under 4 or beyond the message; ends the message
  kReservedId,       ///< ids 4 to 255 (and 2, 3 in v9, 0, 1 in IPFIX): not assigned
  kBadTemplate,      ///< a template record that ends within itself or describes nothing
  kRefusedTemplate,  ///< its template took another shape, which was refused
  kCount
};

/// What became of a data set that came before its template, where such are held: met = read + expired +
/// no_room + those that are held now. Those that expired or found no room are SetSkip::kUnknownTemplate too.
enum class EarlySet : std::uint8_t {
  kMet,      ///< held, or at least meant to be
  kRead,     ///< the template came
  kExpired,  ///< it did not come in time, or its exporter was forgotten
  kNoRoom,   ///< beyond what is held of one exporter, or of all: the oldest of all go first
  kCount
};

/// What happened to templates.
enum class TemplateEvent : std::uint8_t {
  kLearned,    ///< new, or different from the one before
  kRefreshed,  ///< the same again
  kWithdrawn,  ///< withdrawal over UDP: ignored (RFC 7011 section 8.4)
  kRefused,    ///< see TemplateRefusal
  kExpired,    ///< dropped because not refreshed within its lifetime
  kRecalled,   ///< known from before a restart, when its exporter was first heard
  kStale,      ///< recalled, and dropped because data did not fit it
  kCount
};

/// Why a template was refused: TemplateEvent::kRefused = the sum of these.
enum class TemplateRefusal : std::uint8_t {
  kMalformed,      ///< it ends within itself, or has a reserved id
  kUnusable,       ///< records of no bytes, or of more than a datagram, or too many variable-length fields
  kTooManyFields,  ///< beyond Settings::max_fields_per_template
  kExporterFull,   ///< its exporter has max_templates_per_exporter
  kExporterBytes,  ///< its exporter's templates would be longer than max_template_bytes_per_exporter
  kTableFull,      ///< there are max_templates
  kTableBytes,     ///< all templates would be longer than max_template_bytes
  kUnstable,       ///< it changes more often than max_template_changes allows
  kCount
};

/// Names for counters, in `--stats`, metrics and documents: lower_snake_case, stable. `help` is one sentence.
struct CounterName {
  std::string_view name;
  std::string_view help;
};
const CounterName& NameOf(DatagramOutcome outcome) noexcept;
const CounterName& NameOf(RecordSkip reason) noexcept;
const CounterName& NameOf(SetSkip reason) noexcept;
const CounterName& NameOf(EarlySet event) noexcept;
const CounterName& NameOf(TemplateEvent event) noexcept;
const CounterName& NameOf(TemplateRefusal reason) noexcept;

/// A counter for each value of an enumeration that ends in kCount. One writing thread.
template <typename Enum>
class CounterArray {
 public:
  static constexpr std::size_t kSize = static_cast<std::size_t>(Enum::kCount);
  void Add(Enum which, std::uint64_t n = 1) noexcept { counters_[static_cast<std::size_t>(which)].Add(n); }
  std::uint64_t Get(Enum which) const noexcept { return counters_[static_cast<std::size_t>(which)].Get(); }
  std::uint64_t Total() const noexcept {
    std::uint64_t total = 0;
    for (const Counter& counter : counters_) total += counter.Get();
    return total;
  }

 private:
  std::array<Counter, kSize> counters_{};
};

/// The decoder's books. One per decoder (the sum over its exporters) and one per exporter. Written by the
/// decoding thread, read by any.
struct Accounting {
  Counter datagrams;  ///< handed to the decoder; = Total() of outcomes
  CounterArray<DatagramOutcome> outcomes;
  Counter records_seen;     ///< flow records met; = counted + skipped.Total()
  Counter records_counted;  ///< flow records given to the consumer
  CounterArray<RecordSkip> skipped;
  Counter options_records;      ///< options data records read; not flow records
  Counter scaled_records;       ///< counted ones that were multiplied by a sampling rate
  Counter without_counters;     ///< counted ones that carried no packet or byte counter at all
  Counter substitute_counters;  ///< counted ones that used total or initiator/responder counters
  Counter malformed_times;      ///< durations below zero: left out of the mean
  CounterArray<SetSkip> sets_skipped;
  CounterArray<EarlySet> early_sets;
  /// Sets that wait for their template now. What they hold is not known, so it is in no other figure.
  std::uint64_t HeldSets() const noexcept {
    const std::uint64_t gone = early_sets.Get(EarlySet::kRead) + early_sets.Get(EarlySet::kExpired) +
                               early_sets.Get(EarlySet::kNoRoom);
    const std::uint64_t met = early_sets.Get(EarlySet::kMet);
    return met - (gone < met ? gone : met);
  }
  CounterArray<TemplateEvent> templates;
  CounterArray<TemplateRefusal> refusals;
  Counter samplers_refused;   ///< sampling rates beyond the configured number of selectors
  Counter sequence_expected;  ///< units that should have come (records, datagrams or flows)
  Counter sequence_lost;      ///< of these, the estimate of what never reached us
  Counter sequence_gaps;      ///< times that numbers were missing; late datagrams don't take them back
  Counter sequence_resets;    ///< jumps taken as a restart, not as loss
};

}  // namespace hostscope::ipfix
