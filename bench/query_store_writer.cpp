// Fills a store for bench/query-latency:
//
//     query_store_writer FOLDER HOSTS WINDOWS
//
// Windows of one minute, one after the other, ending at 2026-11-24T00:00Z; those that are there already stay,
// so that what was interrupted goes on. Each has the same HOSTS hosts of 10.0.0.0/8: half of them spread
// evenly, half crowded into 64 /16s. Half have both roles, a quarter has only sent and a quarter only
// received. How many flow records a host has follows Zipf's law, and differs from window to window, as does
// all that is drawn from it. The store's own code writes them; nothing is fsynced twice, and nothing is
// compressed otherwise than in a real store.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "aggregator/closed_window.h"
#include "exporter/store/store.h"

namespace hostscope::exporter {
namespace {

using aggregator::HostRecord;
using aggregator::RoleFigures;

constexpr std::int64_t kMinute = 60 * kNanosecondsPerSecond;
constexpr std::int64_t kEnd = 1'795'478'400 * kNanosecondsPerSecond;  // 2026-11-24T00:00Z

/// A stream of numbers that anything can be drawn from at any place: splitmix64.
std::uint64_t Draw(std::uint64_t seed) noexcept {
  seed += 0x9e3779b97f4a7c15U;
  seed = (seed ^ (seed >> 30U)) * 0xbf58476d1ce4e5b9U;
  seed = (seed ^ (seed >> 27U)) * 0x94d049bb133111ebU;
  return seed ^ (seed >> 31U);
}

RoleFigures MakeRole(std::uint64_t flows, std::uint64_t draw) noexcept {
  const auto share = [&](unsigned percent) { return flows * (percent + (draw >> percent) % 11) / 100; };
  RoleFigures role;
  role.flows = flows;
  role.tcp = share(60 - 20);
  role.udp = std::min(flows - role.tcp, share(35));
  role.packets = flows * (1 + draw % 20);
  role.bytes = role.packets * (60 + (draw >> 8U) % 1000);
  role.duration_count = flows;
  role.duration_sum_us = flows * ((draw >> 16U) % 10'000) * 1000;
  role.peers = 1 + share(30);
  role.src_ports = std::min<std::uint64_t>(1 + share(50), 64'000);
  role.dst_ports = std::min<std::uint64_t>(1 + share(5), 64'000);
  role.tcp_flags = {
      role.tcp * 2 / 5, role.tcp / 2, role.tcp / 20, role.tcp * 9 / 20, role.tcp * 3 / 5, 0, 0, 0};
  return role;
}

/// Made as it is read, so that no window takes memory.
class DrawnWindow final : public aggregator::ClosedWindow {
 public:
  DrawnWindow(const std::vector<std::uint32_t>& hosts, aggregator::WindowSpan span)
      : hosts_(hosts), span_(span) {
    summary_.hosts = hosts.size();
    summary_.exporters = 1;
    for (std::size_t i = 0; i < hosts.size(); ++i) {
      const HostRecord record = At(i);
      summary_.flows += record.sent.flows;
      summary_.packets += record.sent.packets;
      summary_.bytes += record.sent.bytes;
    }
  }
  aggregator::WindowSpan span() const noexcept override { return span_; }
  bool partial() const noexcept override { return false; }
  const aggregator::WindowSummary& summary() const noexcept override { return summary_; }
  std::size_t size() const noexcept override { return hosts_.size(); }
  HostRecord At(std::size_t i) const noexcept override {
    const std::uint64_t of_host = Draw(hosts_[i]);
    const std::uint64_t now = Draw(of_host ^ static_cast<std::uint64_t>(span_.start.ns));
    // Zipf's law by its inverse: rank r of n has about 1/r of what the first has.
    const std::uint64_t rank = 1 + of_host % hosts_.size();
    const std::uint64_t flows = 1 + 2 * hosts_.size() / rank * (50 + now % 100) / 100;
    HostRecord record;
    record.host = Address::FromIpv4(__builtin_bswap32(hosts_[i]));
    record.network = Prefix::Ipv4(record.host.ipv4_bits(), 8);
    const std::uint64_t kind = of_host >> 62U;
    if (kind != 0) record.sent = MakeRole(flows, now);
    if (kind != 1) record.received = MakeRole(flows, Draw(now));
    return record;
  }

 private:
  const std::vector<std::uint32_t>& hosts_;
  aggregator::WindowSpan span_;
  aggregator::WindowSummary summary_;
};

std::vector<std::uint32_t> MakeHosts(std::size_t count) {
  constexpr std::uint32_t kTen = 10U << 24U;
  std::mt19937_64 random(1);
  std::set<std::uint32_t> hosts;
  while (hosts.size() < count / 2) hosts.insert(kTen + static_cast<std::uint32_t>(random() % (1U << 24U)));
  while (hosts.size() < count)
    hosts.insert(kTen + static_cast<std::uint32_t>((random() % 64 << 18U) + random() % (1U << 16U)));
  return {hosts.begin(), hosts.end()};
}

int Run(const char* folder, std::size_t count, std::int64_t windows) {
  StoreOptions options;
  options.path = folder;
  options.other_lengths = {0, UINT64_MAX};
  OpenedStore opened = Store::Open(options, [](std::string_view line) {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
  });
  if (opened.store == nullptr) {
    std::fprintf(stderr, "%s: %s\n", folder, opened.problem.c_str());
    return EXIT_FAILURE;
  }
  const std::vector<std::uint32_t> hosts = MakeHosts(count);
  for (std::int64_t i = windows; i > 0; --i) {
    const aggregator::WindowSpan span{ReceiveTime{kEnd - i * kMinute}, kMinute};
    if (!opened.store->List(kMinute, span.start, span.end()).empty()) continue;
    const std::string problem = opened.store->Put(DrawnWindow(hosts, span));
    if (!problem.empty()) {
      std::fprintf(stderr, "%s: %s\n", folder, problem.c_str());
      return EXIT_FAILURE;
    }
  }
  const StoreStatus status = opened.store->status();
  std::printf("{\"windows\":%llu,\"bytes\":%llu}\n", static_cast<unsigned long long>(status.windows),
              static_cast<unsigned long long>(status.bytes));
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace hostscope::exporter

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: query_store_writer FOLDER HOSTS WINDOWS\n", stderr);
    return 2;
  }
  return hostscope::exporter::Run(argv[1], std::strtoul(argv[2], nullptr, 10), std::atoll(argv[3]));
}
