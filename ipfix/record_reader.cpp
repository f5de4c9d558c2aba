#include "ipfix/record_reader.h"

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
