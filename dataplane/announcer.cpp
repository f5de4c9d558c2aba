#include "dataplane/announcer.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <span>
#include <utility>

#include "dataplane/announcements.h"

namespace hostscope::dataplane {
namespace {

constexpr unsigned kProbe = 1;
constexpr unsigned kAnnounce = 2;
constexpr unsigned kAnnounceAgain = 3;
constexpr unsigned kMinute = 60;

}  // namespace

Announcer::Announcer(Options options) noexcept : options_(std::move(options)) {
  if (options_.vlans.empty()) options_.vlans.push_back(0);
}

void Announcer::Tick() noexcept {
  const std::uint64_t conflicts = Conflicts();
  if (const std::uint64_t ups = options_.link_ups->Get(); ups != link_ups_) {
    link_ups_ = ups;
    seconds_ = 0;
    conflicts_ = conflicts;
  }
  if (link_ups_ == 0) return;
  ++seconds_;
  const bool is_ours_alone = conflicts == conflicts_;
  if (seconds_ == kProbe) {
    SendAll(WriteGroupReport, true);
    SendAll(WriteProbe);
  } else if ((seconds_ == kAnnounce || seconds_ == kAnnounceAgain) && is_ours_alone) {
    SendAll(WriteAnnouncement);
  } else if (seconds_ == kMinute) {
    SendAll(WriteGroupReport, true);
    seconds_ = kAnnounceAgain;
  }
}

std::uint64_t Announcer::Conflicts() const noexcept {
  std::uint64_t conflicts = 0;
  for (const QueueCounters& queue : options_.queues) conflicts += queue.frames.Get(FrameOutcome::kConflict);
  return conflicts;
}

void Announcer::SendAll(Write write, bool is_ipv6_only) noexcept {
  for (const Address& address : options_.neighbours->addresses()) {
    if (is_ipv6_only && address.IsIpv4()) continue;
    for (const std::uint16_t vlan : options_.vlans) Send(write, address, vlan);
  }
}

void Announcer::Send(Write write, const Address& address, std::uint16_t vlan) noexcept {
  rte_mbuf* mbuf = rte_pktmbuf_alloc(options_.pool);
  if (mbuf == nullptr) return;
  auto* const bytes = reinterpret_cast<std::uint8_t*>(rte_pktmbuf_append(mbuf, kMaxAnnouncement));
  const std::size_t length =
      write(options_.neighbours->mac(), address, vlan, std::span(bytes, kMaxAnnouncement));
  rte_pktmbuf_trim(mbuf, static_cast<std::uint16_t>(kMaxAnnouncement - length));
  if (rte_eth_tx_burst(options_.port, 0, &mbuf, 1) == 1) {
    options_.queues.front().announcements.Add(1);
  } else {
    rte_pktmbuf_free(mbuf);
  }
}

}  // namespace hostscope::dataplane
