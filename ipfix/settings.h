#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ipfix/prefix.h"

namespace hostscope::ipfix {

class Remembered;

/// Settings that may differ per exporter, because exporters do. Chosen once, when an exporter is first heard,
/// by the longest matching `exporters` prefix of Settings.
struct ExporterSettings {
  /// Overrides whatever the exporter announces. 1 means unsampled.
  std::optional<std::uint32_t> sampling_rate;
  /// Multiply packets and bytes by the announced rate. Off: counters as exported.
  bool apply_sampling = true;
  /// NetFlow v5 sampling word: by default the low 14 bits are the interval; Juniper uses all 16.
  bool v5_sampling_uses_16_bits = false;
  /// postOctetDeltaCount / postPacketDeltaCount (23, 24) are the reverse direction's counters, not those
  /// behind the observation point. Some ASA and WLC releases mean the former.
  bool post_counters_are_reverse = false;
  /// Count only records of one flowDirection (element 61), where both ingress and egress are exported.
  enum class Direction : std::uint8_t { kBoth, kIngress, kEgress };
  Direction direction = Direction::kBoth;
  /// Cisco ASA NSEL: which events carry the bytes. Updates (event 5) carry deltas, a teardown (event 2)
  /// totals of the whole connection: counting both doubles. kAuto counts teardowns until a first update is
  /// seen.
  enum class Nsel : std::uint8_t { kAuto, kUpdates, kTeardowns };
  Nsel nsel = Nsel::kAuto;
  /// sysUptime and the switched times are in seconds (SonicWall), not milliseconds.
  bool uptime_in_seconds = false;
  /// Datagrams a second that one decoder takes of all exporters of the rule together; more are dropped before
  /// they are read. 0: all.
  std::uint32_t rate_limit = 0;
  /// Of these, how many may come at once. 0: a second's worth.
  std::uint32_t rate_burst = 0;
};

struct ExporterRule {
  Prefix prefix;
  ExporterSettings settings;
  std::string name = {};  ///< what operators call it; several prefixes may have the same. Empty: none
};

/// Everything the decoder can be told. Defaults suit a campus network.
struct Settings {
  std::vector<ExporterRule> exporters;  ///< longest prefix wins; order does not matter
  ExporterSettings default_exporter;    ///< for exporters that no rule matches
  bool only_listed_exporters = false;   ///< allow-list: an exporter that no rule matches is refused

  std::size_t max_exporters = 4096;               ///< (address, port, domain) tracked at once
  std::size_t max_exporters_per_address = 1024;   ///< so that one address can't use up all
  std::size_t max_templates = 16384;              ///< of all exporters together; each takes about 1.5 KiB
  std::size_t max_templates_per_exporter = 1024;  ///< so that one can't use up all
  /// Length of all template records as they were sent. What is known of them here does not depend on it; what
  /// an observer keeps does.
  std::size_t max_template_bytes = std::size_t{16} << 20;
  std::size_t max_template_bytes_per_exporter = std::size_t{256} << 10;
  std::size_t max_fields_per_template = 512;
  std::size_t max_samplers = 16384;  ///< selector id -> rate, of all exporters together

  /// Data sets that come before their template are held in so many bytes, of all exporters together, and
  /// read when it comes. 0: they are skipped.
  std::size_t held_bytes = 0;
  std::size_t held_bytes_per_exporter = std::size_t{256} << 10;  ///< so that one can't use up all
  std::int64_t held_lifetime_ns = 30LL * 1'000'000'000;

  /// How often a template may take another shape: so many times at once, and once more for each interval that
  /// has passed. 0: as often as it likes. One that changes faster is refused, and its data are skipped until
  /// it comes after such an interval.
  std::uint32_t max_template_changes = 10;
  std::int64_t template_change_interval_ns = 60LL * 1'000'000'000;

  /// What was known before a restart; null: nothing. Used for an exporter when it is first heard.
  std::shared_ptr<const Remembered> remembered;

  /// A template not refreshed for this long is dropped. 0: never, which suits captures.
  std::int64_t template_lifetime_ns = 24LL * 3600 * 1'000'000'000;
  /// An exporter silent for this long gives its place away when the table is full. 0: never.
  std::int64_t exporter_lifetime_ns = 24LL * 3600 * 1'000'000'000;
};

}  // namespace hostscope::ipfix
