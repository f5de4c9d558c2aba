#include "app/generate/truth.h"

#include <fmt/format.h>

#include <fstream>
#include <stdexcept>

#include "exporter/encoding/address_text.h"

namespace hostscope::app {

Summary::Summary(const GenerateOptions& options)
    : sampling_interval_(options.sampling_interval), seen_(options.hosts) {}

void Summary::AddFlow(const SyntheticFlow& flow) noexcept {
  ++flows_;
  packets_ += flow.packets;
  bytes_ += flow.bytes;
  std::uint8_t& source = seen_[flow.source_index];
  if (source == 0) ++hosts_;
  if ((source & 1) == 0) ++sources_;
  source = static_cast<std::uint8_t>(source | 1);
  std::uint8_t& destination = seen_[flow.destination_index];
  if (destination == 0) ++hosts_;
  if ((destination & 2) == 0) ++destinations_;
  destination = static_cast<std::uint8_t>(destination | 2);
}

std::string Summary::ToJson(double seconds) const {
  return fmt::format(
      R"({{"exporters":{},"datagrams":{},"datagram_bytes":{},"flows":{},"packets":{},"bytes":{},)"
      R"("scaled_packets":{},"scaled_bytes":{},"hosts":{},"sources":{},"destinations":{},"seconds":{:.6f}}})"
      "\n",
      exporters_, datagrams_, datagram_bytes_, flows_, packets_, bytes_, packets_ * sampling_interval_,
      bytes_ * sampling_interval_, hosts_, sources_, destinations_, seconds);
}

void Truth::Role::Add(const SyntheticFlow& flow, const Address& peer) {
  constexpr std::uint8_t kTcp = 6;
  constexpr std::uint8_t kUdp = 17;
  ++flows;
  packets += flow.packets;
  bytes += flow.bytes;
  duration_ms += flow.duration_ms;
  peers.insert(peer);
  if (flow.protocol == kTcp) ++tcp;
  if (flow.protocol == kUdp) ++udp;
  if (flow.protocol != kTcp && flow.protocol != kUdp) {
    ++icmp;  // there is no other
    return;
  }
  source_ports.insert(flow.source_port);
  destination_ports.insert(flow.destination_port);
  for (std::size_t bit = 0; bit < tcp_flags.size(); ++bit) tcp_flags[bit] += flow.tcp_flags >> bit & 1U;
}

std::string Truth::Role::ToJson() const {
  return fmt::format(
      R"({{"flows":{},"packets":{},"bytes":{},"duration_ms":{},"peers":{},"src_ports":{},"dst_ports":{},)"
      R"("tcp_flags":[{}],"tcp":{},"udp":{},"icmp":{}}})",
      flows, packets, bytes, duration_ms, peers.size(), source_ports.size(), destination_ports.size(),
      fmt::join(tcp_flags, ","), tcp, udp, icmp);
}

void Truth::AddFlow(const SyntheticFlow& flow) {
  hosts_[flow.source].sent.Add(flow, flow.destination);
  hosts_[flow.destination].received.Add(flow, flow.source);
}

void Truth::Write(const std::string& path) const {
  std::ofstream file(path, std::ios::binary);
  for (const auto& [address, host] : hosts_) {
    file << fmt::format("{{\"host\":\"{}\"", exporter::ToText(address));
    if (host.sent.flows > 0) file << ",\"sent\":" << host.sent.ToJson();
    if (host.received.flows > 0) file << ",\"received\":" << host.received.ToJson();
    file << "}\n";
  }
  file.flush();
  if (!file) throw std::runtime_error(path + ": can't be written");
}

}  // namespace hostscope::app
