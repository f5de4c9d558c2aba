#include "ipfix/record_reader.h"

#include <algorithm>

#include "ipfix/duration-inl.h"
#include "ipfix/packet_headers.h"
#include "ipfix/plain_reader.h"
#include "ipfix/protocols.h"
#include "ipfix/wire.h"

namespace hostscope::ipfix {
namespace {

/// firewallEvent (233), as Cisco ASA uses it.
enum FirewallEvent : std::uint64_t {
  kFlowCreated = 1,
  kFlowDeleted = 2,
  kFlowDenied = 3,
  kFlowAlert = 4,
  kFlowUpdate = 5
};

/// Cuts trailing bytes of zero: padding, however long (NX-OS pads with 24 to 36 bytes, Palo Alto to the
/// datagram's end).
std::size_t LengthWithoutZeroTail(std::span<const std::uint8_t> body) noexcept {
  std::size_t length = body.size();
  while (length > 0 && body[length - 1] == 0) --length;
  return length;
}

void SetDuration(FlowRecord& record, std::int64_t duration_us, std::int64_t no_duration) noexcept {
  if (duration_us == no_duration) {
    record.duration_us = 0;
    return;
  }
  record.duration_us = static_cast<std::uint64_t>(duration_us);
  record.traits |= FlowRecord::kHasDuration;
}

std::uint64_t ScaleCounter(std::uint64_t counter, SamplingRate rate) noexcept {
  return rate.IsScaling() ? rate.Scale(counter) : counter;
}

}  // namespace

const std::uint8_t* RecordReader::WalkRecord(const Plan& plan, const std::uint8_t* record,
                                             const std::uint8_t* end, std::size_t row) noexcept {
  const std::uint8_t* at = record;
  std::size_t anchor = 0;
  bases_[0][row] = record;
  for (std::size_t field = 0; field < plan.variable_fields; ++field) {
    if (static_cast<std::size_t>(end - at) < plan.gaps[field] + 1U) return nullptr;
    at += plan.gaps[field];
    std::size_t length = *at++;
    if (length == 255) {  // RFC 7011 section 7: a length of two bytes follows, whatever its value
      if (end - at < 2) return nullptr;
      length = LoadBe16(at);
      at += 2;
    }
    if (static_cast<std::size_t>(end - at) < length) return nullptr;
    at += length;
    if (anchor < plan.anchor_count && plan.anchors[anchor] == field) bases_[++anchor][row] = at;
  }
  if (static_cast<std::size_t>(end - at) < plan.tail_bytes) return nullptr;
  return at + plan.tail_bytes;
}

/// What to keep of a set: whole records, without those that are all zeros at its end.
std::span<const std::uint8_t> RecordReader::WithoutPadding(const Plan& plan,
                                                           std::span<const std::uint8_t> body) noexcept {
  const std::size_t length = LengthWithoutZeroTail(body);
  zero_tail_ = body.data() + length;
  if (!plan.is_fixed_length()) return body;  // TakeChunk() starts no record in the tail of zeros
  const std::size_t record_length = plan.minimum_length;
  const std::size_t records =
      std::min((length + record_length - 1) / record_length, body.size() / record_length);
  return body.first(records * record_length);
}

/// Finds where the next up to kChunk records stand and takes them off `body`.
std::size_t RecordReader::TakeChunk(const Plan& plan, std::span<const std::uint8_t>& body,
                                    bool& is_malformed) noexcept {
  std::size_t rows = 0;
  if (plan.is_fixed_length()) {
    rows = std::min(kChunk, body.size() / plan.minimum_length);
    for (std::size_t row = 0; row < rows; ++row) bases_[0][row] = body.data() + row * plan.minimum_length;
    body = body.subspan(rows * plan.minimum_length);
    return rows;
  }
  const std::uint8_t* const end = body.data() + body.size();
  const std::uint8_t* at = body.data();
  while (rows < kChunk && at < zero_tail_ && static_cast<std::size_t>(end - at) >= plan.minimum_length) {
    const std::uint8_t* const next = WalkRecord(plan, at, end, rows);
    if (next == nullptr) {
      is_malformed = true;
      body = body.last(0);
      return rows;
    }
    at = next;
    ++rows;
  }
  body = rows == kChunk && at < zero_tail_ ? body.subspan(static_cast<std::size_t>(at - body.data()))
                                           : body.last(0);
  return rows;
}

void RecordReader::ReadNumbers(const ReadStep& step, std::size_t rows, std::uint64_t* to) noexcept {
  const std::array<const std::uint8_t*, kChunk>& bases = bases_[step.anchor];
  const std::size_t offset = step.offset;
  switch (step.length) {
    case 1:
      for (std::size_t row = 0; row < rows; ++row) to[row] = bases[row][offset];
      break;
    case 2:
      for (std::size_t row = 0; row < rows; ++row) to[row] = LoadBe16(bases[row] + offset);
      break;
    case 4:
      for (std::size_t row = 0; row < rows; ++row) to[row] = LoadBe32(bases[row] + offset);
      break;
    case 8:
      for (std::size_t row = 0; row < rows; ++row) to[row] = LoadBe64(bases[row] + offset);
      break;
    default:
      for (std::size_t row = 0; row < rows; ++row) to[row] = LoadBe(bases[row] + offset, step.length);
      break;
  }
}

void RecordReader::ReadSections(const ReadStep& step, std::size_t rows) noexcept {
  for (std::size_t row = 0; row < rows; ++row) {
    const std::uint8_t* at = bases_[step.anchor][row] + step.offset;
    std::size_t length = step.length;
    if (length == kVariableLength) {
      length = *at++;
      if (length == 255) {
        length = LoadBe16(at);
        at += 2;
      }
    }
    sections_[row] = {{at, length}, step.kind == ReadKind::kIpSection};
  }
}

void RecordReader::RunStep(const ReadStep& step, std::size_t rows) noexcept {
  const std::array<const std::uint8_t*, kChunk>& bases = bases_[step.anchor];
  const std::size_t offset = step.offset;
  const auto ipv4 = [&](std::size_t row) {
    std::uint32_t address;
    std::memcpy(&address, bases[row] + offset, sizeof(address));
    return Address::FromIpv4(address);
  };
  const auto port = [&](std::size_t row) {
    return static_cast<std::uint16_t>(LoadBe(bases[row] + offset, step.length));
  };
  const auto ports = [&](std::uint16_t FlowRecord::*member) {
    if (step.length == sizeof(std::uint16_t)) {
      for (std::size_t row = 0; row < rows; ++row) scratch_[row].*member = LoadBe16(bases[row] + offset);
    } else {
      for (std::size_t row = 0; row < rows; ++row) scratch_[row].*member = port(row);
    }
  };
  const auto port_of = [&](std::uint16_t FlowRecord::*member, std::uint8_t protocol) {
    for (std::size_t row = 0; row < rows; ++row) {
      const std::uint16_t value = port(row);
      if (value == 0) continue;  // the other transport's, left empty
      scratch_[row].*member = value;
      scratch_[row].reserved = protocol;
    }
  };
  switch (step.kind) {
    case ReadKind::kSourceIpv4:
      for (std::size_t row = 0; row < rows; ++row) scratch_[row].source = ipv4(row);
      break;
    case ReadKind::kDestinationIpv4:
      for (std::size_t row = 0; row < rows; ++row) scratch_[row].destination = ipv4(row);
      break;
    case ReadKind::kSourceIpv6:
      for (std::size_t row = 0; row < rows; ++row)
        scratch_[row].source = Address::FromIpv6(bases[row] + offset);
      break;
    case ReadKind::kDestinationIpv6:
      for (std::size_t row = 0; row < rows; ++row)
        scratch_[row].destination = Address::FromIpv6(bases[row] + offset);
      break;
    case ReadKind::kOtherSourceIpv4:
      for (std::size_t row = 0; row < rows; ++row) other_source_[row] = ipv4(row);
      break;
    case ReadKind::kOtherDestinationIpv4:
      for (std::size_t row = 0; row < rows; ++row) other_destination_[row] = ipv4(row);
      break;
    case ReadKind::kSourcePort:
      ports(&FlowRecord::source_port);
      break;
    case ReadKind::kDestinationPort:
      ports(&FlowRecord::destination_port);
      break;
    case ReadKind::kUdpSourcePort:
      port_of(&FlowRecord::source_port, kUdp);
      break;
    case ReadKind::kUdpDestinationPort:
      port_of(&FlowRecord::destination_port, kUdp);
      break;
    case ReadKind::kTcpSourcePort:
      port_of(&FlowRecord::source_port, kTcp);
      break;
    case ReadKind::kTcpDestinationPort:
      port_of(&FlowRecord::destination_port, kTcp);
      break;
    case ReadKind::kColumn:
      ReadNumbers(step, rows, ColumnData(step.column));
      break;
    case ReadKind::kColumnOr: {
      std::array<std::uint64_t, kChunk> more;
      ReadNumbers(step, rows, more.data());
      for (std::size_t row = 0; row < rows; ++row) ColumnData(step.column)[row] |= more[row];
      break;
    }
    case ReadKind::kSection:
    case ReadKind::kIpSection:
      ReadSections(step, rows);
      break;
  }
}

void RecordReader::RunSteps(const Plan& plan, std::size_t rows) noexcept {
  if (plan.has_implied_protocol || plan.has_section || !plan.has_ports) {
    for (std::size_t row = 0; row < rows; ++row) scratch_[row] = FlowRecord{};
  }
  for (const ReadStep& step : plan.all_steps()) RunStep(step, rows);
}

void RecordReader::ComputeDurations(const Plan& plan, const ExporterSettings& settings, std::size_t rows,
                                    SetCounts& counts) noexcept {
  const auto compute = [&](TimeEncoding encoding, Column start_column, Column end_column, auto& to) {
    const std::uint64_t* const start = ColumnOrZeros(plan, start_column);
    const std::uint64_t* const end = ColumnOrZeros(plan, end_column);
    std::uint64_t malformed = 0;
    for (std::size_t row = 0; row < rows; ++row) {
      const FlowDuration duration = DurationOf(encoding, start[row], end[row], settings.uptime_in_seconds);
      malformed += duration.is_malformed;
      to[row] = duration.is_known ? duration.us : kNoDuration;
    }
    counts.malformed_times += malformed;
  };
  if (plan.times == TimeEncoding::kNone) {
    duration_us_.fill(kNoDuration);
  } else {
    compute(plan.times, Column::kStart, Column::kEnd, duration_us_);
  }
  if (plan.Has(Column::kReverseEnd)) {
    compute(TimeEncoding::kMilliseconds, Column::kReverseStart, Column::kReverseEnd, reverse_duration_us_);
  } else if (plan.Has(Column::kReversePackets) || plan.Has(Column::kReverseBytes)) {
    reverse_duration_us_ =
        duration_us_;  // RFC 5103 section 5: what has no reverse counterpart holds for both
  }
}

/// Both families are there: take the one whose addresses are not all zero. Where both are set, a tunnel is
/// described: take what ipVersion says, else the outer packet's, whose fields come first (Huawei sends SRv6
/// so).
void RecordReader::ChooseFamily(const Plan& plan, std::size_t row) noexcept {
  FlowRecord& record = scratch_[row];
  const bool ipv4_is_set = !other_source_[row].IsUnspecified() || !other_destination_[row].IsUnspecified();
  const bool ipv6_is_set = !record.source.IsUnspecified() || !record.destination.IsUnspecified();
  const std::uint64_t version = Value(plan, Column::kIpVersion, row);
  const bool is_ipv6_by_header =
      version == 4 || version == 6 ? version == 6 : ipv4_is_set && plan.ipv6_comes_first;
  const bool is_ipv6 = ipv4_is_set == ipv6_is_set ? is_ipv6_by_header : ipv6_is_set;
  if (is_ipv6) return;
  record.source = other_source_[row];
  record.destination = other_destination_[row];
}

/// Fills a record from the headers of the packet that it holds. A record without counters is one packet (RFC
/// 5477).
bool RecordReader::ReadSection(const Plan& plan, std::size_t row) noexcept {
  const Section& section = sections_[row];
  IpPacket packet;
  const LinkType link = section.starts_with_ip ? LinkType::kIp : LinkType::kEthernet;
  if (WalkToTransport(section.bytes, link, packet) != HeaderResult::kIp) return false;
  FlowRecord& record = scratch_[row];
  record.source = packet.source;
  record.destination = packet.destination;
  // Where the packet says 0, which is no transport, what the ports' elements imply stays.
  if (!plan.Has(Column::kProtocol) && packet.protocol != 0) record.reserved = packet.protocol;
  if (!plan.has_counters()) {
    record.packets = 1;
    record.bytes = packet.end_offset - packet.ip_offset;
  }
  const std::size_t transport = packet.transport_offset;
  if (packet.is_later_fragment || !HasTransportPorts(packet.protocol)) return true;
  if (!plan.has_ports && section.bytes.size() >= transport + 4) {
    record.source_port = LoadBe16(&section.bytes[transport]);
    record.destination_port = LoadBe16(&section.bytes[transport + 2]);
    record.traits |= FlowRecord::kHasPorts;
  }
  if (packet.protocol == kTcp && !plan.Has(Column::kTcpFlags) && section.bytes.size() >= transport + 14) {
    record.tcp_flags = section.bytes[transport + 13];
  }
  return true;
}

/// Records that describe no traffic of their own, or that the configuration leaves out.
bool RecordReader::PassesFilters(const Plan& plan, std::size_t row, const SetContext& context,
                                 SetCounts& counts) noexcept {
  const bool has_traffic = Value(plan, Column::kPackets, row) != 0 || Value(plan, Column::kBytes, row) != 0 ||
                           Value(plan, Column::kReversePackets, row) != 0 ||
                           Value(plan, Column::kReverseBytes, row) != 0;
  // The plan may be older than a setting that was changed meanwhile.
  using Direction = ExporterSettings::Direction;
  if (plan.Has(Column::kDirection) && context.settings->direction != Direction::kBoth) {
    const bool is_egress = Value(plan, Column::kDirection, row) == 1;
    if (is_egress != (context.settings->direction == Direction::kEgress)) {
      counts.Skip(RecordSkip::kDirection);
      return false;
    }
  }
  if (plan.Has(Column::kNatEvent) && !has_traffic) {
    counts.Skip(RecordSkip::kNatEvent);
    return false;
  }
  if (!plan.Has(Column::kEvent)) return true;
  const std::uint64_t event = Value(plan, Column::kEvent, row);
  const bool is_event_only =
      !has_traffic && event >= kFlowCreated && event <= kFlowUpdate && event != kFlowDeleted;
  using Nsel = ExporterSettings::Nsel;
  const Nsel setting = context.settings->nsel;
  const bool updates_carry_bytes =
      setting == Nsel::kUpdates || (setting == Nsel::kAuto && *context.saw_nsel_update);
  const bool is_repeated_total = plan.is_nsel && event == kFlowDeleted && updates_carry_bytes;
  const bool is_unwanted_update = plan.is_nsel && event == kFlowUpdate && setting == Nsel::kTeardowns;
  if (is_event_only || is_repeated_total || is_unwanted_update) {
    counts.Skip(RecordSkip::kNselEvent);
    return false;
  }
  if (plan.is_nsel && event == kFlowUpdate) *context.saw_nsel_update = true;
  return true;
}

SamplingFields RecordReader::SamplingOf(const Plan& plan, std::size_t row) const noexcept {
  return {.interval = Value(plan, Column::kInterval, row),
          .packet_interval = Value(plan, Column::kPacketInterval, row),
          .packet_space = Value(plan, Column::kPacketSpace, row),
          .has_packet_space = plan.Has(Column::kPacketSpace),
          .size = Value(plan, Column::kSamplingSize, row),
          .population = Value(plan, Column::kSamplingPopulation, row)};
}

SamplingRate RecordReader::RateOfRow(const Plan& plan, std::size_t row, const SetContext& context) noexcept {
  if (context.rate_is_fixed) return context.default_rate;
  SamplingRate rate;
  if (plan.has_record_sampling() && RateOf(SamplingOf(plan, row), rate)) return rate;
  if (!plan.Has(Column::kSelector)) return context.default_rate;
  const std::uint64_t selector = Value(plan, Column::kSelector, row);
  if (!selector_is_known_ || selector != known_selector_) {
    known_selector_ = selector;
    known_rate_ = context.samplers->RateOfSelector(selector);
    selector_is_known_ = true;
  }
  return known_rate_;
}

void RecordReader::ChoosePorts(const Plan& plan, std::size_t row) noexcept {
  FlowRecord& record = scratch_[row];
  const std::uint8_t implied_protocol = record.reserved;
  const bool has_protocol = plan.Has(Column::kProtocol);
  record.protocol =
      has_protocol ? static_cast<std::uint8_t>(Value(plan, Column::kProtocol, row)) : implied_protocol;
  record.reserved = 0;
  // Where no field names the protocol, ports are believed to be ports. ICMP's type and code never are.
  if (plan.has_ports && (HasTransportPorts(record.protocol) || (!has_protocol && implied_protocol == 0))) {
    record.traits |= FlowRecord::kHasPorts;
  } else if (has_protocol && !HasTransportPorts(record.protocol)) {
    // The packet section had ports, but the record's own protocol has none.
    record.traits = static_cast<std::uint8_t>(record.traits & ~FlowRecord::kHasPorts);
  }
  if (!record.Has(FlowRecord::kHasPorts)) {
    record.source_port = 0;
    record.destination_port = 0;
  }
}

/// Fills in everything of a row that does not depend on the sampling rate; false when it is not to be
/// counted.
bool RecordReader::PrepareRow(const Plan& plan, std::size_t row, const SetContext& context,
                              SetCounts& counts) noexcept {
  FlowRecord& record = scratch_[row];
  record.traits = 0;
  if (!plan.has_ports && !plan.has_section) {
    record.source_port = 0;
    record.destination_port = 0;
  }
  if (!plan.has_implied_protocol) record.reserved = 0;
  if (plan.Has(Column::kTcpFlags)) {
    record.tcp_flags = static_cast<std::uint8_t>(Value(plan, Column::kTcpFlags, row));
  } else {
    record.tcp_flags = 0;
  }
  if (!PassesFilters(plan, row, context, counts)) return false;
  if (plan.has_counters() || !plan.has_section) {
    record.packets = Value(plan, Column::kPackets, row);
    record.bytes = Value(plan, Column::kBytes, row);
  }
  if (plan.has_both_families) ChooseFamily(plan, row);
  if (plan.has_section && !ReadSection(plan, row)) {
    counts.Skip(RecordSkip::kNoAddresses);
    return false;
  }
  ChoosePorts(plan, row);
  return true;
}

void RecordReader::EmitRow(const Plan& plan, std::size_t row, SamplingRate rate, SetCounts& counts,
                           FlowBatch& batch) noexcept {
  FlowRecord& record = scratch_[row];
  SetDuration(record, duration_us_[row], kNoDuration);
  if (rate.IsScaling()) {
    record.packets = rate.Scale(record.packets);
    record.bytes = rate.Scale(record.bytes);
    record.traits |= FlowRecord::kScaled;
    ++counts.scaled;
  }
  batch.Next() = record;
  batch.Commit();
  ++counts.seen;
  ++counts.counted;
  counts.last_rate = rate;
  if (plan.Has(Column::kReversePackets) || plan.Has(Column::kReverseBytes)) {
    EmitReverseRow(plan, row, rate, counts, batch);
  }
}

/// The reverse direction is a flow record of its own unless it is empty.
void RecordReader::EmitReverseRow(const Plan& plan, std::size_t row, SamplingRate rate, SetCounts& counts,
                                  FlowBatch& batch) noexcept {
  const std::uint64_t packets = Value(plan, Column::kReversePackets, row);
  const std::uint64_t bytes = Value(plan, Column::kReverseBytes, row);
  if (plan.Has(Column::kReversePackets) ? packets == 0 : bytes == 0) return;
  const FlowRecord& forward = scratch_[row];
  FlowRecord& reverse = batch.Next();
  reverse = forward;
  reverse.source = forward.destination;
  reverse.destination = forward.source;
  reverse.source_port = forward.destination_port;
  reverse.destination_port = forward.source_port;
  reverse.packets = ScaleCounter(packets, rate);
  reverse.bytes = ScaleCounter(bytes, rate);
  reverse.tcp_flags = static_cast<std::uint8_t>(Value(plan, Column::kReverseTcpFlags, row));
  reverse.traits = static_cast<std::uint8_t>(forward.traits & ~FlowRecord::kHasDuration);
  SetDuration(reverse, reverse_duration_us_[row], kNoDuration);
  batch.Commit();
  ++counts.seen;
  ++counts.counted;
  counts.scaled += rate.IsScaling();
}

/// Of a row and, behind it, of its reverse direction, which may not become a record.
void RecordReader::NoteTimes(const Plan& plan, std::size_t row, const SetContext& context,
                             FlowTimes* times) noexcept {
  times[0] = TimesOf(plan.times, Value(plan, Column::kStart, row), Value(plan, Column::kEnd, row),
                     context.clock, context.settings->uptime_in_seconds);
  if (!plan.Has(Column::kReversePackets) && !plan.Has(Column::kReverseBytes)) return;
  times[1] = plan.Has(Column::kReverseEnd)
                 ? TimesOf(TimeEncoding::kMilliseconds, Value(plan, Column::kReverseStart, row),
                           Value(plan, Column::kReverseEnd, row), context.clock, false)
                 : times[0];
}

void RecordReader::EmitChunk(const Plan& plan, std::size_t rows, const SetContext& context, SetCounts& counts,
                             FlowBatch& batch) noexcept {
  for (std::size_t row = 0; row < rows; ++row) {
    if (!PrepareRow(plan, row, context, counts)) {
      ++counts.seen;
      continue;
    }
    if (batch.is_tapped()) NoteTimes(plan, row, context, batch.NextTimes());
    EmitRow(plan, row, RateOfRow(plan, row, context), counts, batch);
  }
}

SetCounts RecordReader::ReadFlows(const Plan& plan, std::span<const std::uint8_t> body,
                                  const SetContext& context, FlowBatch& batch,
                                  FlowConsumer& consumer) noexcept {
  SetCounts counts;
  selector_is_known_ = false;
  if (context.may_be_padded) body = WithoutPadding(plan, body);
  if (plan.plain.is_usable && (context.rate_is_fixed || !plan.has_sampling())) {
    ReadPlainFlows(plan, body, context, batch, consumer, counts);
    return counts;
  }
  const bool is_readable = plan.has_addresses || plan.has_section;
  while (!body.empty()) {
    bool is_malformed = false;
    const std::size_t rows = TakeChunk(plan, body, is_malformed);
    counts.records += rows;
    if (is_malformed) {
      ++counts.records;
      ++counts.seen;
      counts.Skip(RecordSkip::kMalformed);
    }
    if (rows == 0) break;
    if (!is_readable) {
      counts.seen += rows;
      counts.Skip(RecordSkip::kNoAddresses, rows);
      continue;
    }
    batch.MakeRoom(2 * rows, consumer);
    RunSteps(plan, rows);
    ComputeDurations(plan, *context.settings, rows, counts);
    EmitChunk(plan, rows, context, counts, batch);
  }
  return counts;
}

bool RecordReader::Fits(const Plan& plan, std::span<const std::uint8_t> body) noexcept {
  const std::uint8_t* const begin = body.data();
  body = WithoutPadding(plan, body);
  if (begin == zero_tail_) return true;
  std::size_t records = 0;
  for (bool is_malformed = false; !body.empty();) {
    const std::size_t rows = TakeChunk(plan, body, is_malformed);
    if (rows == 0 || is_malformed) return false;
    records += rows;
  }
  return !plan.is_fixed_length() || begin + records * plan.minimum_length >= zero_tail_;
}

std::uint64_t RecordReader::ReadOptions(const Plan& plan, std::span<const std::uint8_t> body,
                                        OptionsConsumer& consumer) noexcept {
  std::uint64_t records = 0;
  body = WithoutPadding(plan, body);
  while (!body.empty()) {
    bool is_malformed = false;
    const std::size_t rows = TakeChunk(plan, body, is_malformed);
    if (rows == 0) break;
    records += rows;
    for (const ReadStep& step : plan.all_steps()) RunStep(step, rows);
    for (std::size_t row = 0; row < rows; ++row) {
      consumer.ConsumeOptions(SamplingOf(plan, row), plan.Has(Column::kSelector),
                              Value(plan, Column::kSelector, row));
    }
  }
  return records;
}

}  // namespace hostscope::ipfix
