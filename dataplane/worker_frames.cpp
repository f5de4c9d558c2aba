#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "dataplane/frame.h"
#include "dataplane/worker.h"

// What a worker does with the frames of its queues, from the burst to the decoder or the answer.
namespace hostscope::dataplane {
namespace {

ChecksumState FromFlag(std::uint64_t flag, std::uint64_t unknown, std::uint64_t bad) noexcept {
  if (flag == unknown) return ChecksumState::kUnknown;
  return flag == bad ? ChecksumState::kBad : ChecksumState::kGood;
}

/// Also of which VLAN. kGood also for RTE_MBUF_F_RX_*_CKSUM_NONE: not in the packet, but its integrity is
/// verified.
FrameHints HintsOf(const rte_mbuf& mbuf) noexcept {
  const std::uint64_t flags = mbuf.ol_flags;
  return {FromFlag(flags & RTE_MBUF_F_RX_IP_CKSUM_MASK, RTE_MBUF_F_RX_IP_CKSUM_UNKNOWN,
                   RTE_MBUF_F_RX_IP_CKSUM_BAD),
          FromFlag(flags & RTE_MBUF_F_RX_L4_CKSUM_MASK, RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN,
                   RTE_MBUF_F_RX_L4_CKSUM_BAD),
          (flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0, mbuf.vlan_tci};
}

// Less than a few records are read sooner than given away.
constexpr std::size_t kLeastToGive = 256;
std::uint8_t* BytesOf(rte_mbuf* mbuf) noexcept {
  return rte_pktmbuf_mtod(mbuf, std::uint8_t*);
}

}  // namespace

unsigned Worker::PollQueues(ReceiveTime now) noexcept {
  unsigned frames = 0;
  bool is_loaded = false;
  for (RxQueue& queue : options_.queues) {
    const unsigned count = Poll(queue, now);
    frames += count;
    is_loaded |= count == kBurst;
  }
  frames += ReadJoined(now);
  if (frames != 0) decoder_.Flush(*aggregator_);
  if (spreader_) {
    spreader_->SetLoaded(is_loaded);
    if (!is_loaded) spreader_->StopGiving();
  }
  return frames;
}

unsigned Worker::Poll(RxQueue& queue, ReceiveTime now) noexcept {
  rte_mbuf* burst[kBurst];
  const unsigned count = rte_eth_rx_burst(queue.port, queue.queue, burst, kBurst);
  // All first lines at once, then all second ones: Ethernet, IPv4 and UDP headers take 42 bytes, so that the
  // records begin in the first line and go on in the second. A burst is small enough to be prefetched as a
  // whole.
  for (unsigned i = 0; i < count; ++i) rte_prefetch0(BytesOf(burst[i]));
  for (unsigned i = 0; i < count; ++i) rte_prefetch0(BytesOf(burst[i]) + RTE_CACHE_LINE_SIZE);
  if (frame_tap_.is_on()) [[unlikely]] {
    for (unsigned i = 0; i < count; ++i) frame_tap_.Take(*burst[i], queue.port, now);
  }
  if (count == kBurst && spreader_) spreader_->StartGiving(now);
  current_ = queue.fragments;
  for (unsigned i = 0; i < count; ++i) {
    bool is_kept = false;
    const FrameOutcome outcome = Handle(queue, burst[i], now, is_kept);
    queue.counters->frames.Add(outcome);
    if (ClassOf(outcome) == FrameClass::kAnswered) {
      Answer(queue, burst[i], outcome, now);
    } else if (!is_kept) {
      rte_pktmbuf_free(burst[i]);
    }
  }
  return count;
}

/// Datagrams that workers of the same port put together for this one.
unsigned Worker::ReadJoined(ReceiveTime now) noexcept {
  unsigned count = 0;
  for (RxQueue* const queue : ports_) {
    if (!queue->fragments->is_shared()) continue;
    for (; count < kBurst; ++count) {
      rte_mbuf* const whole = queue->fragments->Next(options_.index);
      if (whole == nullptr) break;
      Read(*queue, whole, now);
    }
  }
  return count;
}

/// A datagram that came in fragments. It arrived when it was complete.
void Worker::Read(RxQueue& queue, rte_mbuf* whole, ReceiveTime now) noexcept {
  current_ = queue.fragments;
  const std::uint32_t length = whole->pkt_len;
  // At most kLongestFrame, since no fragment reaches further.
  const void* const bytes = rte_pktmbuf_read(whole, 0, length, joined_.get());
  ipfix::Datagram datagram;
  const FrameOutcome outcome =
      queue.classifier->ClassifyJoined({static_cast<const std::uint8_t*>(bytes), length}, datagram);
  FragmentCounters& books = queue.fragments->counters(options_.index);
  books.joined.Add(whole->nb_segs);
  books.datagrams.Add(outcome);
  if (outcome == FrameOutcome::kDatagram) {
    datagram.received = now;
    static_cast<void>(decoder_.Decode(datagram, *aggregator_));
  }
  rte_pktmbuf_free(whole);
}

void Worker::ExporterAdmitted(const Address& address, std::uint16_t port) noexcept {
  current_->SetHome(options_.index, address, port);
}

FrameOutcome Worker::Handle(RxQueue& queue, rte_mbuf* mbuf, ReceiveTime now, bool& is_kept) noexcept {
  std::span<const std::uint8_t> frame{BytesOf(mbuf), mbuf->data_len};
  if (mbuf->nb_segs > 1) [[unlikely]] {
    if (mbuf->pkt_len > kLongestFrame) return FrameOutcome::kSegmented;
    frame = InOnePiece(queue, mbuf);
  }
  ipfix::Datagram datagram;
  const FrameOutcome outcome = queue.classifier->Classify(frame, HintsOf(*mbuf), datagram);
  if (outcome == FrameOutcome::kDatagram) {
    datagram.received = now;
    // What lies in our own memory is gone with the next such frame.
    JobRing::Place* const place = frame.data() == BytesOf(mbuf) ? PlaceFor(datagram) : nullptr;
    // Outcomes are in the decoder's own books.
    if (place == nullptr) {
      static_cast<void>(decoder_.Decode(datagram, *aggregator_));
    } else {
      static_cast<void>(decoder_.Split(datagram, *aggregator_, place->job));
      is_kept = place->job.set_count != 0;
      place->mbuf = mbuf;
      if (is_kept) spreader_->Give();
    }
  } else if (outcome == FrameOutcome::kFragment) {
    if (rte_mbuf* const whole = queue.fragments->Take(options_.index, frame)) Read(queue, whole, now);
  }
  return outcome;
}

/// A frame in several buffers: where it is, if all of its IP packet lies in the first of them, else a copy.
std::span<const std::uint8_t> Worker::InOnePiece(RxQueue& queue, const rte_mbuf* mbuf) noexcept {
  queue.counters->scattered.Add(1);
  const std::span<const std::uint8_t> first{rte_pktmbuf_mtod(mbuf, const std::uint8_t*), mbuf->data_len};
  IpPacket packet;
  if (WalkToTransport(first, LinkType::kEthernet, packet) == HeaderResult::kIp &&
      packet.end_offset <= first.size()) {
    return first;
  }
  const void* const bytes = rte_pktmbuf_read(mbuf, 0, mbuf->pkt_len, joined_.get());
  return {static_cast<const std::uint8_t*>(bytes), mbuf->pkt_len};
}

/// Where to put the data sets of a datagram; null: it is read here.
JobRing::Place* Worker::PlaceFor(const ipfix::Datagram& datagram) noexcept {
  if (!spreader_ || !spreader_->is_giving() || datagram.payload.size() < kLeastToGive) return nullptr;
  JobRing::Place* place = spreader_->FreePlace(datagram.received);
  if (place == nullptr && spreader_->under_way() != 0) {
    TakeJobsBack();
    place = spreader_->FreePlace(datagram.received);
  }
  if (place == nullptr) spreader_->counters().kept.Add(1);
  return place;
}

void Worker::Answer(RxQueue& queue, rte_mbuf* mbuf, FrameOutcome outcome, ReceiveTime now) noexcept {
  ReplyBudget& budget = outcome == FrameOutcome::kEcho ? queue.echoes : queue.resolutions;
  if (!budget.Take(now)) {
    queue.counters->replies_limited.Add(1);
    return rte_pktmbuf_free(mbuf);
  }
  const std::uint16_t length = mbuf->data_len;
  bool is_sent = false;
  if (queue.can_answer && mbuf->nb_segs == 1 && rte_pktmbuf_tailroom(mbuf) >= Neighbours::kMaxGrowth) {
    const std::size_t reply = queue.classifier->neighbours().Answer(
        outcome, {BytesOf(mbuf), length + Neighbours::kMaxGrowth}, length);
    mbuf->data_len = static_cast<std::uint16_t>(reply);
    mbuf->pkt_len = static_cast<std::uint32_t>(reply);
    const bool is_tag_outside = (mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0;
    mbuf->ol_flags = 0;
    is_sent = reply != 0 && (!is_tag_outside || rte_vlan_insert(&mbuf) == 0) &&
              rte_eth_tx_burst(queue.port, queue.queue, &mbuf, 1) == 1;
  }
  if (is_sent) {
    queue.counters->replies.Add(1);
  } else {
    queue.counters->replies_failed.Add(1);
    rte_pktmbuf_free(mbuf);
  }
}

}  // namespace hostscope::dataplane
