#include "tests/exporter/sketched_window.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "aggregator/host_table.h"
#include "aggregator/table_pool.h"
#include "ipfix/flow_record.h"

namespace hostscope::exporter {
namespace {

constexpr std::uint32_t kFlowsPerHost = 10;

/// 1 to `hosts`, with a probability of about 1 / n.
std::uint32_t ZipfNumber(std::mt19937_64& random, std::uint32_t hosts) {
  const double u = std::uniform_real_distribution<double>(0, 1)(random);
  return static_cast<std::uint32_t>(std::exp(u * std::log(static_cast<double>(hosts) + 1)));
}

Address AddressOf(std::uint32_t number, bool has_ipv6) {
  if (has_ipv6 && number % 5 == 0) {
    std::array<std::uint8_t, 16> octets{0x20, 0x01, 0x0d, 0xb8};
    const std::uint32_t network_order = __builtin_bswap32(number);
    std::memcpy(&octets[12], &network_order, sizeof(network_order));
    return Address::FromIpv6(octets.data());
  }
  return Address::FromIpv4(__builtin_bswap32(0x0a000000U + number));
}

FlowRecord RandomFlow(std::mt19937_64& random, std::uint32_t hosts, bool has_ipv6) {
  constexpr std::uint16_t kServices[] = {443, 80, 53, 22, 123, 25, 993, 8080};
  FlowRecord flow;
  flow.source = AddressOf(ZipfNumber(random, hosts), has_ipv6);
  flow.destination = AddressOf(ZipfNumber(random, hosts), has_ipv6);
  flow.packets = 1 + random() % 64;
  flow.bytes = flow.packets * (40 + random() % 1461);
  flow.duration_us = static_cast<std::uint32_t>(random() % 10'000'000);
  flow.source_port = static_cast<std::uint16_t>(32768 + random() % 28232);
  flow.destination_port = kServices[random() % std::size(kServices)];
  flow.protocol = random() % 4 == 0 ? 17 : 6;
  flow.tcp_flags = flow.protocol == 6 ? 0x1b : 0;
  flow.traits = FlowRecord::kHasDuration | FlowRecord::kHasPorts;
  return flow;
}

}  // namespace

SketchedWindow::SketchedWindow(std::uint32_t hosts)
    : SketchedWindow(hosts, {.max_hosts = hosts + 1, .sketch_bytes = std::size_t{256} << 20},
                     aggregator::NetworkSet(std::vector{Prefix::Ipv4(10, 8)}), false) {}

SketchedWindow::SketchedWindow(std::uint32_t hosts, const aggregator::HostTableOptions& options,
                               const aggregator::NetworkSet& networks, bool has_ipv6) {
  auto pool = std::make_shared<aggregator::TablePool>(1, options, networks);
  std::unique_ptr<aggregator::HostTable> table = pool->Take(0);
  std::mt19937_64 random(hosts);
  std::vector<FlowRecord> flows(hosts * kFlowsPerHost);
  for (FlowRecord& flow : flows) flow = RandomFlow(random, hosts, has_ipv6);
  const aggregator::HostTable::UpdateResult counted = table->Update(flows);
  table->Sort();
  aggregator::WindowSummary summary;
  summary.flows = counted.flows;
  summary.packets = counted.packets;
  summary.bytes = counted.bytes;
  window_ = std::make_unique<aggregator::TableWindow>(
      TenSeconds(), false, summary, std::make_shared<aggregator::SharedTable>(std::move(table), pool));
}

std::string SketchedWindow::SketchText(std::size_t i, aggregator::Role role,
                                       aggregator::DistinctFigure figure) const {
  std::vector<std::uint8_t> bytes(aggregator::kMaxSketchBytes);
  const auto size = static_cast<std::ptrdiff_t>(WriteSketch(i, role, figure, bytes.data()));
  return std::string(bytes.begin(), bytes.begin() + size);
}

std::size_t FullSketches::WriteSketch(std::size_t, aggregator::Role, aggregator::DistinctFigure,
                                      std::uint8_t* out) const noexcept {
  std::fill_n(out, aggregator::kMaxSketchBytes, std::uint8_t{0xff});
  return aggregator::kMaxSketchBytes;
}

}  // namespace hostscope::exporter
