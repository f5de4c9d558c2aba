// Records of one window as JSON and as Protocol Buffers: how long they are, and how many are encoded in a
// second.
//
//     record_encoding_bench --benchmark_min_time=2
//
// The window has 100,000 hosts of one network and ten flow records a host by Zipf's law, so that most hosts
// are quiet and a few have large sketches. Records are read out of the host table before; with sketches,
// their bytes are taken from it on the way. "Classes" fills the classes that protoc generates, one message
// used again and again, and has them written: what the hand-written encoder is compared with.
#include <benchmark/benchmark.h>
#include <hostscope.pb.h>

#include <cstdint>
#include <vector>

#include "exporter/encoding/json_encoder.h"
#include "exporter/encoding/proto_encoder.h"
#include "tests/exporter/sketched_window.h"

namespace hostscope::exporter {
namespace {

using aggregator::HostRecord;
using aggregator::RoleFigures;

constexpr std::uint32_t kHosts = 100'000;
constexpr const char* kObserver = "mon1";

const SketchedWindow& Window() {
  static const SketchedWindow window(kHosts);
  return window;
}

const std::vector<HostRecord>& Records() {
  static const std::vector<HostRecord> records = [] {
    std::vector<HostRecord> read(Window().size());
    for (std::size_t i = 0; i < read.size(); ++i) read[i] = Window().At(i);
    return read;
  }();
  return records;
}

/// `encode(record, index, out)` returns the end.
template <typename Encode>
void Measure(benchmark::State& state, std::size_t max_record_size, Encode encode) {
  const std::vector<HostRecord>& records = Records();
  std::vector<char> buffer(max_record_size);
  std::uint64_t bytes = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < records.size(); ++i) {
      const char* end = encode(records[i], i, buffer.data());
      benchmark::ClobberMemory();
      bytes += static_cast<std::uint64_t>(end - buffer.data());
    }
  }
  const auto written = static_cast<double>(state.iterations()) * static_cast<double>(records.size());
  state.counters["records"] = benchmark::Counter(written, benchmark::Counter::kIsRate);
  state.counters["bytes/record"] = static_cast<double>(bytes) / written;
}

template <typename Encoder>
void MeasureEncoder(benchmark::State& state, Encoder& encoder, bool with_sketches) {
  encoder.SetWindow(Window().span(), false);
  Measure(state, encoder.max_record_size(), [&](const HostRecord& record, std::size_t i, char* out) {
    return encoder.EncodeHost(record, out, with_sketches ? SketchSource(Window(), i) : SketchSource());
  });
}

void BM_Json(benchmark::State& state) {
  JsonEncoder encoder(kObserver, Schema::kHostscope, state.range(0) != 0);
  MeasureEncoder(state, encoder, state.range(0) != 0);
}
BENCHMARK(BM_Json)->ArgName("sketches")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void BM_Protobuf(benchmark::State& state) {
  ProtoEncoder encoder(kObserver, state.range(0) != 0);
  MeasureEncoder(state, encoder, state.range(0) != 0);
}
BENCHMARK(BM_Protobuf)->ArgName("sketches")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void Fill(v1::Role& role, const RoleFigures& figures) {
  role.set_flows(figures.flows);
  role.set_packets(figures.packets);
  role.set_bytes(figures.bytes);
  if (figures.duration_count != 0) role.set_avg_duration_ms(MeanDurationMs(figures));
  role.set_peers(figures.peers);
  role.set_src_ports(figures.src_ports);
  role.set_dst_ports(figures.dst_ports);
  v1::TcpFlags& flags = *role.mutable_tcp_flags();
  flags.set_fin(figures.tcp_flags[0]);
  flags.set_syn(figures.tcp_flags[1]);
  flags.set_rst(figures.tcp_flags[2]);
  flags.set_psh(figures.tcp_flags[3]);
  flags.set_ack(figures.tcp_flags[4]);
  flags.set_urg(figures.tcp_flags[5]);
  flags.set_ece(figures.tcp_flags[6]);
  flags.set_cwr(figures.tcp_flags[7]);
  v1::Protocols& protocols = *role.mutable_protocols();
  protocols.set_tcp(figures.tcp);
  protocols.set_udp(figures.udp);
  protocols.set_icmp(figures.icmp);
  protocols.set_other(figures.other_protocols());
}

void BM_ProtobufClasses(benchmark::State& state) {
  RecordIdMaker ids(kObserver);
  ids.SetWindow(Window().span());
  v1::Record message;
  constexpr std::size_t kEnough = 4096;
  Measure(state, kEnough, [&](const HostRecord& record, std::size_t, char* out) {
    message.Clear();  // keeps its memory
    message.mutable_window()->set_start_ns(Window().span().start.ns);
    message.mutable_window()->set_length_ns(Window().span().length_ns);
    message.set_observer(kObserver);
    constexpr std::size_t kIpv4At = 12;
    message.mutable_host()->set_ip(&record.host.bytes[kIpv4At], 4);
    v1::Network& network = *message.mutable_host()->mutable_network();
    network.set_address(&record.network.network.bytes[kIpv4At], 4);
    network.set_length(record.network.written_length());
    if (record.sent.flows != 0) Fill(*message.mutable_sent(), record.sent);
    if (record.received.flows != 0) Fill(*message.mutable_received(), record.received);
    const auto id = ids.Make(record);
    message.set_record_id(id.data(), id.size());
    const std::size_t size = message.ByteSizeLong();
    message.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(out));
    return out + size;
  });
}
BENCHMARK(BM_ProtobufClasses)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hostscope::exporter
