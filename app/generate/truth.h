#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "app/generate/options.h"
#include "app/generate/traffic.h"

namespace hostscope::app {

/// Exact totals of what was generated.
class Summary {
 public:
  explicit Summary(const GenerateOptions& options);
  void AddFlow(const SyntheticFlow& flow) noexcept;
  /// One that sends its first datagram.
  void AddExporter() noexcept { ++exporters_; }
  void AddDatagram(std::size_t bytes) noexcept {
    ++datagrams_;
    datagram_bytes_ += bytes;
  }
  /// One JSON object; `seconds` is what sending took.
  std::string ToJson(double seconds) const;

 private:
  std::uint32_t sampling_interval_;
  std::uint32_t exporters_ = 0;
  std::uint64_t datagrams_ = 0;
  std::uint64_t datagram_bytes_ = 0;
  std::uint64_t flows_ = 0;
  std::uint64_t packets_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t sources_ = 0;  // distinct
  std::uint64_t destinations_ = 0;
  std::uint64_t hosts_ = 0;
  std::vector<std::uint8_t> seen_;  // bit 0: as a source, bit 1: as a destination
};

/// Exact figures of every host, by plain counting with standard containers: nothing of the aggregator is
/// used, so that the two can be compared. Takes memory for every distinct peer and port of every host.
class Truth {
 public:
  void AddFlow(const SyntheticFlow& flow);
  /// One JSON object a line and host, in address order. Unscaled by sampling. Throws std::runtime_error.
  void Write(const std::string& path) const;

 private:
  struct Role {
    std::uint64_t flows = 0;
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
    std::uint64_t duration_ms = 0;
    std::set<Address> peers;
    std::set<std::uint16_t> source_ports;
    std::set<std::uint16_t> destination_ports;
    std::array<std::uint64_t, 8> tcp_flags{};
    std::uint64_t tcp = 0;
    std::uint64_t udp = 0;
    std::uint64_t icmp = 0;

    void Add(const SyntheticFlow& flow, const Address& peer);
    std::string ToJson() const;
  };
  struct Host {
    Role sent;
    Role received;
  };
  std::map<Address, Host> hosts_;
};

}  // namespace hostscope::app
