#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "tests/app/program.h"
#include "tests/app/records.h"

namespace hostscope::app::testing {
namespace {

/// A port of its own on 127.0.0.1, which takes what comes.
class Collector {
 public:
  Collector() : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in local{};
    local.sin_family = AF_INET;
    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(local);
    EXPECT_EQ(bind(socket_, reinterpret_cast<const sockaddr*>(&local), length), 0);
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&local), &length), 0);
    target_ = "127.0.0.1:" + std::to_string(ntohs(local.sin_port));
  }
  ~Collector() { close(socket_); }
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  const std::string& target() const { return target_; }

  /// Counts what has come, and from how many addresses and ports.
  void Take() {
    std::array<char, 2048> bytes{};
    sockaddr_in from{};
    socklen_t length = sizeof(from);
    while (true) {
      const ssize_t count =
          recvfrom(socket_, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&from), &length);
      if (count < 0) return;
      ++datagrams;
      received_bytes += static_cast<double>(count);
      sources.emplace(ntohl(from.sin_addr.s_addr), ntohs(from.sin_port));
    }
  }

  double datagrams = 0;
  double received_bytes = 0;
  std::set<std::pair<std::uint32_t, std::uint16_t>> sources;

 private:
  int socket_;
  std::string target_;
};

TEST(UdpOutputTest, EveryDatagramGoesOutFromItsExportersPort) {
  for (const char* rate : {"0", "20000"}) {
    Collector collector;
    const Finished finished =
        RunHostscope({"generate", "--udp", collector.target(), "--records", "2000", "--rate", rate,
                      "--exporters", "3", "--source", "127.0.0.2,127.0.0.3"});
    ASSERT_EQ(finished.status, 0) << finished.err;
    collector.Take();
    const std::map<std::string, double> summary = Flatten(finished.err);
    EXPECT_EQ(collector.datagrams, summary.at("datagrams"));
    EXPECT_EQ(collector.received_bytes, summary.at("datagram_bytes"));
    EXPECT_EQ(static_cast<double>(collector.sources.size()), summary.at("exporters"));
    for (const auto& [address, port] : collector.sources) {
      EXPECT_TRUE(address == 0x7f000002 || address == 0x7f000003);
    }
  }
}

TEST(UdpOutputTest, ThatNobodyListensIsNoError) {
  std::string target;
  {
    const Collector gone;
    target = gone.target();
  }
  const Finished finished = RunHostscope({"generate", "--udp", target, "--records", "3000", "--rate", "0"});
  EXPECT_EQ(finished.status, 0) << finished.err;
}

TEST(UdpOutputTest, RatesAreKept) {
  Collector collector;
  const Finished finished =
      RunHostscope({"generate", "--udp", collector.target(), "--records", "500", "--rate", "1000"});
  ASSERT_EQ(finished.status, 0) << finished.err;
  // The last datagram is due a little before half a second is over.
  EXPECT_GE(Flatten(finished.err).at("seconds"), 0.4);
}

}  // namespace
}  // namespace hostscope::app::testing
