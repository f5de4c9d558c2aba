#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "ipfix/meaning.h"
#include "ipfix/settings.h"

namespace hostscope::ipfix {

/// Values of a record that need more than being stored: one array each in the reader's scratch space, so that
/// every step of a plan is a loop over records and not a decision per field.
enum class Column : std::uint8_t {
  kPackets,
  kBytes,
  kReversePackets,
  kReverseBytes,
  kProtocol,
  kTcpFlags,
  kReverseTcpFlags,
  kStart,
  kEnd,
  kReverseStart,
  kReverseEnd,
  kIpVersion,
  kDirection,
  kEvent,
  kNatEvent,
  kSelector,
  kInterval,
  kPacketInterval,
  kPacketSpace,
  kSamplingSize,
  kSamplingPopulation,
  kCount
};

/// What one step reads and where it puts it.
enum class ReadKind : std::uint8_t {
  kSourceIpv6,
  kDestinationIpv6,
  kSourceIpv4,
  kDestinationIpv4,  ///< into the flow record
  kOtherSourceIpv4,
  kOtherDestinationIpv4,  ///< aside, where a record has both families: it decides which one counts
  kSourcePort,
  kDestinationPort,
  kUdpSourcePort,
  kUdpDestinationPort,
  kTcpSourcePort,
  kTcpDestinationPort,  ///< these imply the protocol
  kColumn,              ///< an unsigned integer of 1 to 8 bytes into `column`
  kColumnOr,            ///< the same, OR-ed to what is there (YAF's initial and union TCP flags)
  kSection,             ///< where a packet section stands: it starts with a link header, or
  kIpSection,           ///< with an IP header
};

struct ReadStep {
  ReadKind kind;
  Column column;
  std::uint16_t length;  ///< bytes; kVariableLength: a length of 1 or 3 bytes comes first
  std::uint16_t offset;  ///< from the anchor
  std::uint16_t
      anchor;  ///< 0 is the record's start; n is the end of variable-length field plan.anchors[n - 1]
};

/// How a record says when the flow began and ended.
enum class TimeEncoding : std::uint8_t {
  kNone,
  kMilliseconds,       ///< 152, 153
  kSeconds,            ///< 150, 151
  kNtp,                ///< 154 to 157: 32 bits of seconds, 32 of fraction (RFC 7011 section 6.1.9)
  kUptime,             ///< 22, 21: milliseconds of sysUptime, which wrap after 49.7 days
  kDeltaMicroseconds,  ///< 158, 159: before the export time
  kDurationMilliseconds,
  kDurationMicroseconds,
};

/// Numbers of a plain record.
enum class PlainNumber : std::uint8_t {
  kSourcePort,
  kDestinationPort,
  kProtocol,
  kTcpFlags,
  kPackets,
  kBytes,
  kStart,
  kEnd,
  kCount
};

/// Where the fields of a plain record stand: at fixed places, so that a record is read by the same few
/// instructions whatever its template. A number of 1 to 8 bytes is read as the eight bytes that end where it
/// ends.
struct PlainLayout {
  struct Number {
    std::int32_t offset = 0;  ///< of those eight bytes; up to 7 before the record
    std::uint64_t mask = 0;   ///< of the number in them; 0: the record has none
  };
  std::array<Number, static_cast<std::size_t>(PlainNumber::kCount)> numbers;
  std::uint16_t source = 0;  ///< offsets of the addresses
  std::uint16_t destination = 0;
  bool is_ipv6 = false;
  bool is_usable = false;

  const Number& operator[](PlainNumber number) const noexcept {
    return numbers[static_cast<std::size_t>(number)];
  }
  Number& operator[](PlainNumber number) noexcept { return numbers[static_cast<std::size_t>(number)]; }
};

/// A template, compiled once when it is learned: which bytes of a record to read into what. Running it costs
/// no look-up per field, and for records of fixed length no check per field either. Fixed size, so that the
/// caps of `Settings` bound the memory of all templates.
struct Plan {
  static constexpr std::size_t kMaxSteps = 48;
  static constexpr std::size_t kMaxVariableFields = 256;

  std::array<ReadStep, kMaxSteps> steps;
  /// For each variable-length field, the number of fixed bytes before it since the previous one.
  std::array<std::uint16_t, kMaxVariableFields> gaps;
  /// Which variable-length fields (by index into gaps) some step is counted from; ascending.
  std::array<std::uint16_t, kMaxSteps> anchors;

  std::uint16_t step_count = 0;
  std::uint16_t variable_fields = 0;
  std::uint16_t anchor_count = 0;
  std::uint16_t tail_bytes = 0;      ///< fixed bytes behind the last variable-length field (or all there are)
  std::uint32_t minimum_length = 0;  ///< fixed bytes + 1 for each variable-length field; at least 1

  std::uint32_t columns = 0;  ///< a bit for each Column that some step fills
  TimeEncoding times = TimeEncoding::kNone;
  bool is_options = false;
  bool has_addresses = false;  ///< source and destination, of the same family
  bool has_both_families = false;
  bool ipv6_comes_first =
      false;                 ///< of both families, IPv6 is the outer one: it stands first in the template
  bool has_section = false;  ///< a packet section, read where there are no addresses
  bool has_ports = false;
  bool has_implied_protocol = false;     ///< ports from elements 180 to 183
  bool has_substitute_counters = false;  ///< totals or initiator/responder counters instead of deltas
  bool is_nsel = false;                  ///< firewall events in Cisco ASA's sense
  /// Usable where every record is one flow record, nothing but its own fields decides on it, and it has a
  /// fixed length.
  PlainLayout plain;

  bool Has(Column column) const noexcept { return (columns >> static_cast<unsigned>(column) & 1U) != 0; }
  /// Records have no packet or byte counter at all, and no packet that could be counted.
  bool lacks_counters() const noexcept { return !has_counters() && !has_section; }
  bool has_counters() const noexcept { return Has(Column::kPackets) || Has(Column::kBytes); }
  bool has_record_sampling() const noexcept {
    return Has(Column::kInterval) || Has(Column::kPacketInterval) || Has(Column::kSamplingPopulation);
  }
  bool is_fixed_length() const noexcept { return variable_fields == 0; }
  /// A record says something of its own sampling: a rate, or which selector chose it.
  bool has_sampling() const noexcept { return Has(Column::kSelector) || has_record_sampling(); }
  std::span<const ReadStep> all_steps() const noexcept { return {steps.data(), step_count}; }
};

/// Compiles the fields of a (data or options) template into `plan`. False when the template can't be used: a
/// minimum length of 0, or more variable-length fields than kMaxVariableFields. An element that occurs twice
/// is read where it occurs first.
[[nodiscard]] bool CompilePlan(std::span<const FieldSpecifier> fields, bool is_options,
                               const ExporterSettings& settings, Plan& plan) noexcept;

/// The plan of NetFlow v5's 48-byte record, whose layout never varies.
const Plan& Netflow5Plan() noexcept;

}  // namespace hostscope::ipfix
