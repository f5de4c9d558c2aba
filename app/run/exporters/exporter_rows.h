#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/run/exporters/exporter_rates.h"
#include "dataplane/snapshot.h"
#include "ipfix/accounting.h"
#include "ipfix/prefix.h"

namespace hostscope::app {

/// What there is to say of an address that sends, or of one of its observation domains behind one source
/// port. Counts are since its decoder knows it.
struct ExporterRow {
  Address address;
  std::string name;               ///< of the configuration's rule that it matches
  std::set<std::uint16_t> ports;  ///< sources
  std::set<std::uint32_t> domains;
  std::set<std::uint16_t> versions;
  std::set<std::size_t> workers;
  std::size_t exporters = 0;  ///< address, source port and domain: that make up this row
  ReceiveTime last_received;
  ExporterRate rate;

  std::uint64_t received = 0;
  std::array<std::uint64_t, ipfix::CounterArray<ipfix::DatagramOutcome>::kSize> outcomes{};
  std::uint64_t records_seen = 0;
  std::uint64_t records_counted = 0;
  std::array<std::uint64_t, ipfix::CounterArray<ipfix::RecordSkip>::kSize> skipped{};

  std::uint64_t sequence_expected = 0;
  std::uint64_t sequence_lost = 0;
  std::uint64_t sequence_gaps = 0;
  std::uint64_t sequence_resets = 0;

  std::set<double> sampling_rates;  ///< applied last, of each
  std::set<double> announced_rates;
  std::set<ipfix::SamplingOrigin> sampling_origins;

  std::uint64_t templates = 0;
  ReceiveTime template_received;  ///< the epoch: none since it is known
  std::array<std::uint64_t, ipfix::CounterArray<ipfix::TemplateRefusal>::kSize> refused{};
  std::uint64_t held_sets = 0;
  std::uint64_t held_bytes = 0;
  std::uint64_t unknown_sets = 0;  ///< whose template never came in time

  std::int64_t clock_offset_ns =
      0;  ///< export time minus arrival, of its last datagram; the one furthest off
};

enum class RowsPer { kAddress, kDomain };

struct ExporterRows {
  std::size_t all = 0;            ///< that there are
  std::vector<ExporterRow> rows;  ///< those with most datagrams a second, most first
};

/// At most `most` rows of the exporters in `within`.
ExporterRows RowsOf(const dataplane::DataplaneSnapshot& snapshot, const ExporterRates& rates, RowsPer per,
                    const std::optional<Prefix>& within, std::size_t most);

/// As docs/openapi.yaml has it.
std::string ToJson(const ExporterRow& row);

}  // namespace hostscope::app
