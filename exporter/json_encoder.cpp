#include "exporter/json_encoder.h"

#include <array>
#include <charconv>
#include <cstdint>

#include "exporter/address_text.h"
#include "exporter/json_text.h"
#include "exporter/text_writer.h"

namespace hostscope::exporter {
namespace {

using aggregator::HostRecord;
using aggregator::RoleFigures;
using aggregator::WindowSpan;
using aggregator::WindowSummary;

// What the longest texts need, rounded up: 20 numbers of 20 digits and 300 characters of names in each of two
// roles; ten numbers of which two are shares; three times and a length. The encoder's test writes the longest
// record.
constexpr std::size_t kMaxRole = 1024;
constexpr std::size_t kMaxHead = 256;
constexpr std::size_t kMaxRest = 1024;
constexpr std::size_t kMaxRecord = kMaxHead + 2 * kMaxRole + kMaxRest;

// Shares are at least 2^-64, of which the shortest exact decimal in fixed notation has 20 zeros and 17
// digits.
constexpr std::size_t kMaxShareText = 48;

char* PutShare(char* out, double share) noexcept {
  return std::to_chars(out, out + kMaxShareText, share, std::chars_format::fixed).ptr;
}

char* PutMeanDuration(char* out, const RoleFigures& role) noexcept {
  constexpr std::uint64_t kMicrosecondsPerMillisecond = 1000;
  const std::uint64_t divisor = role.duration_count * kMicrosecondsPerMillisecond;
  const std::uint64_t rest = role.duration_sum_us % divisor;
  const std::uint64_t milliseconds = role.duration_sum_us / divisor + (rest >= divisor - rest ? 1 : 0);
  return PutDecimal(out, milliseconds / 1000, milliseconds % 1000, 3);
}

using Flags = std::array<std::uint64_t, 8>;

char* PutFlags(char* out, const Flags& flags) noexcept {
  return Put(out, "\"tcp_flags\":{\"fin\":", flags[0], ",\"syn\":", flags[1], ",\"rst\":", flags[2],
             ",\"psh\":", flags[3], ",\"ack\":", flags[4], ",\"urg\":", flags[5], ",\"ece\":", flags[6],
             ",\"cwr\":", flags[7], "}");
}

// From "flows" to the end of the role's object.
char* PutRole(char* out, const RoleFigures& role) noexcept {
  out = Put(out, "\"flows\":", role.flows, ",\"packets\":", role.packets, ",\"bytes\":", role.bytes);
  if (role.duration_count != 0) {
    out = PutLiteral(out, ",\"avg_duration\":");
    out = PutMeanDuration(out, role);
  }
  out = Put(out, ",\"peers\":", role.peers, ",\"src_ports\":", role.src_ports,
            ",\"dst_ports\":", role.dst_ports, ",");
  out = PutFlags(out, role.tcp_flags);
  return Put(out, ",\"protocols\":{\"tcp\":", role.tcp, ",\"udp\":", role.udp, ",\"icmp\":", role.icmp,
             ",\"other\":", role.other_protocols(), "}}");
}

char* PutHost(char* out, const HostRecord& record) noexcept {
  if (record.other) {
    out = PutLiteral(out, ",\"host\":{\"other\":true");
  } else {
    out = PutLiteral(out, ",\"host\":{\"ip\":\"");
    out = FormatAddress(record.host, out);
    *out++ = '"';
  }
  out = PutLiteral(out, ",\"network\":\"");
  out = FormatPrefix(record.network, out);
  return PutLiteral(out, "\"}");
}

char* PutWindow(char* out, const WindowSpan& span, bool partial) noexcept {
  constexpr std::uint64_t kPerSecond = static_cast<std::uint64_t>(kNanosecondsPerSecond);
  const auto length = static_cast<std::uint64_t>(span.length_ns);
  out = PutLiteral(out, "{\"@timestamp\":\"");
  out = FormatTime(span.start, out);
  out = PutLiteral(out, "\",\"window\":{\"start\":\"");
  out = FormatTime(span.start, out);
  out = PutLiteral(out, "\",\"end\":\"");
  out = FormatTime(span.end(), out);
  out = PutLiteral(out, "\",\"seconds\":");
  out = PutDecimal(out, length / kPerSecond, length % kPerSecond, 9);
  *out++ = '}';
  return partial ? PutLiteral(out, ",\"partial\":true") : out;
}

// Key names and spelling are Stream4Flow's, CRW too.
char* PutStream4FlowFlags(char* out, const Flags& flags) noexcept {
  return Put(out, "\"tcp_flags\":{\"FIN\":", flags[0], ",\"SYN\":", flags[1], ",\"RST\":", flags[2],
             ",\"PSH\":", flags[3], ",\"ACK\":", flags[4], ",\"URG\":", flags[5], ",\"ECE\":", flags[6],
             ",\"CRW\":", flags[7], "}");
}

char* EncodeStream4Flow(const HostRecord& record, char* out) noexcept {
  const RoleFigures& sent = record.sent;
  if (record.other || sent.flows == 0) return out;
  out = PutLiteral(out, "{\"@type\":\"host_stats\",\"src_ip\":\"");
  out = FormatAddress(record.host, out);
  out = Put(out, "\",\"stats\":{\"total\":{\"flow\":", sent.flows, ",\"packets\":", sent.packets,
            ",\"bytes\":", sent.bytes, "}");
  if (sent.duration_count != 0) {
    out = PutLiteral(out, ",\"avg_flow_duration\":");
    out = PutMeanDuration(out, sent);
  }
  out = Put(out, ",\"dport_count\":", sent.dst_ports, ",\"peer_number\":", sent.peers, ",");
  out = PutStream4FlowFlags(out, sent.tcp_flags);
  return PutLiteral(out, "}}");
}

}  // namespace

JsonEncoder::JsonEncoder(std::string_view observer, Schema schema)
    : schema_(schema),
      observer_(",\"observer\":{\"name\":" + JsonString(observer) + "}"),
      max_record_size_(kMaxRecord + observer_.size()),
      id_maker_(observer) {
  head_.reserve(kMaxHead + observer_.size());
}

void JsonEncoder::SetWindow(const WindowSpan& span, bool partial) noexcept {
  std::array<char, kMaxHead> text;
  head_.assign(text.data(), PutWindow(text.data(), span, partial));
  head_ += observer_;
  id_maker_.SetWindow(span);
}

char* JsonEncoder::EncodeHost(const HostRecord& record, char* out) noexcept {
  return schema_ == Schema::kHostscope ? EncodeHostscope(record, out) : EncodeStream4Flow(record, out);
}

char* JsonEncoder::EncodeHostscope(const HostRecord& record, char* out) noexcept {
  out = PutText(out, head_);
  out = PutHost(out, record);
  if (record.sent.flows != 0) {
    out = PutLiteral(out, ",\"sent\":{");
    out = PutRole(out, record.sent);
  }
  if (record.received.flows != 0) {
    out = PutLiteral(out, ",\"received\":{");
    out = PutRole(out, record.received);
  }
  out = PutLiteral(out, ",\"record_id\":\"");
  out = id_maker_.Format(record, out);
  return PutLiteral(out, "\"}");
}

char* JsonEncoder::EncodeWindow(const WindowSummary& summary, char* out) const noexcept {
  if (schema_ != Schema::kHostscope) return out;
  out = PutText(out, head_);
  out = Put(out, ",\"summary\":{\"hosts\":", summary.hosts, ",\"other_hosts\":", summary.other_hosts,
            ",\"flows\":", summary.flows, ",\"packets\":", summary.packets, ",\"bytes\":", summary.bytes,
            ",\"exporters\":", summary.exporters, ",\"dropped\":", summary.dropped, ",\"sequence_loss\":");
  out = PutShare(out, summary.sequence_loss());
  out = PutLiteral(out, ",\"sampled_share\":");
  out = PutShare(out, summary.sampled_share());
  return PutLiteral(out, "}}");
}

char* FormatRecordKey(const HostRecord& record, char* out) noexcept {
  return record.other ? FormatPrefix(record.network, out) : FormatAddress(record.host, out);
}

}  // namespace hostscope::exporter
