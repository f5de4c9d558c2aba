#pragma once

#include <atomic>
#include <cstdint>

#include "ipfix/accounting.h"
#include "ipfix/address.h"
#include "ipfix/bounded_map.h"
#include "ipfix/exporter_policy.h"
#include "ipfix/held_data.h"
#include "ipfix/sampling.h"
#include "ipfix/sequence.h"
#include "ipfix/time.h"

namespace hostscope::ipfix {

/// An exporter, as RFC 7011 section 8 tells them apart over UDP: the source ("session") and its Observation
/// Domain. The domain is part of it because line cards of one router reuse template ids.
struct ExporterKey {
  Address address;
  std::uint32_t domain = 0;  ///< Observation Domain ID, v9 source id, or v5 engine type and id
  std::uint16_t port = 0;

  std::uint64_t Mix(std::uint64_t seed) const noexcept {
    return MixBits(MixBits(address.high_bits() ^ seed) ^ address.low_bits() ^
                   MixBits((std::uint64_t{domain} << 16 | port) ^ seed));
  }
  friend bool operator==(const ExporterKey&, const ExporterKey&) = default;
};

/// What is known of one exporter. Allocated once with the table and reused.
struct Exporter {
  Accounting accounting;
  const ExporterSettings* settings = nullptr;  ///< of `rule`
  PolicyRule* rule = nullptr;  ///< of the decoder's policy, or of the one before; null: refused
  SequenceTracker sequence;
  ReceiveTime last_received;
  ReceiveTime template_received;  ///< the last of its templates, new or again
  std::int64_t clock_offset_ns = 0;
  SamplingRate last_rate;
  std::uint64_t flow_sets = 0;      ///< sets of flow records met so far, and
  std::uint64_t last_rate_set = 0;  ///< which of them last_rate is from: sets may be read in another order
  std::uint32_t jobs = 0;           ///< handed out and not back yet: it must not be forgotten meanwhile
  std::uint32_t templates = 0;
  std::size_t template_bytes = 0;  ///< of their records
  HeldData::List held;             ///< sets that wait for their template
  std::uint32_t active_epoch = 0;  ///< the decoder's epoch in which it was last heard
  std::uint32_t policy = 0;        ///< number of the policy that `rule` is of
  std::uint16_t version = 0;
  bool saw_nsel_update = false;
};

using ExporterTable = BoundedMap<ExporterKey, Exporter>;

/// How many exporters have an address.
struct SourceKey {
  Address address;

  std::uint64_t Mix(std::uint64_t seed) const noexcept {
    return MixBits(MixBits(address.high_bits() ^ seed) ^ address.low_bits());
  }
  friend bool operator==(const SourceKey&, const SourceKey&) = default;
};

using SourceTable = BoundedMap<SourceKey, std::uint32_t>;

/// Options data give the rate of a selector to an exporter's address and domain, whatever the port: some
/// exporters send options from another port than data.
struct SamplerKey {
  Address address;
  std::uint64_t selector = 0;
  std::uint32_t domain = 0;
  bool is_default = false;  ///< the rate for records that name no selector

  std::uint64_t Mix(std::uint64_t seed) const noexcept {
    return MixBits(MixBits(address.high_bits() ^ seed) ^ address.low_bits() ^
                   MixBits(selector ^ std::uint64_t{domain} << 32 ^ seed ^ (is_default ? 1U : 0U)));
  }
  friend bool operator==(const SamplerKey&, const SamplerKey&) = default;
};

/// Value of a SamplerKey. The entry with is_default also remembers the selector announced last.
struct Sampler {
  SamplingRate rate;
  SamplingRate last_rate;       ///< announced last by any selector
  bool is_system_wide = false;  ///< rate was announced without a selector
  ReceiveTime last_received;
  ReceiveTime told;  ///< when an observer took it last
};

using SamplerTable = BoundedMap<SamplerKey, Sampler>;

}  // namespace hostscope::ipfix
