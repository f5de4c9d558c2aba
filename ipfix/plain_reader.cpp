#include "ipfix/plain_reader.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "ipfix/duration-inl.h"
#include "ipfix/protocols.h"
#include "ipfix/wire.h"

namespace hostscope::ipfix {
namespace {

/// The last eight bytes of a flow record, as one word: ports, protocol, TCP flags, traits. By protocol, what
/// to keep of the ports, and the trait that says so.
struct PortRule {
  std::uint32_t keep = 0;
  std::uint32_t trait = 0;
};
constexpr std::array<PortRule, 256> kPortRules = [] {
  std::array<PortRule, 256> rules{};
  for (unsigned protocol = 0; protocol < rules.size(); ++protocol) {
    if (HasTransportPorts(static_cast<std::uint8_t>(protocol)))
      rules[protocol] = {UINT32_MAX, FlowRecord::kHasPorts};
  }
  return rules;
}();

constexpr std::size_t kTailOffset = offsetof(FlowRecord, source_port);
static_assert(offsetof(FlowRecord, destination_port) == kTailOffset + 2 &&
              offsetof(FlowRecord, protocol) == kTailOffset + 4 &&
              offsetof(FlowRecord, tcp_flags) == kTailOffset + 5 &&
              offsetof(FlowRecord, traits) == kTailOffset + 6 && sizeof(FlowRecord) == kTailOffset + 8);

/// One set's records: everything that is the same for all of them.
template <bool is_ipv6, TimeEncoding encoding>
class Reader {
 public:
  Reader(const PlainLayout& layout, bool seconds) noexcept : layout_(layout), seconds_(seconds) {}

  void Read(const std::uint8_t* at, FlowRecord& record) noexcept {
    record.source = AddressAt(at + layout_.source);
    record.destination = AddressAt(at + layout_.destination);
    record.packets = Get(at, PlainNumber::kPackets);
    record.bytes = Get(at, PlainNumber::kBytes);
    const FlowDuration duration =
        DurationOf(encoding, Get(at, PlainNumber::kStart), Get(at, PlainNumber::kEnd), seconds_);
    record.duration_us = static_cast<std::uint64_t>(duration.us);
    malformed_times_ += duration.is_malformed;

    const std::uint64_t protocol = Get(at, PlainNumber::kProtocol) & 0xff;
    const PortRule& rule = kPortRules[protocol];
    const std::uint64_t ports = (Get(at, PlainNumber::kSourcePort) & 0xffff) |
                                (Get(at, PlainNumber::kDestinationPort) & 0xffff) << 16;
    const std::uint64_t traits = rule.trait | std::uint64_t{duration.is_known} * FlowRecord::kHasDuration;
    const std::uint64_t tail =
        (ports & rule.keep) | protocol << 32 | (Get(at, PlainNumber::kTcpFlags) & 0xff) << 40 | traits << 48;
    std::memcpy(reinterpret_cast<std::uint8_t*>(&record) + kTailOffset, &tail, sizeof(tail));
  }

  std::uint64_t malformed_times() const noexcept { return malformed_times_; }

 private:
  static Address AddressAt(const std::uint8_t* at) noexcept {
    if constexpr (is_ipv6) return Address::FromIpv6(at);
    std::uint32_t address;
    std::memcpy(&address, at, sizeof(address));
    return Address::FromIpv4(address);
  }
  std::uint64_t Get(const std::uint8_t* at, PlainNumber which) const noexcept {
    const PlainLayout::Number& number = layout_[which];
    return LoadBe64(at + number.offset) & number.mask;
  }

  const PlainLayout layout_;
  const bool seconds_;
  std::uint64_t malformed_times_ = 0;
};

template <bool is_ipv6, TimeEncoding encoding>
std::uint64_t ReadRecords(const Plan& plan, std::span<const std::uint8_t> body, bool seconds,
                          FlowRecord* records) noexcept {
  Reader<is_ipv6, encoding> reader(plan.plain, seconds);
  const std::size_t length = plan.minimum_length;
  for (std::size_t at = 0; at < body.size(); at += length) reader.Read(body.data() + at, *records++);
  return reader.malformed_times();
}

using ReadFunction = std::uint64_t (*)(const Plan&, std::span<const std::uint8_t>, bool,
                                       FlowRecord*) noexcept;

template <bool is_ipv6>
ReadFunction FunctionFor(TimeEncoding encoding) noexcept {
  switch (encoding) {
    case TimeEncoding::kNone:
      return ReadRecords<is_ipv6, TimeEncoding::kNone>;
    case TimeEncoding::kMilliseconds:
      return ReadRecords<is_ipv6, TimeEncoding::kMilliseconds>;
    case TimeEncoding::kSeconds:
      return ReadRecords<is_ipv6, TimeEncoding::kSeconds>;
    case TimeEncoding::kNtp:
      return ReadRecords<is_ipv6, TimeEncoding::kNtp>;
    case TimeEncoding::kUptime:
      return ReadRecords<is_ipv6, TimeEncoding::kUptime>;
    case TimeEncoding::kDeltaMicroseconds:
      return ReadRecords<is_ipv6, TimeEncoding::kDeltaMicroseconds>;
    case TimeEncoding::kDurationMilliseconds:
      return ReadRecords<is_ipv6, TimeEncoding::kDurationMilliseconds>;
    case TimeEncoding::kDurationMicroseconds:
      return ReadRecords<is_ipv6, TimeEncoding::kDurationMicroseconds>;
  }
  return ReadRecords<is_ipv6, TimeEncoding::kNone>;
}

/// The times by themselves: few want them, so the way above does without.
void ReadTimes(const Plan& plan, std::span<const std::uint8_t> body, const SetContext& context,
               FlowTimes* times) noexcept {
  const auto get = [&](std::size_t at, PlainNumber which) {
    const PlainLayout::Number& number = plan.plain[which];
    return LoadBe64(body.data() + at + number.offset) & number.mask;
  };
  for (std::size_t at = 0; at < body.size(); at += plan.minimum_length) {
    *times++ = TimesOf(plan.times, get(at, PlainNumber::kStart), get(at, PlainNumber::kEnd), context.clock,
                       context.settings->uptime_in_seconds);
  }
}

void ScaleAll(std::span<FlowRecord> records, SamplingRate rate) noexcept {
  for (FlowRecord& record : records) {
    record.packets = rate.Scale(record.packets);
    record.bytes = rate.Scale(record.bytes);
    record.traits |= FlowRecord::kScaled;
  }
}

}  // namespace

void ReadPlainFlows(const Plan& plan, std::span<const std::uint8_t> body, const SetContext& context,
                    FlowBatch& batch, FlowConsumer& consumer, SetCounts& counts) noexcept {
  const ReadFunction read =
      plan.plain.is_ipv6 ? FunctionFor<true>(plan.times) : FunctionFor<false>(plan.times);
  const SamplingRate rate = context.default_rate;
  const std::size_t length = plan.minimum_length;
  const std::size_t all = body.size() / length;
  if (all == 0) return;
  for (std::size_t left = all; left > 0;) {
    batch.MakeRoom(1, consumer);
    const std::size_t count = std::min(left, batch.room());
    FlowRecord* const records = &batch.Next();
    counts.malformed_times +=
        read(plan, body.first(count * length), context.settings->uptime_in_seconds, records);
    if (rate.IsScaling()) ScaleAll({records, count}, rate);
    if (batch.is_tapped()) ReadTimes(plan, body.first(count * length), context, batch.NextTimes());
    batch.Commit(count);
    body = body.subspan(count * length);
    left -= count;
  }
  counts.records += all;
  counts.seen += all;
  counts.counted += all;
  counts.scaled += rate.IsScaling() ? all : 0;
  counts.last_rate = rate;
}

}  // namespace hostscope::ipfix
