#include <string>
#include <string_view>
#include <utility>

#include "dataplane/dataplane.h"

namespace hostscope::dataplane {

DatagramBooks BooksOf(const DataplaneStatus& status) {
  DatagramBooks books;
  const auto add = [&](std::string reason, std::string_view help, std::uint64_t count) {
    books.dropped.push_back({std::move(reason), std::string(help), count});
  };
  for (std::size_t i = 0; i < ipfix::CounterArray<ipfix::DatagramOutcome>::kSize; ++i) {
    const auto outcome = static_cast<ipfix::DatagramOutcome>(i);
    std::uint64_t count = 0;
    for (const WorkerStatus& worker : status.workers) count += worker.accounting->outcomes.Get(outcome);
    if (outcome == ipfix::DatagramOutcome::kDecoded) {
      books.decoded = count;
    } else {
      add(std::string(NameOf(outcome).name), NameOf(outcome).help, count);
    }
  }
  for (std::size_t i = 0; i < FrameCounters::kSize; ++i) {
    const auto outcome = static_cast<FrameOutcome>(i);
    std::uint64_t count = 0;
    for (const PortStatus& port : status.ports)
      count += port.frames.Get(outcome) + port.fragments.datagrams.Get(outcome);
    if (ClassOf(outcome) == FrameClass::kDelivered) books.received += count;
    if (ClassOf(outcome) != FrameClass::kDropped) continue;
    books.received += count;
    add("frame_" + std::string(NameOf(outcome).name), NameOf(outcome).help, count);
  }
  for (std::size_t i = 0; i < ipfix::CounterArray<FragmentDrop>::kSize; ++i) {
    const auto reason = static_cast<FragmentDrop>(i);
    std::uint64_t count = 0;
    for (const PortStatus& port : status.ports) count += port.fragments.dropped.Get(reason);
    books.received += count;
    add("fragment_" + std::string(NameOf(reason).name), NameOf(reason).help, count);
  }
  NicDrops nic;
  for (const PortStatus& port : status.ports) {
    nic.missed += port.nic.missed;
    nic.errors += port.nic.errors;
    nic.no_buffer += port.nic.no_buffer;
  }
  books.received += nic.total();
  add("nic_missed", "Frames lost because a receive ring was full.", nic.missed);
  add("nic_errors", "Frames that the NIC refused.", nic.errors);
  add("nic_no_buffer", "Frames lost because no packet buffer was free.", nic.no_buffer);
  return books;
}

}  // namespace hostscope::dataplane
