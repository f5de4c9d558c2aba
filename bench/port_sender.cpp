// The other end of a port for bench/port-rate: a process of its own on a DPDK port that sends export
// datagrams, or receives whatever comes and does nothing with it.
//
//     port_sender EAL-OPTIONS -- send MAC HOSTS DATAGRAMS
//     port_sender EAL-OPTIONS -- drain
//
// "send" makes DATAGRAMS frames (IPFIX of flows between HOSTS hosts: export_stream.h) from 192.0.2.1 to
// 192.0.2.10 port 4739 and MAC, without a UDP checksum, which RFC 768 allows: a NIC would have checked it.
// Then it says "ready", and for each line "RATE SECONDS" on standard input sends them round and round at RATE
// datagrams a second, in bursts of 32; what the port does not take at once is refused and lost, as at a NIC
// whose ring is full. A RATE of 0: as fast as the port takes them. It answers with a line of JSON, see
// Result. The template is in the first frame, and so comes again with each round. Sequence numbers go on.
// Ends with standard input.
//
// "drain" ends with SIGTERM and says what it received. Both use the EAL's first port, on the main lcore.
#include <arpa/inet.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>

#include <algorithm>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/export_stream.h"

namespace hostscope::bench {
namespace {

constexpr std::uint16_t kPort = 0;
constexpr std::uint16_t kBurst = 32;
constexpr std::uint64_t kRecordsPerDatagram = 31;
constexpr std::size_t kSequenceAt = 8;  // in an IPFIX message: RFC 7011 section 3.1
constexpr std::uint32_t kSource = RTE_IPV4(192, 0, 2, 1);
constexpr std::uint32_t kDestination = RTE_IPV4(192, 0, 2, 10);
constexpr std::uint16_t kIpfixPort = 4739;
// A sender that was kept from its CPU makes up for this much, which a ring has room for, and goes without the
// rest: its own pauses must not look like a receiver that is too slow.
constexpr std::uint64_t kMostOwed = 1024;

struct Headers {
  rte_ether_hdr ethernet;
  rte_ipv4_hdr ip;
  rte_udp_hdr udp;
};
static_assert(sizeof(Headers) == 42);

void Require(bool is_good, const std::string& what) {
  if (!is_good) throw std::runtime_error(what + ": " + rte_strerror(rte_errno));
}

/// Starts the port with one queue each way.
void StartPort(std::uint32_t buffers) {
  rte_mempool* const pool =
      rte_pktmbuf_pool_create("receive", buffers, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
  Require(pool != nullptr, "no memory to receive with");
  const rte_eth_conf conf{};
  std::uint16_t rx = 2048;
  std::uint16_t tx = 2048;
  const bool is_up = rte_eth_dev_configure(kPort, 1, 1, &conf) == 0 &&
                     rte_eth_dev_adjust_nb_rx_tx_desc(kPort, &rx, &tx) == 0 &&
                     rte_eth_rx_queue_setup(kPort, 0, rx, 0, nullptr, pool) == 0 &&
                     rte_eth_tx_queue_setup(kPort, 0, tx, 0, nullptr) == 0 && rte_eth_dev_start(kPort) == 0;
  if (!is_up) throw std::runtime_error("the port did not start");
}

void AwaitLink() {
  for (int tries = 0; tries < 1000; ++tries) {
    rte_eth_link link{};
    if (rte_eth_link_get_nowait(kPort, &link) == 0 && link.link_status == RTE_ETH_LINK_UP) return;
    rte_delay_us_sleep(10'000);
  }
  throw std::runtime_error("nobody came to the other end of the port within 10 s");
}

/// Frames that are sent again and again, in the order of the stream.
class Frames {
 public:
  Frames(const ExportStream& stream, const rte_ether_addr& destination) : records_(stream.records()) {
    constexpr std::uint16_t kRoom = RTE_PKTMBUF_HEADROOM + RTE_ETHER_MTU + RTE_ETHER_HDR_LEN;
    const auto count = static_cast<unsigned>(stream.size());
    rte_mempool* const pool = rte_pktmbuf_pool_create("frames", count, 0, 0, kRoom, SOCKET_ID_ANY);
    Require(pool != nullptr, "no memory for " + std::to_string(count) + " frames");
    mbufs_.resize(count);
    if (rte_pktmbuf_alloc_bulk(pool, mbufs_.data(), count) != 0) throw std::runtime_error("no frames");
    for (unsigned i = 0; i < count; ++i) {
      const std::span<const std::uint8_t> message = stream[i];
      std::uint32_t sequence = 0;
      std::memcpy(&sequence, &message[kSequenceAt], sizeof(sequence));
      sequences_.push_back(ntohl(sequence));
      Fill(mbufs_[i], message, destination);
    }
  }

  /// The next ones: at most kBurst, with their sequence numbers. They stay ours: a port that frees them gives
  /// back a reference.
  std::uint16_t Next(rte_mbuf** burst, std::uint64_t wanted) noexcept {
    const auto count =
        static_cast<std::uint16_t>(std::min({wanted, std::uint64_t{kBurst}, mbufs_.size() - at_}));
    for (std::uint16_t i = 0; i < count; ++i, ++at_) {
      burst[i] = mbufs_[at_];
      const std::uint32_t sequence = htonl(sequences_[at_] + sequence_base_);
      std::memcpy(rte_pktmbuf_mtod_offset(burst[i], char*, sizeof(Headers) + kSequenceAt), &sequence,
                  sizeof(sequence));
      rte_mbuf_refcnt_set(burst[i], 2);
    }
    if (at_ == mbufs_.size()) {
      at_ = 0;
      sequence_base_ += static_cast<std::uint32_t>(records_);
    }
    return count;
  }

  double records_per_datagram() const noexcept {
    return static_cast<double>(records_) / static_cast<double>(mbufs_.size());
  }

 private:
  static void Fill(rte_mbuf* mbuf, std::span<const std::uint8_t> message, const rte_ether_addr& destination) {
    Headers headers{};
    headers.ethernet.dst_addr = destination;
    headers.ethernet.src_addr = {{2, 0, 0, 0, 0, 1}};
    headers.ethernet.ether_type = htons(RTE_ETHER_TYPE_IPV4);
    headers.ip.version_ihl = RTE_IPV4_VHL_DEF;
    headers.ip.time_to_live = 64;
    headers.ip.next_proto_id = IPPROTO_UDP;
    headers.ip.total_length =
        htons(static_cast<std::uint16_t>(sizeof(Headers) - RTE_ETHER_HDR_LEN + message.size()));
    headers.ip.src_addr = htonl(kSource);
    headers.ip.dst_addr = htonl(kDestination);
    rte_ipv4_hdr ip = headers.ip;
    headers.ip.hdr_checksum = rte_ipv4_cksum(&ip);
    headers.udp.src_port = htons(kIpfixPort);
    headers.udp.dst_port = htons(kIpfixPort);
    headers.udp.dgram_len = htons(static_cast<std::uint16_t>(sizeof(rte_udp_hdr) + message.size()));
    char* const bytes =
        rte_pktmbuf_append(mbuf, static_cast<std::uint16_t>(sizeof(Headers) + message.size()));
    if (bytes == nullptr) throw std::runtime_error("a datagram is larger than a frame");
    std::memcpy(bytes, &headers, sizeof(Headers));
    std::memcpy(bytes + sizeof(Headers), message.data(), message.size());
  }

  std::uint64_t records_;
  std::vector<rte_mbuf*> mbufs_;
  std::vector<std::uint32_t> sequences_;
  std::size_t at_ = 0;
  std::uint32_t sequence_base_ = 0;
};

/// Of one line of standard input. Datagrams, but for `bytes`, of the frames that were taken.
struct Result {
  std::uint64_t taken = 0;
  std::uint64_t refused = 0;
  std::uint64_t forgone = 0;  ///< not offered, since the sender was kept from its CPU
  std::uint64_t bytes = 0;
  double seconds = 0;
};

Result Send(Frames& frames, double rate, double seconds) {
  Result result;
  rte_mbuf* burst[kBurst];
  const auto hz = static_cast<double>(rte_get_tsc_hz());
  const std::uint64_t begin = rte_rdtsc();
  const auto length = static_cast<std::uint64_t>(seconds * hz);
  const auto count_bytes = [&](std::uint16_t from, std::uint16_t to) {
    for (std::uint16_t i = from; i < to; ++i) result.bytes += burst[i]->pkt_len;
  };
  std::uint64_t scheduled = 0;
  for (std::uint64_t elapsed = 0; (elapsed = rte_rdtsc() - begin) < length;) {
    if (rate > 0) {
      const auto due = static_cast<std::uint64_t>(static_cast<double>(elapsed) * rate / hz);
      if (due < scheduled + kBurst) continue;
      if (due - scheduled > kMostOwed) {
        result.forgone += due - scheduled - kMostOwed;
        scheduled = due - kMostOwed;
      }
    }
    const std::uint16_t count = frames.Next(burst, kBurst);
    scheduled += count;
    std::uint16_t taken = 0;
    do {
      const std::uint16_t now = rte_eth_tx_burst(kPort, 0, burst + taken, count - taken);
      // A frame that was freed is still ours, with its length.
      count_bytes(taken, taken + now);
      taken = static_cast<std::uint16_t>(taken + now);
    } while (rate <= 0 && taken < count && rte_rdtsc() - begin < length);
    result.taken += taken;
    if (rate > 0) result.refused += count - taken;
  }
  result.seconds = static_cast<double>(rte_rdtsc() - begin) / hz;
  return result;
}

void RunSender(char** argv) {
  rte_ether_addr mac{};
  if (rte_ether_unformat_addr(argv[0], &mac) != 0) throw std::runtime_error("not a MAC address");
  const std::uint64_t hosts = std::strtoull(argv[1], nullptr, 10);
  const std::uint64_t datagrams = std::strtoull(argv[2], nullptr, 10);
  // What the stream has a datagram more of, for the template, does not matter.
  Frames frames(ExportStream({.hosts = hosts, .records = datagrams * kRecordsPerDatagram}), mac);
  StartPort(4096);
  std::printf("ready %.3f\n", frames.records_per_datagram());
  std::fflush(stdout);
  double rate = 0;
  double seconds = 0;
  while (std::scanf("%lf %lf", &rate, &seconds) == 2) {
    AwaitLink();
    const Result result = Send(frames, rate, seconds);
    std::printf(R"({"taken":%)" PRIu64 R"(,"refused":%)" PRIu64 R"(,"forgone":%)" PRIu64
                R"(,"bytes":%)" PRIu64 R"(,"seconds":%.6f})"
                "\n",
                result.taken, result.refused, result.forgone, result.bytes, result.seconds);
    std::fflush(stdout);
  }
}

volatile std::sig_atomic_t is_stopping = 0;

void RunDrain() {
  // What comes goes back to the pool at once; a ring that lends out its buffers takes the most.
  StartPort(32768);
  std::signal(SIGTERM, [](int) { is_stopping = 1; });
  rte_mbuf* burst[kBurst];
  std::uint64_t received = 0;
  while (is_stopping == 0) {
    const std::uint16_t count = rte_eth_rx_burst(kPort, 0, burst, kBurst);
    for (std::uint16_t i = 0; i < count; ++i) rte_pktmbuf_free(burst[i]);
    received += count;
  }
  std::printf(R"({"received":%)" PRIu64 "}\n", received);
}

}  // namespace
}  // namespace hostscope::bench

int main(int argc, char** argv) {
  int status = 2;
  try {
    const int used = rte_eal_init(argc, argv);
    if (used < 0) throw std::runtime_error(std::string("DPDK did not start: ") + rte_strerror(rte_errno));
    argc -= used;
    argv += used;
    if (argc == 5 && std::strcmp(argv[1], "send") == 0) {
      hostscope::bench::RunSender(argv + 2);
      status = 0;
    } else if (argc == 2 && std::strcmp(argv[1], "drain") == 0) {
      hostscope::bench::RunDrain();
      status = 0;
    } else {
      std::fprintf(stderr, "usage: port_sender EAL-OPTIONS -- send MAC HOSTS DATAGRAMS | drain\n");
    }
    rte_eth_dev_stop(hostscope::bench::kPort);
    rte_eth_dev_close(hostscope::bench::kPort);
    rte_eal_cleanup();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "port_sender: %s\n", error.what());
    status = 1;
  }
  return status;
}
