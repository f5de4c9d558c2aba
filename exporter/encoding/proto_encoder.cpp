#include "exporter/encoding/proto_encoder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>

#include "exporter/encoding/json_encoder.h"
#include "exporter/encoding/proto_writer.h"

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
using aggregator::TopList;
using aggregator::TopOptions;
using aggregator::TopPeer;
using aggregator::TopPort;
using aggregator::WindowSpan;
using aggregator::WindowSummary;

// Field numbers of hostscope.proto, message by message.
namespace record_field {
enum : unsigned {
  kWindow = 1,
  kObserver,
  kPartial,
  kHost,
  kSent,
  kReceived,
  kRecordId,
  kSummary,
  kNetwork,
  kDeviation,
  kAnomaly
};
}
namespace window_field {
enum : unsigned { kStartNs = 1, kLengthNs };
}
namespace host_field {
enum : unsigned { kIp = 1, kNetwork, kOther };
}
namespace network_field {
enum : unsigned { kAddress = 1, kLength };
}
namespace whole_network_field {
enum : unsigned { kPrefix = 1, kMonitored, kWithin, kHosts, kOtherHosts, kIncomplete };
}
namespace role_field {
enum : unsigned {
  kFlows = 1,
  kPackets,
  kBytes,
  kAvgDurationMs,
  kPeers,
  kSrcPorts,
  kDstPorts,
  kTcpFlags,
  kProtocols,
  kSketches,
  kTopPeers,
  kTopDstPorts
};
}
namespace protocols_field {
enum : unsigned { kTcp = 1, kUdp, kIcmp, kOther };
}
namespace top_list_field {
enum : unsigned { kEntries = 1, kError };
}
namespace top_entry_field {
enum : unsigned { kMember = 1, kFlows, kBytes };
}
namespace anomaly_field {
enum : unsigned { kId = 1, kState, kKind, kFigure, kExpected, kSeen, kScore, kConfidence, kSinceNs, kEnd };
}
namespace sketches_field {
enum : unsigned { kPeers = 1, kSrcPorts, kDstPorts };
}
namespace summary_field {
enum : unsigned {
  kHosts = 1,
  kOtherHosts,
  kFlows,
  kPackets,
  kBytes,
  kExporters,
  kDropped,
  kSequenceLoss,
  kSampledShare,
  kNetworks,
  kClockStep
};
}

// What a message takes at most, rounded up: 19 numbers of 11 bytes in each of two roles, 8 numbers and three
// of floating point, a window, a host of 45 bytes. The encoder's test writes the longest record.
constexpr std::size_t kMaxHead = 256;  // but for the observer
constexpr std::size_t kMaxRole = 256;
constexpr std::size_t kMaxRest = 256;
// An entry of each of a role's two lists: two tags, lengths and counts, an address and a port; and both
// errors.
constexpr std::size_t kMaxTopEntries = 64;
constexpr std::size_t kMaxTops = TopOptions::kMax * kMaxTopEntries + 64;
constexpr std::size_t kMaxSketches = 3 * (aggregator::kMaxSketchBytes + 8) + 8;

std::span<const std::uint8_t> OctetsOf(const Address& address) noexcept {
  constexpr std::size_t kMapped = 12;
  const std::span<const std::uint8_t> octets(address.bytes);
  return address.IsIpv4() ? octets.subspan(kMapped) : octets;
}

char* PutPrefix(char* out, const Prefix& prefix) noexcept {
  const std::span<const std::uint8_t> octets(prefix.network.bytes);
  out = PutBytes(out, network_field::kAddress, prefix.IsIpv4() ? octets.subspan(12) : octets);
  return PutUint(out, network_field::kLength, prefix.written_length());
}

char* PutHost(char* out, const HostRecord& record) noexcept {
  if (!record.other) out = PutBytes(out, host_field::kIp, OctetsOf(record.host));
  out = PutNested(out, host_field::kNetwork,
                  [&](char* content) noexcept { return PutPrefix(content, record.network); });
  return PutUint(out, host_field::kOther, record.other ? 1 : 0);
}

char* PutNetwork(char* out, const NetworkRecord& record) noexcept {
  const auto put_prefix = [&out](unsigned field, const Prefix& prefix) noexcept {
    out = PutNested(out, field, [&](char* content) noexcept { return PutPrefix(content, prefix); });
  };
  put_prefix(whole_network_field::kPrefix, record.prefix);
  out = PutUint(out, whole_network_field::kMonitored, record.is_monitored ? 1 : 0);
  if (record.within) put_prefix(whole_network_field::kWithin, *record.within);
  out = PutUint(out, whole_network_field::kHosts, record.hosts);
  out = PutUint(out, whole_network_field::kOtherHosts, record.other_hosts);
  return PutUint(out, whole_network_field::kIncomplete, record.is_incomplete ? 1 : 0);
}

char* PutSketch(char* out, unsigned field, const SketchSource& sketches, Role role,
                DistinctFigure figure) noexcept {
  std::array<std::uint8_t, aggregator::kMaxSketchBytes> bytes;
  const std::size_t size = sketches.Write(role, figure, bytes.data());
  return size == 0 ? out : PutBytes(out, field, {bytes.data(), size});
}

char* PutSketches(char* out, const SketchSource& sketches, Role role) noexcept {
  return PutNested(out, role_field::kSketches, [&](char* content) noexcept {
    content = PutSketch(content, sketches_field::kPeers, sketches, role, DistinctFigure::kPeers);
    content = PutSketch(content, sketches_field::kSrcPorts, sketches, role, DistinctFigure::kSrcPorts);
    return PutSketch(content, sketches_field::kDstPorts, sketches, role, DistinctFigure::kDstPorts);
  });
}

char* PutMember(char* out, const TopPeer& entry) noexcept {
  return PutBytes(out, top_entry_field::kMember, OctetsOf(entry.member));
}
char* PutMember(char* out, const TopPort& entry) noexcept {
  return PutUint(out, top_entry_field::kMember, entry.member);
}

// The count is of a oneof, so it is there also where it is 0.
template <typename Entry>
char* PutTopList(char* out, unsigned field, const TopList<Entry>& list, TopBy by) noexcept {
  return PutNested(out, field, [&](char* content) noexcept {
    for (const Entry& entry : list.entries) {
      content = PutNested(content, top_list_field::kEntries, [&](char* inner) noexcept {
        inner = PutMember(inner, entry);
        const unsigned count = by == TopBy::kFlows ? top_entry_field::kFlows : top_entry_field::kBytes;
        return PutVarint(PutTag(inner, count, proto::kVarint), entry.count);
      });
    }
    return PutUint(content, top_list_field::kError, list.error);
  });
}

char* PutTops(char* out, const HostTops& tops, const RoleTops& role) noexcept {
  if (tops.has_peers) out = PutTopList(out, role_field::kTopPeers, role.peers, tops.by);
  if (tops.has_dst_ports) out = PutTopList(out, role_field::kTopDstPorts, role.dst_ports, tops.by);
  return out;
}

char* PutFlags(char* out, const RoleFigures& role) noexcept {
  for (unsigned bit = 0; bit < role.tcp_flags.size(); ++bit) out = PutUint(out, bit + 1, role.tcp_flags[bit]);
  return out;
}

char* PutProtocols(char* out, const RoleFigures& role) noexcept {
  out = PutUint(out, protocols_field::kTcp, role.tcp);
  out = PutUint(out, protocols_field::kUdp, role.udp);
  out = PutUint(out, protocols_field::kIcmp, role.icmp);
  return PutUint(out, protocols_field::kOther, role.other_protocols());
}

char* PutRole(char* out, const RoleFigures& role) noexcept {
  out = PutUint(out, role_field::kFlows, role.flows);
  out = PutUint(out, role_field::kPackets, role.packets);
  out = PutUint(out, role_field::kBytes, role.bytes);
  if (role.duration_count != 0) {  // a mean of 0 is not the same as none
    out = PutTag(out, role_field::kAvgDurationMs, proto::kVarint);
    out = PutVarint(out, MeanDurationMs(role));
  }
  out = PutUint(out, role_field::kPeers, role.peers);
  out = PutUint(out, role_field::kSrcPorts, role.src_ports);
  out = PutUint(out, role_field::kDstPorts, role.dst_ports);
  const bool has_flags =
      std::any_of(role.tcp_flags.begin(), role.tcp_flags.end(), [](std::uint64_t flag) { return flag != 0; });
  if (has_flags) {
    out = PutNested(out, role_field::kTcpFlags,
                    [&](char* content) noexcept { return PutFlags(content, role); });
  }
  return PutNested(out, role_field::kProtocols,
                   [&](char* content) noexcept { return PutProtocols(content, role); });
}

char* PutName(char* out, unsigned field, std::string_view name) noexcept {
  return name.empty()
             ? out
             : PutBytes(out, field, {reinterpret_cast<const std::uint8_t*>(name.data()), name.size()});
}

char* PutDouble(char* out, unsigned field, double value) noexcept {
  return value == 0.0 ? out : PutFixed64(out, field, std::bit_cast<std::uint64_t>(value));
}

char* PutAnomaly(char* out, const ProfileEvent& event, const RecordIdMaker::Id& id) noexcept {
  out = PutBytes(out, anomaly_field::kId, id);
  out = PutName(out, anomaly_field::kState, NameOf(event.state));
  out = PutName(out, anomaly_field::kKind, NameOf(event.kind));
  out = PutName(out, anomaly_field::kFigure, NameOf(event.figure));
  out = PutDouble(out, anomaly_field::kExpected, event.expected);
  out = PutDouble(out, anomaly_field::kSeen, event.seen);
  out = PutDouble(out, anomaly_field::kScore, double{event.score});
  out = PutName(out, anomaly_field::kConfidence, NameOf(event.confidence));
  out = PutFixed64(out, anomaly_field::kSinceNs, static_cast<std::uint64_t>(event.since.ns));
  return PutName(out, anomaly_field::kEnd, NameOf(event.end));
}

char* PutWindow(char* out, const WindowSpan& span) noexcept {
  out = PutFixed64(out, window_field::kStartNs, static_cast<std::uint64_t>(span.start.ns));
  return PutUint(out, window_field::kLengthNs, static_cast<std::uint64_t>(span.length_ns));
}

char* PutSummary(char* out, const WindowSummary& summary, std::uint64_t networks) noexcept {
  out = PutUint(out, summary_field::kHosts, summary.hosts);
  out = PutUint(out, summary_field::kOtherHosts, summary.other_hosts);
  out = PutUint(out, summary_field::kFlows, summary.flows);
  out = PutUint(out, summary_field::kPackets, summary.packets);
  out = PutUint(out, summary_field::kBytes, summary.bytes);
  out = PutUint(out, summary_field::kExporters, summary.exporters);
  out = PutUint(out, summary_field::kDropped, summary.dropped);
  out = PutDouble(out, summary_field::kSequenceLoss, summary.sequence_loss());
  out = PutDouble(out, summary_field::kSampledShare, summary.sampled_share());
  out = PutDouble(out, summary_field::kClockStep,
                  static_cast<double>(summary.clock_step_ns) / kNanosecondsPerSecond);
  return PutUint(out, summary_field::kNetworks, networks);
}

}  // namespace

ProtoEncoder::ProtoEncoder(std::string_view observer, bool with_sketches)
    : with_sketches_(with_sketches), id_maker_(observer) {
  std::string field(observer.size() + kMaxVarint + 1, '\0');
  const auto* octets = reinterpret_cast<const std::uint8_t*>(observer.data());
  char* const end = PutBytes(field.data(), record_field::kObserver, {octets, observer.size()});
  observer_.assign(field.data(), end);
  max_record_size_ = kMaxHead + observer_.size() + 2 * (kMaxRole + kMaxTops) + kMaxRest;
  if (with_sketches) max_record_size_ += 2 * kMaxSketches;
  head_.reserve(kMaxHead + observer_.size());
}

void ProtoEncoder::SetWindow(const WindowSpan& span, bool partial) noexcept {
  std::array<char, kMaxHead> text;
  char* end = PutNested(text.data(), record_field::kWindow,
                        [&](char* content) noexcept { return PutWindow(content, span); });
  head_.assign(text.data(), end);
  head_ += observer_;
  end = PutUint(text.data(), record_field::kPartial, partial ? 1 : 0);
  head_.append(text.data(), end);
  id_maker_.SetWindow(span);
}

char* ProtoEncoder::EncodeHost(const HostRecord& record, char* out, const SketchSource& sketches) noexcept {
  std::memcpy(out, head_.data(), head_.size());
  out += head_.size();
  out = PutNested(out, record_field::kHost, [&](char* content) noexcept { return PutHost(content, record); });
  const auto put_role = [&](unsigned field, const RoleFigures& figures, Role role) noexcept {
    if (figures.flows == 0) return;
    out = PutNested(out, field, [&](char* content) noexcept {
      content = PutRole(content, figures);
      if (with_sketches_) content = PutSketches(content, sketches, role);
      if (record.tops == nullptr) return content;
      return PutTops(content, *record.tops, role == Role::kSent ? record.tops->sent : record.tops->received);
    });
  };
  put_role(record_field::kSent, record.sent, Role::kSent);
  put_role(record_field::kReceived, record.received, Role::kReceived);
  out = PutBytes(out, record_field::kRecordId, id_maker_.Make(record));
  if (record.deviation < 0) return out;  // 0 is not the same as none
  out = PutTag(out, record_field::kDeviation, proto::kVarint);
  return PutVarint(out, HostRecord::HundredthsOf(record.deviation));
}

// Fields in the order of their numbers.
char* ProtoEncoder::EncodeNetwork(const NetworkRecord& record, char* out) noexcept {
  std::memcpy(out, head_.data(), head_.size());
  out += head_.size();
  const auto put_role = [&](unsigned field, const RoleFigures& figures) noexcept {
    if (figures.flows == 0) return;
    out = PutNested(out, field, [&](char* content) noexcept { return PutRole(content, figures); });
  };
  put_role(record_field::kSent, record.sent);
  put_role(record_field::kReceived, record.received);
  out = PutBytes(out, record_field::kRecordId, id_maker_.Make(record));
  return PutNested(out, record_field::kNetwork,
                   [&](char* content) noexcept { return PutNetwork(content, record); });
}

char* ProtoEncoder::EncodeAnomaly(const ProfileEvent& event, char* out) noexcept {
  std::memcpy(out, head_.data(), head_.size());
  out += head_.size();
  out = PutNested(out, record_field::kHost, [&](char* content) noexcept {
    return PutBytes(content, host_field::kIp, OctetsOf(event.host));
  });
  out = PutBytes(out, record_field::kRecordId, id_maker_.Make(event));
  const RecordIdMaker::Id id = id_maker_.MakeAnomaly(event);
  return PutNested(out, record_field::kAnomaly,
                   [&](char* content) noexcept { return PutAnomaly(content, event, id); });
}

char* ProtoEncoder::EncodeWindow(const WindowSummary& summary, char* out,
                                 std::uint64_t networks) const noexcept {
  std::memcpy(out, head_.data(), head_.size());
  return PutNested(out + head_.size(), record_field::kSummary,
                   [&](char* content) noexcept { return PutSummary(content, summary, networks); });
}

}  // namespace hostscope::exporter
