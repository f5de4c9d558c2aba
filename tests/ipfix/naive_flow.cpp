#include <algorithm>
#include <cstring>

#include "ipfix/packet_headers.h"
#include "tests/ipfix/naive_decoder.h"
#include "tests/ipfix/naive_values.h"

// What a data record says of a flow.
namespace hostscope::ipfix::test {

using namespace naive;

namespace {

__extension__ using Wide = __int128;

constexpr std::int64_t kLongestTime =
    INT64_MAX / 2'000'000;  // in whatever unit: nothing overflows in microseconds

template <typename Record>
std::optional<Address> AddressIn(const Record& record, unsigned id, std::size_t length) {
  const auto found = Find(record, kIana, {id});
  if (found == record.end() || found->is_variable || found->bytes.size() != length) return std::nullopt;
  if (length == 16) return Address::FromIpv6(found->bytes.data());
  std::uint32_t network_order;
  std::memcpy(&network_order, found->bytes.data(), sizeof(network_order));
  return Address::FromIpv4(network_order);
}

bool HasPortsByProtocol(std::uint8_t protocol) {
  return protocol == 6 || protocol == 17 || protocol == 33 || protocol == 132;
}

}  // namespace

void NaiveDecoder::ReadFlow(const Record& record) {
  ++books_.records_seen;
  const bool has_addresses = HasAddresses(record);
  if (!has_addresses && !HasSection(record)) {
    ++books_.skipped[RecordSkip::kNoAddresses];
    return;
  }
  Counters forward = ForwardCounters(record);
  const Counters reverse = ReverseCounters(record);
  const Duration duration = DurationOf(record);
  const bool has_reverse = reverse.packets || reverse.bytes;
  const Duration reverse_duration = has_reverse ? ReverseDurationOf(record, duration) : Duration{};
  books_.malformed_times += duration.is_malformed;
  books_.malformed_times += reverse_duration.is_malformed;
  if (const std::optional<RecordSkip> reason = SkipReason(record, forward, reverse)) {
    ++books_.skipped[*reason];
    return;
  }
  FlowRecord flow{};
  flow.protocol = static_cast<std::uint8_t>(Unsigned(record, 4).value_or(0));
  flow.tcp_flags = TcpFlags(record, false);
  if (has_addresses) {
    FillAddresses(record, flow);
  } else if (!FillFromSection(record, flow, forward)) {
    ++books_.skipped[RecordSkip::kNoAddresses];
    return;
  }
  FillPorts(record, flow);
  const Rate rate = RateFor(record);
  Emit(flow, forward, duration, rate);

  if (reverse.packets.value_or(reverse.bytes.value_or(0)) == 0) return;
  ++books_.records_seen;
  std::swap(flow.source, flow.destination);
  std::swap(flow.source_port, flow.destination_port);
  flow.tcp_flags = TcpFlags(record, true);
  Emit(flow, reverse, reverse_duration, rate);
}

bool NaiveDecoder::HasAddresses(const Record& record) {
  return (AddressIn(record, 8, 4) && AddressIn(record, 12, 4)) ||
         (AddressIn(record, 27, 16) && AddressIn(record, 28, 16));
}

bool NaiveDecoder::HasSection(const Record& record) {
  return Find(record, kIana, {104, 313, 315}) != record.end();
}

/// Where both families are there, the one that is not zero counts. Both are set in tunnels: then ipVersion
/// decides, else the outer packet's addresses, which come first.
void NaiveDecoder::FillAddresses(const Record& record, FlowRecord& flow) {
  const auto source4 = AddressIn(record, 8, 4);
  const auto destination4 = AddressIn(record, 12, 4);
  const auto source6 = AddressIn(record, 27, 16);
  const auto destination6 = AddressIn(record, 28, 16);
  bool use_ipv6 = source6 && destination6;
  if (use_ipv6 && source4 && destination4) {
    const bool is_ipv4_set = !source4->IsUnspecified() || !destination4->IsUnspecified();
    const bool is_ipv6_set = !source6->IsUnspecified() || !destination6->IsUnspecified();
    const std::uint64_t version = Unsigned(record, 60).value_or(0);
    const bool ipv6_comes_first = Find(record, kIana, {8, 27})->key.id == 27;
    if (is_ipv4_set != is_ipv6_set) {
      use_ipv6 = is_ipv6_set;
    } else if (version == 4 || version == 6) {
      use_ipv6 = version == 6;
    } else {
      use_ipv6 = is_ipv4_set && ipv6_comes_first;
    }
  }
  flow.source = use_ipv6 ? *source6 : *source4;
  flow.destination = use_ipv6 ? *destination6 : *destination4;
}

/// A packet section where there are no addresses: the packet itself is what was observed (RFC 5477).
bool NaiveDecoder::FillFromSection(const Record& record, FlowRecord& flow, Counters& counters) {
  auto found = Find(record, kIana, {104, 315});
  const bool starts_with_link = found != record.end();
  if (!starts_with_link) found = Find(record, kIana, {313});
  const Bytes section = found->bytes;
  IpPacket packet;
  if (WalkToTransport(section, starts_with_link ? LinkType::kEthernet : LinkType::kIp, packet) !=
      HeaderResult::kIp) {
    return false;
  }
  flow.source = packet.source;
  flow.destination = packet.destination;
  if (!Unsigned(record, 4)) flow.protocol = packet.protocol;
  if (!counters.packets && !counters.bytes) counters = {1, packet.end_offset - packet.ip_offset};
  if (packet.is_later_fragment) return true;
  const std::size_t transport = packet.transport_offset;
  // The record's own protocol comes before the packet's.
  const bool has_ports = HasPortsByProtocol(packet.protocol) && HasPortsByProtocol(flow.protocol);
  if (has_ports && section.size() >= transport + 4) {
    flow.traits |= FlowRecord::kHasPorts;
    flow.source_port = U16(section, transport);
    flow.destination_port = U16(section, transport + 2);
  }
  const bool has_flags_field = Unsigned(record, 6) || Unsigned(record, kCert, {14});
  if (packet.protocol == 6 && !has_flags_field && section.size() >= transport + 14) {
    flow.tcp_flags = section[transport + 13];
  }
  return true;
}

/// Ports count only with a protocol that has some: ICMP's type and code stand in the same place. Where
/// nothing names the protocol they are believed.
void NaiveDecoder::FillPorts(const Record& record, FlowRecord& flow) {
  const bool has_protocol = Unsigned(record, 4).has_value() || flow.protocol != 0;
  const auto use = [&](std::uint64_t source, std::uint64_t destination) {
    const bool are_ports = HasPortsByProtocol(flow.protocol) || !has_protocol;
    flow.traits = static_cast<std::uint8_t>(are_ports ? flow.traits | FlowRecord::kHasPorts
                                                      : flow.traits & ~FlowRecord::kHasPorts);
    flow.source_port = static_cast<std::uint16_t>(source);
    flow.destination_port = static_cast<std::uint16_t>(destination);
  };
  if (Unsigned(record, 7) && Unsigned(record, 11)) return use(*Unsigned(record, 7), *Unsigned(record, 11));

  // Ports of UDP and of TCP in fields of their own; those of the other transport are zero.
  std::uint64_t source = 0;
  std::uint64_t destination = 0;
  bool has_any = false;
  struct Transport {
    unsigned source, destination;
    std::uint8_t protocol;
  };
  for (const Transport transport : {Transport{180, 181, 17}, Transport{182, 183, 6}}) {
    const auto from = Unsigned(record, transport.source);
    const auto to = Unsigned(record, transport.destination);
    if (!from || !to) continue;
    has_any = true;
    // A port has 16 bits, in however many bytes it comes.
    const auto source_port = static_cast<std::uint16_t>(*from);
    const auto destination_port = static_cast<std::uint16_t>(*to);
    if (source_port != 0) source = source_port;
    if (destination_port != 0) destination = destination_port;
    if (!has_protocol && (source_port | destination_port) != 0) flow.protocol = transport.protocol;
  }
  if (has_any) use(source, destination);
}

std::uint8_t NaiveDecoder::TcpFlags(const Record& record, bool is_reverse) {
  const unsigned reverse_bit = is_reverse ? 0x4000 : 0;
  if (const auto flags = Unsigned(record, is_reverse ? kReverse : kIana, {6}))
    return static_cast<std::uint8_t>(*flags);
  const auto initial = Unsigned(record, kCert, {reverse_bit | 14});
  const auto others = Unsigned(record, kCert, {reverse_bit | 15});
  return static_cast<std::uint8_t>(initial ? *initial | others.value_or(0) : 0);
}

/// Bytes and packets are chosen apart: some exporters send a delta of one and a total of the other.
NaiveDecoder::Counters NaiveDecoder::ForwardCounters(const Record& record) const {
  if (exporter_settings_->post_counters_are_reverse) {
    return {FirstUnsigned(record, {2, 298, 86}), FirstUnsigned(record, {1, 231, 85, 352, 353})};
  }
  return {FirstUnsigned(record, {2, 298, 86, 24, 172}),
          FirstUnsigned(record, {1, 231, 85, 23, 171, 352, 353})};
}

NaiveDecoder::Counters NaiveDecoder::ReverseCounters(const Record& record) const {
  const auto choose = [&](unsigned delta, unsigned responder, unsigned total, unsigned post) {
    std::optional<std::uint64_t> counter;
    if (Unsigned(record, delta)) {
      counter = Unsigned(record, kReverse, {delta});
    } else {
      counter = Unsigned(record, responder);
      if (!counter) counter = Unsigned(record, kReverse, {total});
    }
    if (!counter && exporter_settings_->post_counters_are_reverse) counter = Unsigned(record, post);
    return counter;
  };
  return {choose(2, 299, 86, 24), choose(1, 232, 85, 23)};
}

std::optional<RecordSkip> NaiveDecoder::SkipReason(const Record& record, const Counters& forward,
                                                   const Counters& reverse) {
  const auto sum = [](const Counters& counters) {
    return counters.packets.value_or(0) | counters.bytes.value_or(0);
  };
  const bool has_traffic = (sum(forward) | sum(reverse)) != 0;

  using Way = ExporterSettings::Direction;
  const Way wanted = exporter_settings_->direction;
  const std::optional<std::uint64_t> way = Unsigned(record, 61);
  if (way && wanted != Way::kBoth && (*way == 1) != (wanted == Way::kEgress)) return RecordSkip::kDirection;

  if (Unsigned(record, 230) && !has_traffic) return RecordSkip::kNatEvent;

  constexpr std::uint64_t kTeardown = 2;
  constexpr std::uint64_t kUpdate = 5;
  using Nsel = ExporterSettings::Nsel;
  const Nsel setting = exporter_settings_->nsel;
  const std::uint64_t event = Unsigned(record, kIana, {233, 40005}).value_or(0);
  const bool is_nsel = !Unsigned(record, 1);  // others send firewallEvent along with ordinary deltas
  const bool is_event = event >= 1 && event <= kUpdate && event != kTeardown;
  if (is_event && !has_traffic) return RecordSkip::kNselEvent;
  if (!is_nsel) return std::nullopt;
  if (event == kTeardown &&
      (setting == Nsel::kUpdates || (setting == Nsel::kAuto && exporter_->saw_nsel_update))) {
    return RecordSkip::kNselEvent;
  }
  if (event == kUpdate && setting == Nsel::kTeardowns) return RecordSkip::kNselEvent;
  if (event == kUpdate) exporter_->saw_nsel_update = true;
  return std::nullopt;
}

// Times.

namespace {

/// `end - start`, in 64 bits and no longer than kLongestTime.
std::int64_t Difference(std::uint64_t start, std::uint64_t end) {
  return std::clamp(static_cast<std::int64_t>(end - start), -kLongestTime, kLongestTime);
}

}  // namespace

NaiveDecoder::Duration NaiveDecoder::DurationOf(const Record& record) const {
  const auto make = [](std::int64_t microseconds) {
    Duration duration{.is_malformed = microseconds < -100'000, .microseconds = std::nullopt};
    if (!duration.is_malformed)
      duration.microseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(microseconds, 0));
    return duration;
  };
  const auto both = [&](unsigned start, unsigned end) {
    return Unsigned(record, start) && Unsigned(record, end);
  };
  const auto ntp = [&](unsigned start, unsigned end) {
    return both(start, end) && Find(record, kIana, {start})->bytes.size() == 8 &&
           Find(record, kIana, {end})->bytes.size() == 8;
  };
  const auto at = [&](unsigned id) { return *Unsigned(record, id); };
  // Absolute times: zero, the epoch, is what exporters write that don't know.
  const auto absolute = [&](unsigned start, unsigned end, auto to_microseconds) {
    return at(start) == 0 || at(end) == 0 ? Duration{} : make(to_microseconds(at(start), at(end)));
  };
  const auto ntp_microseconds = [](std::uint64_t start, std::uint64_t end) {
    return static_cast<std::int64_t>((Wide{static_cast<std::int64_t>(end - start)} * 1'000'000) >> 32);
  };
  if (both(152, 153))
    return absolute(152, 153, [](auto start, auto end) { return Difference(start, end) * 1000; });
  if (both(150, 151))
    return absolute(150, 151, [](auto start, auto end) { return Difference(start, end) * 1'000'000; });
  if (ntp(154, 155)) return absolute(154, 155, ntp_microseconds);
  if (ntp(156, 157)) return absolute(156, 157, ntp_microseconds);
  const auto is_known = [&](unsigned id) { return at(id) != UINT64_MAX; };
  if (both(158, 159)) {  // both count backwards from the export time
    return is_known(158) && is_known(159) ? make(-Difference(at(158), at(159))) : Duration{};
  }
  if (both(22, 21)) {  // in 32 bits, which survives the wrap of sysUptime
    const auto ticks = static_cast<std::int32_t>(static_cast<std::uint32_t>(at(21) - at(22)));
    return is_known(21) && is_known(22)
               ? make(ticks * (exporter_settings_->uptime_in_seconds ? 1'000'000LL : 1000LL))
               : Duration{};
  }
  const auto capped = [](std::uint64_t value) {
    return static_cast<std::int64_t>(std::min<std::uint64_t>(value, kLongestTime));
  };
  if (Unsigned(record, 161)) return is_known(161) ? make(capped(at(161)) * 1000) : Duration{};
  if (Unsigned(record, 162)) return is_known(162) ? make(capped(at(162))) : Duration{};
  return {};
}

/// What a reverse direction does not have of its own, it shares (RFC 5103 section 5).
NaiveDecoder::Duration NaiveDecoder::ReverseDurationOf(const Record& record, const Duration& forward) {
  const auto start = Unsigned(record, kReverse, {152});
  const auto end = Unsigned(record, kReverse, {153});
  if (!start || !end) return {.is_malformed = false, .microseconds = forward.microseconds};
  if (*start == 0 || *end == 0) return {};
  const std::int64_t microseconds = Difference(*start, *end) * 1000;
  if (microseconds < -100'000) return {.is_malformed = true, .microseconds = std::nullopt};
  return {.is_malformed = false,
          .microseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(microseconds, 0))};
}

void NaiveDecoder::Emit(const FlowRecord& direction, const Counters& counters, const Duration& duration,
                        Rate rate) {
  const auto scale = [&](std::uint64_t counter) {
    const Wide product = Wide{counter} * Wide{rate.population};
    if (product > UINT64_MAX) return std::uint64_t{UINT64_MAX};
    return static_cast<std::uint64_t>((product + Wide{rate.sample / 2}) / Wide{rate.sample});
  };
  FlowRecord flow = direction;
  flow.packets = counters.packets.value_or(0);
  flow.bytes = counters.bytes.value_or(0);
  if (duration.microseconds) {
    flow.traits |= FlowRecord::kHasDuration;
    flow.duration_us = *duration.microseconds;
  }
  if (rate.population > rate.sample) {
    flow.packets = scale(flow.packets);
    flow.bytes = scale(flow.bytes);
    flow.traits |= FlowRecord::kScaled;
    ++books_.scaled_records;
  }
  ++books_.records_counted;
  flows_.push_back(flow);
}

}  // namespace hostscope::ipfix::test
