#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "aggregator/host_record.h"
#include "aggregator/network_set.h"
#include "ipfix/flow_record.h"

namespace hostscope::aggregator {

struct HostTableOptions {
  std::size_t max_hosts = 1'000'000;    ///< beyond it, further hosts go to their network's `other` record
  std::size_t sketch_bytes = 256u << 20;  ///< pool for distinct counts that outgrow a host's slot
  std::uint64_t hash_key = 0;           ///< random per start, the same for all tables that are ever merged
};

/// The hosts of one window on one worker. DRAFT: owned by the aggregator's author.
class HostTable {
 public:
  HostTable(const HostTableOptions& options, const NetworkSet& networks);
  ~HostTable();
  HostTable(const HostTable&) = delete;
  HostTable& operator=(const HostTable&) = delete;

  struct UpdateResult {
    std::uint64_t flows = 0;        ///< records with at least one monitored address
    std::uint64_t packets = 0;      ///< of these
    std::uint64_t bytes = 0;
    std::uint64_t scaled = 0;
    std::uint64_t unmonitored = 0;  ///< records with none
  };
  UpdateResult Update(std::span<const FlowRecord> records) noexcept;
};

}  // namespace hostscope::aggregator
