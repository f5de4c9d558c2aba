// RecordReader: where the records of a set stand, and their fields as columns, one step of the plan at a time
// over all records of a chunk.
#include <algorithm>
#include <cstring>

#include "ipfix/duration-inl.h"
#include "ipfix/protocols.h"
#include "ipfix/record_reader.h"
#include "ipfix/wire.h"

namespace hostscope::ipfix {
namespace {

/// Cuts trailing bytes of zero: padding, however long (NX-OS pads with 24 to 36 bytes, Palo Alto to the
/// datagram's end).
std::size_t LengthWithoutZeroTail(std::span<const std::uint8_t> body) noexcept {
  std::size_t length = body.size();
  while (length > 0 && body[length - 1] == 0) --length;
  return length;
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

}  // namespace hostscope::ipfix
