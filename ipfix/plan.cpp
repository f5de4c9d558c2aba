#include "ipfix/plan.h"

#include <algorithm>
#include <cstdlib>
#include <initializer_list>

#include "ipfix/wire.h"

namespace hostscope::ipfix {
namespace {

constexpr std::size_t kMeanings = static_cast<std::size_t>(Meaning::kCount);
constexpr std::size_t kIpv4Length = 4;
constexpr std::size_t kIpv6Length = 16;
constexpr std::size_t kNtpLength = 8;

constexpr struct {
  Column column;
  PlainNumber number;
} kPlainColumns[] = {
    {Column::kProtocol, PlainNumber::kProtocol}, {Column::kTcpFlags, PlainNumber::kTcpFlags},
    {Column::kPackets, PlainNumber::kPackets},   {Column::kBytes, PlainNumber::kBytes},
    {Column::kStart, PlainNumber::kStart},       {Column::kEnd, PlainNumber::kEnd},
};

/// Where in a record an element stands: `offset` bytes behind the end of the `variable_fields`-th
/// variable-length field (0: the record's start).
struct Location {
  std::uint16_t length = 0;  ///< 0: absent, or of no use
  std::uint16_t offset = 0;
  std::uint16_t variable_fields = 0;
  std::uint16_t order = 0;  ///< among the template's fields
};

/// Builds one plan. Only lives during CompilePlan().
class Compiler {
 public:
  Compiler(Plan& plan, const ExporterSettings& settings) noexcept : plan_(plan), settings_(settings) {}

  bool Locate(std::span<const FieldSpecifier> fields) noexcept;
  void EmitDataSteps() noexcept;
  void EmitOptionsSteps() noexcept;
  void NumberAnchors() noexcept;

 private:
  bool Has(Meaning meaning) const noexcept { return At(meaning).length != 0; }
  bool HasOfLength(Meaning meaning, std::size_t length) const noexcept {
    return At(meaning).length == length;
  }
  bool HasNumber(Meaning meaning) const noexcept {
    return At(meaning).length >= 1 && At(meaning).length <= sizeof(std::uint64_t);
  }
  const Location& At(Meaning meaning) const noexcept { return locations_[static_cast<std::size_t>(meaning)]; }

  void Emit(ReadKind kind, Meaning meaning, Column column = Column::kCount) noexcept;
  bool EmitColumn(Column column, Meaning meaning) noexcept;
  bool EmitFirst(Column column, std::initializer_list<Meaning> candidates) noexcept;
  bool EmitPair(TimeEncoding encoding, Meaning start, Meaning end, std::size_t length) noexcept;
  bool EmitNumberPair(TimeEncoding encoding, Meaning start, Meaning end) noexcept;

  void EmitAddresses() noexcept;
  void EmitPorts() noexcept;
  void EmitCounters() noexcept;
  void EmitReverse() noexcept;
  void EmitTcpFlags() noexcept;
  void EmitTimes() noexcept;
  void EmitSampling() noexcept;
  void LayOutPlain() noexcept;

  Plan& plan_;
  const ExporterSettings& settings_;
  std::array<Location, kMeanings> locations_{};
};

bool Compiler::Locate(std::span<const FieldSpecifier> fields) noexcept {
  std::uint32_t offset = 0;
  std::uint32_t fixed_bytes = 0;
  std::uint16_t order = 0;
  for (const FieldSpecifier& field : fields) {
    Location& location = locations_[static_cast<std::size_t>(MeaningOf(field))];
    if (location.length == 0) {
      location = {field.length, static_cast<std::uint16_t>(offset), plan_.variable_fields, order};
    }
    ++order;
    if (field.length != kVariableLength) {
      offset += field.length;
      fixed_bytes += field.length;
      if (offset >= kVariableLength) return false;  // no datagram could hold a record of it
      continue;
    }
    if (plan_.variable_fields == Plan::kMaxVariableFields) return false;
    plan_.gaps[plan_.variable_fields++] = static_cast<std::uint16_t>(offset);
    offset = 0;
  }
  plan_.tail_bytes = static_cast<std::uint16_t>(offset);
  plan_.minimum_length = fixed_bytes + plan_.variable_fields;
  return plan_.minimum_length > 0;
}

void Compiler::Emit(ReadKind kind, Meaning meaning, Column column) noexcept {
  if (plan_.step_count == Plan::kMaxSteps)
    return;  // there are fewer meanings than steps; see the assertion below
  const Location& location = At(meaning);
  plan_.steps[plan_.step_count++] = {kind, column, location.length, location.offset,
                                     location.variable_fields};
  if (column != Column::kCount) plan_.columns |= 1U << static_cast<unsigned>(column);
}
static_assert(static_cast<unsigned>(Column::kCount) + 16 <= Plan::kMaxSteps,
              "each column is filled by at most two steps, and most by one");

bool Compiler::EmitColumn(Column column, Meaning meaning) noexcept {
  if (!HasNumber(meaning)) return false;
  Emit(ReadKind::kColumn, meaning, column);
  return true;
}

bool Compiler::EmitFirst(Column column, std::initializer_list<Meaning> candidates) noexcept {
  return std::any_of(candidates.begin(), candidates.end(),
                     [&](Meaning candidate) { return EmitColumn(column, candidate); });
}

void Compiler::EmitAddresses() noexcept {
  const bool ipv4 =
      HasOfLength(Meaning::kSourceIpv4, kIpv4Length) && HasOfLength(Meaning::kDestinationIpv4, kIpv4Length);
  const bool ipv6 =
      HasOfLength(Meaning::kSourceIpv6, kIpv6Length) && HasOfLength(Meaning::kDestinationIpv6, kIpv6Length);
  plan_.has_addresses = ipv4 || ipv6;
  plan_.has_both_families = ipv4 && ipv6;
  plan_.ipv6_comes_first = ipv6 && At(Meaning::kSourceIpv6).order < At(Meaning::kSourceIpv4).order;
  if (ipv6) {
    Emit(ReadKind::kSourceIpv6, Meaning::kSourceIpv6);
    Emit(ReadKind::kDestinationIpv6, Meaning::kDestinationIpv6);
  }
  if (ipv4) {
    Emit(ipv6 ? ReadKind::kOtherSourceIpv4 : ReadKind::kSourceIpv4, Meaning::kSourceIpv4);
    Emit(ipv6 ? ReadKind::kOtherDestinationIpv4 : ReadKind::kDestinationIpv4, Meaning::kDestinationIpv4);
  }
  if (plan_.has_both_families) EmitColumn(Column::kIpVersion, Meaning::kIpVersion);
  if (plan_.has_addresses) return;
  if (Has(Meaning::kDataLinkSection)) {
    Emit(ReadKind::kSection, Meaning::kDataLinkSection);
    plan_.has_section = true;
  } else if (Has(Meaning::kIpSection)) {
    Emit(ReadKind::kIpSection, Meaning::kIpSection);
    plan_.has_section = true;
  }
}

void Compiler::EmitPorts() noexcept {
  EmitColumn(Column::kProtocol, Meaning::kProtocol);
  if (HasNumber(Meaning::kSourcePort) && HasNumber(Meaning::kDestinationPort)) {
    Emit(ReadKind::kSourcePort, Meaning::kSourcePort);
    Emit(ReadKind::kDestinationPort, Meaning::kDestinationPort);
    plan_.has_ports = true;
    return;
  }
  constexpr struct {
    Meaning source, destination;
    ReadKind read_source, read_destination;
  } kOfTransport[] = {
      {Meaning::kUdpSourcePort, Meaning::kUdpDestinationPort, ReadKind::kUdpSourcePort,
       ReadKind::kUdpDestinationPort},
      {Meaning::kTcpSourcePort, Meaning::kTcpDestinationPort, ReadKind::kTcpSourcePort,
       ReadKind::kTcpDestinationPort},
  };
  for (const auto& ports : kOfTransport) {
    if (!HasNumber(ports.source) || !HasNumber(ports.destination)) continue;
    Emit(ports.read_source, ports.source);
    Emit(ports.read_destination, ports.destination);
    plan_.has_ports = true;
    plan_.has_implied_protocol = true;
  }
}

/// Deltas, else initiator's counters, else totals, else counters behind the observation point, else of
/// layer 2. Bytes and packets are chosen apart, since some exporters send only one of them.
void Compiler::EmitCounters() noexcept {
  const bool delta_bytes = EmitColumn(Column::kBytes, Meaning::kOctetDelta);
  const bool delta_packets = EmitColumn(Column::kPackets, Meaning::kPacketDelta);
  bool substitute = false;
  if (!delta_bytes) {
    substitute |= EmitFirst(Column::kBytes, {Meaning::kInitiatorOctets, Meaning::kOctetTotal});
    if (!plan_.Has(Column::kBytes) && !settings_.post_counters_are_reverse) {
      substitute |= EmitFirst(Column::kBytes, {Meaning::kPostOctetDelta, Meaning::kPostOctetTotal});
    }
    if (!plan_.Has(Column::kBytes)) {
      substitute |= EmitFirst(Column::kBytes, {Meaning::kLayer2OctetDelta, Meaning::kLayer2OctetTotal});
    }
  }
  if (!delta_packets) {
    substitute |= EmitFirst(Column::kPackets, {Meaning::kInitiatorPackets, Meaning::kPacketTotal});
    if (!plan_.Has(Column::kPackets) && !settings_.post_counters_are_reverse) {
      substitute |= EmitFirst(Column::kPackets, {Meaning::kPostPacketDelta, Meaning::kPostPacketTotal});
    }
  }
  plan_.has_substitute_counters = substitute;
}

/// The other direction of a biflow (RFC 5103): reverse elements, or what the responder sent, or the post
/// counters of exporters that mean the reverse direction by them.
void Compiler::EmitReverse() noexcept {
  const bool delta_bytes = HasNumber(Meaning::kOctetDelta);
  const bool delta_packets = HasNumber(Meaning::kPacketDelta);
  bool bytes = delta_bytes ? EmitColumn(Column::kReverseBytes, Meaning::kReverseOctetDelta)
                           : EmitFirst(Column::kReverseBytes,
                                       {Meaning::kResponderOctets, Meaning::kReverseOctetTotal});
  bool packets = delta_packets ? EmitColumn(Column::kReversePackets, Meaning::kReversePacketDelta)
                               : EmitFirst(Column::kReversePackets,
                                           {Meaning::kResponderPackets, Meaning::kReversePacketTotal});
  if (settings_.post_counters_are_reverse) {
    if (!bytes) bytes = EmitColumn(Column::kReverseBytes, Meaning::kPostOctetDelta);
    if (!packets) packets = EmitColumn(Column::kReversePackets, Meaning::kPostPacketDelta);
  }
  if (!bytes && !packets) return;
  if (!EmitColumn(Column::kReverseTcpFlags, Meaning::kReverseTcpFlags) &&
      EmitColumn(Column::kReverseTcpFlags, Meaning::kReverseInitialTcpFlags) &&
      HasNumber(Meaning::kReverseUnionTcpFlags)) {
    Emit(ReadKind::kColumnOr, Meaning::kReverseUnionTcpFlags, Column::kReverseTcpFlags);
  }
  if (HasNumber(Meaning::kReverseStartMilliseconds) && HasNumber(Meaning::kReverseEndMilliseconds)) {
    EmitColumn(Column::kReverseStart, Meaning::kReverseStartMilliseconds);
    EmitColumn(Column::kReverseEnd, Meaning::kReverseEndMilliseconds);
  }
}

void Compiler::EmitTcpFlags() noexcept {
  if (EmitColumn(Column::kTcpFlags, Meaning::kTcpFlags)) return;
  if (EmitColumn(Column::kTcpFlags, Meaning::kInitialTcpFlags) && HasNumber(Meaning::kUnionTcpFlags)) {
    Emit(ReadKind::kColumnOr, Meaning::kUnionTcpFlags, Column::kTcpFlags);
  }
}

bool Compiler::EmitPair(TimeEncoding encoding, Meaning start, Meaning end, std::size_t length) noexcept {
  return HasOfLength(start, length) && HasOfLength(end, length) && EmitNumberPair(encoding, start, end);
}

bool Compiler::EmitNumberPair(TimeEncoding encoding, Meaning start, Meaning end) noexcept {
  if (!HasNumber(start) || !HasNumber(end)) return false;
  EmitColumn(Column::kStart, start);
  EmitColumn(Column::kEnd, end);
  plan_.times = encoding;
  return true;
}

void Compiler::EmitTimes() noexcept {
  if (EmitNumberPair(TimeEncoding::kMilliseconds, Meaning::kStartMilliseconds, Meaning::kEndMilliseconds) ||
      EmitNumberPair(TimeEncoding::kSeconds, Meaning::kStartSeconds, Meaning::kEndSeconds) ||
      EmitPair(TimeEncoding::kNtp, Meaning::kStartMicroseconds, Meaning::kEndMicroseconds, kNtpLength) ||
      EmitPair(TimeEncoding::kNtp, Meaning::kStartNanoseconds, Meaning::kEndNanoseconds, kNtpLength) ||
      EmitNumberPair(TimeEncoding::kDeltaMicroseconds, Meaning::kStartDeltaMicroseconds,
                     Meaning::kEndDeltaMicroseconds) ||
      EmitNumberPair(TimeEncoding::kUptime, Meaning::kStartUptime, Meaning::kEndUptime)) {
    return;
  }
  if (EmitColumn(Column::kEnd, Meaning::kDurationMilliseconds)) {
    plan_.times = TimeEncoding::kDurationMilliseconds;
  } else if (EmitColumn(Column::kEnd, Meaning::kDurationMicroseconds)) {
    plan_.times = TimeEncoding::kDurationMicroseconds;
  }
}

/// 305 and 306 come before 34 and 50 where a record has both: they are the newer elements (RFC 5477).
void Compiler::EmitSampling() noexcept {
  EmitColumn(Column::kSelector, Meaning::kSelectorId);
  if (EmitColumn(Column::kPacketInterval, Meaning::kPacketInterval)) {
    EmitColumn(Column::kPacketSpace, Meaning::kPacketSpace);
  }
  if (HasNumber(Meaning::kSamplingSize) && HasNumber(Meaning::kSamplingPopulation)) {
    EmitColumn(Column::kSamplingSize, Meaning::kSamplingSize);
    EmitColumn(Column::kSamplingPopulation, Meaning::kSamplingPopulation);
  }
  EmitFirst(Column::kInterval, {Meaning::kSamplingInterval, Meaning::kSamplerRandomInterval});
}

void Compiler::EmitDataSteps() noexcept {
  EmitAddresses();
  EmitPorts();
  EmitCounters();
  EmitReverse();
  EmitTcpFlags();
  EmitTimes();
  EmitSampling();
  if (settings_.direction != ExporterSettings::Direction::kBoth) {
    EmitColumn(Column::kDirection, Meaning::kFlowDirection);
  }
  EmitColumn(Column::kEvent, Meaning::kFirewallEvent);
  EmitColumn(Column::kNatEvent, Meaning::kNatEvent);
  plan_.is_nsel = plan_.Has(Column::kEvent) && !HasNumber(Meaning::kOctetDelta);
  const bool has_reverse = plan_.Has(Column::kReverseBytes) || plan_.Has(Column::kReversePackets);
  const bool has_filters =
      plan_.Has(Column::kDirection) || plan_.Has(Column::kEvent) || plan_.Has(Column::kNatEvent);
  const bool is_plain = plan_.has_addresses && !plan_.has_both_families && plan_.has_ports &&
                        plan_.Has(Column::kProtocol) && !plan_.has_implied_protocol && !has_reverse &&
                        !has_filters;
  if (is_plain && plan_.is_fixed_length()) LayOutPlain();
}

/// The same as the steps say, by place instead of by step. YAF's initial and union flags are OR-ed: not
/// plain.
void Compiler::LayOutPlain() noexcept {
  PlainLayout& plain = plan_.plain;
  plain.is_usable = true;
  const auto number = [&](PlainNumber which, const ReadStep& step) {
    constexpr std::uint16_t kWidth = sizeof(std::uint64_t);
    plain[which] = {step.offset + step.length - kWidth,
                    step.length == kWidth ? UINT64_MAX : (std::uint64_t{1} << 8 * step.length) - 1};
  };
  for (const ReadStep& step : plan_.all_steps()) {
    switch (step.kind) {
      case ReadKind::kSourceIpv4:
      case ReadKind::kSourceIpv6:
        plain.source = step.offset;
        plain.is_ipv6 = step.kind == ReadKind::kSourceIpv6;
        break;
      case ReadKind::kDestinationIpv4:
      case ReadKind::kDestinationIpv6:
        plain.destination = step.offset;
        break;
      case ReadKind::kSourcePort:
        number(PlainNumber::kSourcePort, step);
        break;
      case ReadKind::kDestinationPort:
        number(PlainNumber::kDestinationPort, step);
        break;
      case ReadKind::kColumn:
        for (const auto& [column, which] : kPlainColumns) {
          if (step.column == column) number(which, step);
        }
        break;
      default:
        plain.is_usable = false;
        break;
    }
  }
}

void Compiler::EmitOptionsSteps() noexcept {
  plan_.is_options = true;
  EmitSampling();
}

void Compiler::NumberAnchors() noexcept {
  const std::span<ReadStep> steps{plan_.steps.data(), plan_.step_count};
  std::array<bool, Plan::kMaxVariableFields + 1> is_used{};
  for (const ReadStep& step : steps) is_used[step.anchor] = true;
  std::array<std::uint16_t, Plan::kMaxVariableFields + 1> number{};
  for (std::uint16_t field = 1; field <= plan_.variable_fields; ++field) {
    if (!is_used[field]) continue;
    plan_.anchors[plan_.anchor_count++] = static_cast<std::uint16_t>(field - 1);
    number[field] = plan_.anchor_count;
  }
  for (ReadStep& step : steps) step.anchor = number[step.anchor];
}

Plan MakeNetflow5Plan() noexcept {
  constexpr FieldSpecifier kFields[] = {
      {0, 8, 4},  {0, 12, 4}, {0, 15, 4}, {0, 10, 2}, {0, 14, 2},  {0, 2, 4},   {0, 1, 4},
      {0, 22, 4}, {0, 21, 4}, {0, 7, 2},  {0, 11, 2}, {0, 210, 1}, {0, 6, 1},   {0, 4, 1},
      {0, 5, 1},  {0, 16, 2}, {0, 17, 2}, {0, 9, 1},  {0, 13, 1},  {0, 210, 2},
  };
  Plan plan;
  const bool usable = CompilePlan(kFields, false, ExporterSettings{}, plan);
  if (!usable || plan.minimum_length != kNetflow5RecordLength) std::abort();
  return plan;
}

}  // namespace

bool CompilePlan(std::span<const FieldSpecifier> fields, bool is_options, const ExporterSettings& settings,
                 Plan& plan) noexcept {
  plan = Plan{};
  Compiler compiler(plan, settings);
  if (!compiler.Locate(fields)) return false;
  if (is_options) {
    compiler.EmitOptionsSteps();
  } else {
    compiler.EmitDataSteps();
  }
  compiler.NumberAnchors();
  return true;
}

const Plan& Netflow5Plan() noexcept {
  static const Plan kPlan = MakeNetflow5Plan();
  return kPlan;
}

}  // namespace hostscope::ipfix
