#pragma once

#include <cstdint>

#include "app/generate/options.h"
#include "app/generate/random.h"
#include "app/generate/zipf.h"
#include "ipfix/address.h"

namespace hostscope::app {

/// One made-up flow. Times are milliseconds before the export.
struct SyntheticFlow {
  Address source;
  Address destination;
  std::uint64_t packets = 0;  ///< below 2^17, so that bytes fit into the 32 bits of NetFlow v5
  std::uint64_t bytes = 0;
  std::uint32_t duration_ms = 0;
  std::uint32_t age_ms = 0;  ///< from its end to the export
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;  ///< of ICMP: type and code, as exporters write them
  std::uint8_t protocol = 0;
  std::uint8_t tcp_flags = 0;
  std::uint64_t source_index = 0;  ///< which of the hosts, 0 to hosts - 1
  std::uint64_t destination_index = 0;
};

/// Makes flows between hosts whose activity follows a Zipf distribution, sources and destinations alike but
/// independently: who sends most is not who receives most. One thread.
class Traffic {
 public:
  /// Throws std::invalid_argument where a network has no room for its hosts.
  explicit Traffic(const GenerateOptions& options);

  SyntheticFlow Next();

 private:
  /// The hosts of one address family.
  struct Population {
    Population(std::uint64_t count, double exponent, const Prefix& network, std::uint64_t first_index);
    std::uint64_t count;
    Zipf zipf;
    Prefix network;
    std::uint64_t first_index;
    std::uint64_t source_stride;  // coprime to count: rank * stride mod count goes over all hosts
    std::uint64_t destination_stride;

    Address AddressOf(std::uint64_t host) const noexcept;
  };

  void ChooseHosts(const Population& population, SyntheticFlow& flow);
  void ChooseTransport(SyntheticFlow& flow);
  void ChooseVolume(SyntheticFlow& flow);

  Random random_;
  double ipv6_share_;
  Population ipv4_;
  Population ipv6_;
};

}  // namespace hostscope::app
