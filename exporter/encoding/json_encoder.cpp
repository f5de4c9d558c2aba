#include "exporter/encoding/json_encoder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "exporter/encoding/address_text.h"
#include "exporter/encoding/base64.h"
#include "exporter/encoding/json_text.h"
#include "exporter/encoding/text_writer.h"

namespace hostscope::exporter {
namespace {

using aggregator::DistinctFigure;
using aggregator::HostRecord;
using aggregator::HostTops;
using aggregator::NetworkRecord;
using aggregator::ProfileEvent;
using aggregator::Role;
using aggregator::RoleFigures;
using aggregator::RoleTops;
using aggregator::TopBy;
using aggregator::TopOptions;
using aggregator::TopPeer;
using aggregator::TopPort;
using aggregator::WindowSpan;
using aggregator::WindowSummary;

// What the longest texts need, rounded up: 20 numbers of 20 digits and 300 characters of names in each of two
// roles; ten numbers of which two are shares; three times and a length. The encoder's test writes the longest
// record.
constexpr std::size_t kMaxRole = 1024;
constexpr std::size_t kMaxTopEntry = 128;  // two of a list: {"ip":"","flows":},{"port":,"flows":},
constexpr std::size_t kMaxTops = TopOptions::kMax * kMaxTopEntry + 128;  // of a role
static_assert(kMaxTopEntry >= 40 + kMaxAddressText + 5 + 2 * kMaxNumberText);
constexpr std::size_t kMaxHead = 256;
constexpr std::size_t kMaxRest = 1024;
constexpr std::size_t kMaxRecord = kMaxHead + 2 * (kMaxRole + kMaxTops) + kMaxRest;
// And of a role's sketches: four names, two numbers, and the largest sketch three times.
constexpr std::size_t kMaxSketches = 192 + 3 * Base64Length(aggregator::kMaxSketchBytes);

// Shares are at least 2^-64, of which the shortest exact decimal in fixed notation has 20 zeros and 17
// digits.
constexpr std::size_t kMaxShareText = 48;

char* PutShare(char* out, double share) noexcept {
  return std::to_chars(out, out + kMaxShareText, share, std::chars_format::fixed).ptr;
}

// Not negative; to so many digits behind the point.
char* PutRounded(char* out, double value, unsigned digits) noexcept {
  constexpr double kLargest = 1e15;
  std::uint64_t units_of_one = 1;
  for (unsigned i = 0; i < digits; ++i) units_of_one *= 10;
  const double bounded = value > 0 ? std::min(value, kLargest) : 0;
  const auto units = static_cast<std::uint64_t>(std::llround(bounded * static_cast<double>(units_of_one)));
  return PutDecimal(out, units / units_of_one, units % units_of_one, digits);
}

constexpr unsigned kScoreDigits = 2;

// A count, a share or a ratio, which came from a scale of single precision.
char* PutFigure(char* out, double value) noexcept {
  constexpr double kMany = 100;
  constexpr unsigned kDigits = 3;
  return PutRounded(out, value, value < kMany ? kDigits : 0);
}

char* PutMeanDuration(char* out, const RoleFigures& role) noexcept {
  const std::uint64_t milliseconds = MeanDurationMs(role);
  return PutDecimal(out, milliseconds / 1000, milliseconds % 1000, 3);
}

using Flags = std::array<std::uint64_t, 8>;

// What follows a role's sums and mean, each figure one digit, which the figures of most hosts are: copied as
// a whole, then the digits are put in.
constexpr std::string_view kSmallForm =
    ",\"peers\":0,\"src_ports\":0,\"dst_ports\":0,\"tcp_flags\":{\"fin\":0,\"syn\":0,\"rst\":0,\"psh\":0,"
    "\"ack\":0,"
    "\"urg\":0,\"ece\":0,\"cwr\":0},\"protocols\":{\"tcp\":0,\"udp\":0,\"icmp\":0,\"other\":0}";
constexpr std::size_t kSmallFigures = 15;
using SmallFigures = std::array<std::uint64_t, kSmallFigures>;

constexpr auto kSmallPlaces = [] {
  std::array<std::size_t, kSmallFigures> places{};
  std::size_t place = 0;
  for (std::size_t at = 0; at < kSmallForm.size(); ++at) {
    if (kSmallForm[at] == '0') places[place++] = at;
  }
  return places;
}();

SmallFigures SmallFiguresOf(const RoleFigures& role) noexcept {
  const Flags& flags = role.tcp_flags;
  return {role.peers, role.src_ports, role.dst_ports, flags[0],  flags[1],
          flags[2],   flags[3],       flags[4],       flags[5],  flags[6],
          flags[7],   role.tcp,       role.udp,       role.icmp, role.other_protocols()};
}

// True where every figure is below 8, and so has one digit.
bool AreSmall(const SmallFigures& figures) noexcept {
  std::uint64_t bits = 0;
  for (const std::uint64_t figure : figures) bits |= figure;
  return bits < 8;
}

char* PutSmallFigures(char* out, const SmallFigures& figures) noexcept {
  std::memcpy(out, kSmallForm.data(), kSmallForm.size());
  for (std::size_t i = 0; i < figures.size(); ++i) out[kSmallPlaces[i]] = static_cast<char>('0' + figures[i]);
  return out + kSmallForm.size();
}

char* PutFlags(char* out, const Flags& flags) noexcept {
  return Put(out, "\"tcp_flags\":{\"fin\":", flags[0], ",\"syn\":", flags[1], ",\"rst\":", flags[2],
             ",\"psh\":", flags[3], ",\"ack\":", flags[4], ",\"urg\":", flags[5], ",\"ece\":", flags[6],
             ",\"cwr\":", flags[7], "}");
}

char* PutSketch(char* out, std::string_view name, const SketchSource& sketches, Role role,
                DistinctFigure figure) noexcept {
  std::array<std::uint8_t, aggregator::kMaxSketchBytes> bytes;
  const std::size_t size = sketches.Write(role, figure, bytes.data());
  if (size == 0) return out;
  *out++ = '"';
  out = PutLiteral(PutText(out, name), "\":\"");
  return PutLiteral(PutBase64(out, {bytes.data(), size}), "\",");
}

// What a mean is of, since means can't be united.
char* PutDurationSum(char* out, const RoleFigures& figures) noexcept {
  if (figures.duration_count == 0) return out;
  return Put(out, "\"duration\":{\"flows\":", figures.duration_count,
             ",\"microseconds\":", figures.duration_sum_us, "},");
}

// A figure without sketch is left out; nothing where none has one.
char* PutSketches(char* out, const SketchSource& sketches, Role role, const RoleFigures& figures) noexcept {
  char* const names = PutLiteral(out, ",\"sketches\":{");
  char* const sums = sketches.HasWindow() ? PutDurationSum(names, figures) : names;
  char* end = PutSketch(sums, "peers", sketches, role, DistinctFigure::kPeers);
  end = PutSketch(end, "src_ports", sketches, role, DistinctFigure::kSrcPorts);
  end = PutSketch(end, "dst_ports", sketches, role, DistinctFigure::kDstPorts);
  if (end == names) return out;
  end[-1] = '}';
  return end;
}

char* PutMember(char* out, const TopPeer& entry) noexcept {
  out = PutLiteral(out, "{\"ip\":\"");
  out = FormatAddress(entry.member, out);
  *out++ = '"';
  return out;
}

char* PutMember(char* out, const TopPort& entry) noexcept {
  return Put(out, "{\"port\":", entry.member);
}

// What follows the list's name.
template <typename Entry>
char* PutTopEntries(char* out, const std::vector<Entry>& entries, TopBy by) noexcept {
  *out++ = '[';
  for (const Entry& entry : entries) {
    if (&entry != entries.data()) *out++ = ',';
    out = PutMember(out, entry);
    out = by == TopBy::kFlows ? PutLiteral(out, ",\"flows\":") : PutLiteral(out, ",\"bytes\":");
    out = Put(out, entry.count, "}");
  }
  *out++ = ']';
  return out;
}

char* PutTops(char* out, const HostTops& tops, const RoleTops& role) noexcept {
  if (tops.has_peers) {
    out = PutLiteral(out, ",\"top_peers\":");
    out = PutTopEntries(out, role.peers.entries, tops.by);
    if (role.peers.error != 0) out = Put(out, ",\"top_peers_error\":", role.peers.error);
  }
  if (tops.has_dst_ports) {
    out = PutLiteral(out, ",\"top_dst_ports\":");
    out = PutTopEntries(out, role.dst_ports.entries, tops.by);
    if (role.dst_ports.error != 0) out = Put(out, ",\"top_dst_ports_error\":", role.dst_ports.error);
  }
  return out;
}

// From "flows" to the last of the figures; the role's object stays open.
char* PutRole(char* out, const RoleFigures& role) noexcept {
  out = Put(out, "\"flows\":", role.flows, ",\"packets\":", role.packets, ",\"bytes\":", role.bytes);
  if (role.duration_count != 0) {
    out = PutLiteral(out, ",\"avg_duration\":");
    out = PutMeanDuration(out, role);
  }
  const SmallFigures figures = SmallFiguresOf(role);
  if (AreSmall(figures)) return PutSmallFigures(out, figures);
  out = Put(out, ",\"peers\":", role.peers, ",\"src_ports\":", role.src_ports,
            ",\"dst_ports\":", role.dst_ports, ",");
  out = PutFlags(out, role.tcp_flags);
  return Put(out, ",\"protocols\":{\"tcp\":", role.tcp, ",\"udp\":", role.udp, ",\"icmp\":", role.icmp,
             ",\"other\":", role.other_protocols(), "}");
}

// `type` is that of the Elastic Common Schema.
char* PutNetwork(char* out, const NetworkRecord& record) noexcept {
  out = PutLiteral(out, ",\"network\":{\"prefix\":\"");
  out = FormatPrefix(record.prefix, out);
  out = PutText(out, record.prefix.IsIpv4() ? "\",\"type\":\"ipv4\"" : "\",\"type\":\"ipv6\"");
  out = Put(out, ",\"level\":", record.prefix.written_length());
  out = PutText(out, record.is_monitored ? ",\"monitored\":true" : ",\"monitored\":false");
  if (record.within) {
    out = PutLiteral(out, ",\"within\":\"");
    out = FormatPrefix(*record.within, out);
    *out++ = '"';
  }
  out = Put(out, ",\"hosts\":", record.hosts);
  if (record.other_hosts != 0) out = Put(out, ",\"other_hosts\":", record.other_hosts);
  if (record.is_incomplete) out = PutLiteral(out, ",\"incomplete\":true");
  *out++ = '}';
  return out;
}

char* PutAnomaly(char* out, const ProfileEvent& event) noexcept {
  out = PutText(PutLiteral(out, "\",\"state\":\""), NameOf(event.state));
  out = PutText(PutLiteral(out, "\",\"kind\":\""), NameOf(event.kind));
  out = PutText(PutLiteral(out, "\",\"figure\":\""), NameOf(event.figure));
  out = PutFigure(PutLiteral(out, "\",\"expected\":"), event.expected);
  out = PutFigure(PutLiteral(out, ",\"seen\":"), event.seen);
  out = PutRounded(PutLiteral(out, ",\"score\":"), double{event.score}, kScoreDigits);
  out = PutText(PutLiteral(out, ",\"confidence\":\""), NameOf(event.confidence));
  out = FormatTime(event.since, PutLiteral(out, "\",\"since\":\""));
  if (event.end != aggregator::EventEnd::kNone)
    out = PutText(PutLiteral(out, "\",\"end\":\""), NameOf(event.end));
  return PutLiteral(out, "\"}");
}

char* PutWindow(char* out, const WindowSpan& span, bool partial) noexcept {
  out = PutLiteral(out, "{\"@timestamp\":\"");
  out = FormatTime(span.start, out);
  out = PutLiteral(out, "\",\"window\":{\"start\":\"");
  out = FormatTime(span.start, out);
  out = PutLiteral(out, "\",\"end\":\"");
  out = FormatTime(span.end(), out);
  out = PutLiteral(out, "\",\"seconds\":");
  out = FormatSeconds(span.length_ns, out);
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

JsonEncoder::JsonEncoder(std::string_view observer, Schema schema, bool with_sketches,
                         HostNetwork host_network, const ContextSource* context)
    : schema_(schema),
      with_sketches_(with_sketches),
      host_network_(host_network),
      context_(context),
      observer_(",\"observer\":{\"name\":" + JsonString(observer) + "}"),
      max_record_size_(kMaxRecord + observer_.size() + (with_sketches ? 2 * kMaxSketches : 0) +
                       (context != nullptr ? kMaxContextText : 0)),
      id_maker_(observer) {
  head_.reserve(kMaxHead + observer_.size());
  network_.reserve(kMaxHead);
}

void JsonEncoder::SetWindow(const WindowSpan& span, bool partial) noexcept {
  std::array<char, kMaxHead> text;
  head_.assign(text.data(), PutWindow(text.data(), span, partial));
  head_ += observer_;
  id_maker_.SetWindow(span);
}

char* JsonEncoder::EncodeHost(const HostRecord& record, char* out, const SketchSource& sketches) noexcept {
  return schema_ == Schema::kHostscope ? EncodeHostscope(record, out, sketches)
                                       : EncodeStream4Flow(record, out);
}

char* JsonEncoder::PutHost(const HostRecord& record, char* out) noexcept {
  if (record.other) {
    out = PutLiteral(out, ",\"host\":{\"other\":true");
  } else {
    out = PutLiteral(out, ",\"host\":{\"ip\":\"");
    out = FormatAddress(record.host, out);
    *out++ = '"';
  }
  if (network_.empty() || !(record.network == named_network_)) SetNetwork(record.network);
  return PutText(out, network_);
}

void JsonEncoder::SetNetwork(const Prefix& network) noexcept {
  std::array<char, kMaxPrefixText> text;
  const bool is_object = host_network_ == HostNetwork::kObject;
  network_.assign(is_object ? ",\"network\":{\"prefix\":\"" : ",\"network\":\"");
  network_.append(text.data(), FormatPrefix(network, text.data()));
  network_.append(is_object ? "\"}}" : "\"}");
  named_network_ = network;
}

char* JsonEncoder::EncodeHostscope(const HostRecord& record, char* out,
                                   const SketchSource& sketches) noexcept {
  out = PutText(out, head_);
  out = PutHost(record, out);
  if (record.deviation >= 0)
    out = PutRounded(PutLiteral(out, ",\"deviation\":"), double{record.deviation}, kScoreDigits);
  const auto put_role = [&](const RoleFigures& figures, Role role) noexcept {
    out = PutRole(out, figures);
    if (record.tops) {
      out = PutTops(out, *record.tops, role == Role::kSent ? record.tops->sent : record.tops->received);
    }
    if (with_sketches_) out = PutSketches(out, sketches, role, figures);
    *out++ = '}';
  };
  if (record.sent.flows != 0) {
    out = PutLiteral(out, ",\"sent\":{");
    put_role(record.sent, Role::kSent);
  }
  if (record.received.flows != 0) {
    out = PutLiteral(out, ",\"received\":{");
    put_role(record.received, Role::kReceived);
  }
  if (context_ != nullptr && !record.other) {
    const std::string known = context_->ContextOf(record.host);
    if (!known.empty()) out = PutText(PutLiteral(out, ",\"context\":"), known);
  }
  out = PutLiteral(out, ",\"record_id\":\"");
  out = id_maker_.Format(record, out);
  return PutLiteral(out, "\"}");
}

char* JsonEncoder::EncodeNetwork(const NetworkRecord& record, char* out) noexcept {
  if (schema_ != Schema::kHostscope) return out;
  out = PutText(out, head_);
  out = PutNetwork(out, record);
  if (record.sent.flows != 0) {
    out = PutRole(PutLiteral(out, ",\"sent\":{"), record.sent);
    *out++ = '}';
  }
  if (record.received.flows != 0) {
    out = PutRole(PutLiteral(out, ",\"received\":{"), record.received);
    *out++ = '}';
  }
  out = PutLiteral(out, ",\"record_id\":\"");
  out = id_maker_.Format(record, out);
  return PutLiteral(out, "\"}");
}

char* JsonEncoder::EncodeAnomaly(const ProfileEvent& event, char* out) noexcept {
  if (schema_ != Schema::kHostscope) return out;
  out = PutText(out, head_);
  out = FormatAddress(event.host, PutLiteral(out, ",\"host\":{\"ip\":\""));
  out = id_maker_.FormatAnomaly(event, PutLiteral(out, "\"},\"anomaly\":{\"id\":\""));
  out = PutAnomaly(out, event);
  out = id_maker_.Format(event, PutLiteral(out, ",\"record_id\":\""));
  return PutLiteral(out, "\"}");
}

char* JsonEncoder::EncodeWindow(const WindowSummary& summary, char* out,
                                std::uint64_t networks) const noexcept {
  if (schema_ != Schema::kHostscope) return out;
  out = PutText(out, head_);
  out = Put(out, ",\"summary\":{\"hosts\":", summary.hosts, ",\"other_hosts\":", summary.other_hosts);
  if (networks != 0) out = Put(out, ",\"networks\":", networks);
  out = Put(out, ",\"flows\":", summary.flows, ",\"packets\":", summary.packets, ",\"bytes\":", summary.bytes,
            ",\"exporters\":", summary.exporters, ",\"dropped\":", summary.dropped, ",\"sequence_loss\":");
  out = PutShare(out, summary.sequence_loss());
  out = PutLiteral(out, ",\"sampled_share\":");
  out = PutShare(out, summary.sampled_share());
  if (const std::int64_t step = summary.clock_step_ns; step != 0) {
    out = PutLiteral(out, ",\"clock_step\":");
    if (step < 0) *out++ = '-';
    out = FormatSeconds(step < 0 ? -step : step, out);
  }
  return PutLiteral(out, "}}");
}

std::uint64_t MeanDurationMs(const RoleFigures& role) noexcept {
  constexpr std::uint64_t kMicrosecondsPerMillisecond = 1000;
  const std::uint64_t divisor = role.duration_count * kMicrosecondsPerMillisecond;
  const std::uint64_t rest = role.duration_sum_us % divisor;
  return role.duration_sum_us / divisor + (rest >= divisor - rest ? 1 : 0);
}

char* FormatRecordKey(const HostRecord& record, char* out) noexcept {
  return record.other ? FormatPrefix(record.network, out) : FormatAddress(record.host, out);
}
char* FormatRecordKey(const NetworkRecord& record, char* out) noexcept {
  return FormatPrefix(record.prefix, out);
}
char* FormatRecordKey(const ProfileEvent& event, char* out) noexcept {
  return FormatAddress(event.host, out);
}

}  // namespace hostscope::exporter
