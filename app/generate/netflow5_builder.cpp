#include "app/generate/netflow5_builder.h"

#include "ipfix/wire.h"

namespace hostscope::app {
namespace {

constexpr std::size_t kCountAt = 2;
constexpr std::uint32_t kDeterministicSampling = 1U << 14;  // the mode, in the two bits above the interval

}  // namespace

Netflow5Builder::Netflow5Builder(const GenerateOptions& options)
    : start_(options.start), sampling_interval_(options.sampling_interval) {}

void Netflow5Builder::Begin(const MessageContext& context) {
  uptime_ms_ = UptimeMs(start_, context.export_time);
  count_ = 0;
  writer_.Clear();
  writer_.Put16(ipfix::kVersionNetflow5);
  writer_.Put16(0);
  writer_.Put32(uptime_ms_);
  writer_.Put32(static_cast<std::uint64_t>(context.export_time.ns / kNanosecondsPerSecond));
  writer_.Put32(static_cast<std::uint64_t>(context.export_time.ns % kNanosecondsPerSecond));
  writer_.Put32(context.sequence);
  writer_.Put16(context.domain);  // engine type and id
  writer_.Put16(sampling_interval_ > 1 ? kDeterministicSampling | sampling_interval_ : 0);
}

bool Netflow5Builder::Add(const SyntheticFlow& flow) {
  if (count_ == ipfix::kNetflow5MaxRecords) return false;
  ++count_;
  const std::uint32_t end_ms = uptime_ms_ - flow.age_ms;
  writer_.PutIpv4(flow.source);
  writer_.PutIpv4(flow.destination);
  writer_.PutZeros(4);  // next hop
  writer_.Put16(1);     // input interface
  writer_.Put16(2);     // output interface
  writer_.Put32(flow.packets);
  writer_.Put32(flow.bytes);
  writer_.Put32(end_ms - flow.duration_ms);
  writer_.Put32(end_ms);
  writer_.Put16(flow.source_port);
  writer_.Put16(flow.destination_port);
  writer_.PutZeros(1);
  writer_.Put8(flow.tcp_flags);
  writer_.Put8(flow.protocol);
  writer_.PutZeros(9);  // type of service, AS numbers, masks, padding
  return true;
}

std::span<const std::uint8_t> Netflow5Builder::Finish() {
  writer_.Set16(kCountAt, count_);
  return writer_.bytes();
}

}  // namespace hostscope::app
