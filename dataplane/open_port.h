#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/announcer.h"
#include "dataplane/port.h"
#include "dataplane/port_fragments.h"
#include "dataplane/worker_books.h"
#include "ipfix/counter.h"

namespace hostscope::dataplane {

/// A port with what is counted of it: QueueCounters by the workers, the rest by whoever holds the mutex.
struct OpenPort {
  Port port;
  std::vector<QueueCounters> queues;
  Counter nic_missed;
  Counter nic_errors;
  Counter nic_no_buffer;
  Counter nic_drops;  ///< the sum of the three
  Counter link_changes;
  Counter link_ups;                    ///< with that at the start
  std::atomic<std::uint64_t> link{0};  ///< Pack()ed
  std::unique_ptr<PortFragments> fragments;
  std::optional<Announcer> announcer;

  OpenPort(const PortConfig& config, std::vector<std::string>& warnings)
      : port(config, warnings), queues(config.queues) {
    const Link now = port.ReadLink();
    link.store(Pack(now), std::memory_order_relaxed);
    if (now.is_up) link_ups.Add(1);
    if (port.tx_queues() != 0) {
      announcer.emplace(Announcer::Options{port.id(), port.pool(), &port.classifier().neighbours(),
                                           config.vlans, &link_ups, queues});
    }
  }

  Link ReadLink() const noexcept {
    const std::uint64_t packed = link.load(std::memory_order_relaxed);
    return {(packed & 1) != 0, static_cast<std::uint32_t>(packed >> 1)};
  }

  void RefreshLink() noexcept {
    const std::uint64_t now = Pack(port.ReadLink());
    const std::uint64_t before = link.exchange(now, std::memory_order_relaxed);
    if (((before ^ now) & 1) == 0) return;
    link_changes.Add(1);
    if ((now & 1) != 0) link_ups.Add(1);
  }

  void RefreshDrops() noexcept {
    const NicDrops drops = port.ReadDrops();
    Raise(nic_missed, drops.missed);
    Raise(nic_errors, drops.errors);
    Raise(nic_no_buffer, drops.no_buffer);
    Raise(nic_drops, nic_missed.Get() + nic_errors.Get() + nic_no_buffer.Get());
  }

 private:
  static std::uint64_t Pack(const Link& link) noexcept {
    return std::uint64_t{link.megabits_per_second} << 1 | (link.is_up ? 1 : 0);
  }
  // A driver that resets its statistics, or fails to read them, must not make ours go back.
  static void Raise(Counter& counter, std::uint64_t value) noexcept {
    if (value > counter.Get()) counter.Add(value - counter.Get());
  }
};

}  // namespace hostscope::dataplane
