#include "dataplane/worker.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "dataplane/frame.h"

namespace hostscope::dataplane {
namespace {

ChecksumState FromFlag(std::uint64_t flag, std::uint64_t unknown, std::uint64_t bad) noexcept {
  if (flag == unknown) return ChecksumState::kUnknown;
  return flag == bad ? ChecksumState::kBad : ChecksumState::kGood;
}

/// kGood also for RTE_MBUF_F_RX_*_CKSUM_NONE: not in the packet, but its integrity is verified.
FrameHints HintsOf(std::uint64_t flags) noexcept {
  return {FromFlag(flags & RTE_MBUF_F_RX_IP_CKSUM_MASK, RTE_MBUF_F_RX_IP_CKSUM_UNKNOWN,
                   RTE_MBUF_F_RX_IP_CKSUM_BAD),
          FromFlag(flags & RTE_MBUF_F_RX_L4_CKSUM_MASK, RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN,
                   RTE_MBUF_F_RX_L4_CKSUM_BAD)};
}

std::uint8_t* BytesOf(rte_mbuf* mbuf) noexcept {
  return rte_pktmbuf_mtod(mbuf, std::uint8_t*);
}

}  // namespace

Worker::Worker(const Options& options, const ipfix::Settings& settings,
               std::unique_ptr<aggregator::HostTable> table)
    : options_(options),
      decoder_(settings),
      clock_(options.tsc_hz, rte_rdtsc(), WallClock()),
      second_began_(rte_rdtsc()),
      last_busy_(second_began_) {
  aggregator_ = std::make_unique<aggregator::WorkerAggregator>(options.base_window_ns,
                                                               clock_.At(second_began_), std::move(table));
}

Worker::~Worker() = default;

void Worker::Run() noexcept {
  second_began_ = rte_rdtsc();
  for (std::uint64_t begin = second_began_; !is_stopping_.load(std::memory_order_relaxed);) {
    const ReceiveTime now = clock_.At(begin);
    if (aggregator_->Due(now)) CloseWindow(now);
    unsigned frames = 0;
    for (RxQueue& queue : options_.queues) frames += Poll(queue, now);
    if (frames != 0) decoder_.Flush(*aggregator_);

    const bool is_busy = frames != 0;
    const std::uint64_t end = rte_rdtsc();
    Measure(begin, end, is_busy);
    if (end - second_began_ >= options_.tsc_hz) Housekeeping(end);
    begin = RestWhileIdle(end, is_busy) ? rte_rdtsc() : end;  // a rest is not a long loop
  }
  decoder_.Flush(*aggregator_);
  last_part_ = aggregator_->Finish(clock_.At(rte_rdtsc()), Totals());
  has_ended_.store(true, std::memory_order_release);
}

std::optional<aggregator::WindowPart> Worker::TakeLastPart() noexcept {
  return std::exchange(last_part_, {});
}

unsigned Worker::Poll(RxQueue& queue, ReceiveTime now) noexcept {
  rte_mbuf* burst[kBurst];
  const unsigned count = rte_eth_rx_burst(queue.port, queue.queue, burst, kBurst);
  // All first lines at once, then all second ones: Ethernet, IPv4 and UDP headers take 42 bytes, so that the
  // records begin in the first line and go on in the second. A burst is small enough to be prefetched as a
  // whole.
  for (unsigned i = 0; i < count; ++i) rte_prefetch0(BytesOf(burst[i]));
  for (unsigned i = 0; i < count; ++i) rte_prefetch0(BytesOf(burst[i]) + RTE_CACHE_LINE_SIZE);
  for (unsigned i = 0; i < count; ++i) {
    const FrameOutcome outcome = Handle(queue, burst[i], now);
    queue.counters->frames.Add(outcome);
    if (ClassOf(outcome) == FrameClass::kAnswered) {
      Answer(queue, burst[i], outcome);
    } else {
      rte_pktmbuf_free(burst[i]);
    }
  }
  return count;
}

FrameOutcome Worker::Handle(RxQueue& queue, rte_mbuf* mbuf, ReceiveTime now) noexcept {
  if (mbuf->nb_segs > 1 && rte_pktmbuf_linearize(mbuf) != 0) [[unlikely]]
    return FrameOutcome::kSegmented;
  ipfix::Datagram datagram;
  const FrameOutcome outcome =
      queue.classifier->Classify({BytesOf(mbuf), mbuf->data_len}, HintsOf(mbuf->ol_flags), datagram);
  if (outcome == FrameOutcome::kDatagram) {
    datagram.received = now;
    // Its outcome is in the decoder's own books.
    static_cast<void>(decoder_.Decode(datagram, *aggregator_));
  }
  return outcome;
}

void Worker::Answer(RxQueue& queue, rte_mbuf* mbuf, FrameOutcome outcome) noexcept {
  const std::uint16_t length = mbuf->data_len;
  bool is_sent = false;
  if (queue.can_answer && rte_pktmbuf_tailroom(mbuf) >= Neighbours::kMaxGrowth) {
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

void Worker::CloseWindow(ReceiveTime now) noexcept {
  // Without a place for the part the window stays open, as it does without a table: nothing is lost by that.
  if (!handover_.CanSend()) return;
  if (!spare_) spare_ = handover_.TakeTable();
  auto part = aggregator_->Close(now, spare_, Totals());
  if (!part) return;
  active_exporters_ = 0;
  handover_.Send(std::move(*part));
}

aggregator::SideTotals Worker::Totals() noexcept {
  // Asking resets the decoder's count. If the window then has to stay open, the larger of its two parts'
  // counts is the best that is known of the whole.
  active_exporters_ = std::max(active_exporters_, decoder_.TakeActiveExporters());
  const ipfix::Accounting& books = decoder_.accounting();
  aggregator::SideTotals totals;
  totals.exporters = active_exporters_;
  totals.dropped = books.outcomes.Total() - books.outcomes.Get(ipfix::DatagramOutcome::kDecoded);
  totals.sequence_expected = books.sequence_expected.Get();
  totals.sequence_lost = books.sequence_lost.Get();
  for (const RxQueue& queue : options_.queues) {
    totals.dropped += TotalOf(queue.counters->frames, FrameClass::kDropped);
    if (queue.nic_drops != nullptr) totals.dropped += queue.nic_drops->Get();
  }
  return totals;
}

void Worker::Housekeeping(std::uint64_t tsc) noexcept {
  clock_.Follow(tsc, WallClock());
  decoder_.Expire(clock_.At(tsc));
  const std::int64_t longest = TicksToNs(longest_ticks_);
  gauges_.busy_share.store(static_cast<double>(busy_ticks_) / static_cast<double>(tsc - second_began_),
                           std::memory_order_relaxed);
  gauges_.longest_ns.store(longest, std::memory_order_relaxed);
  gauges_.longest_ever_ns.store(std::max(longest, gauges_.longest_ever_ns.load(std::memory_order_relaxed)),
                                std::memory_order_relaxed);
  second_began_ = tsc;
  busy_ticks_ = 0;
  longest_ticks_ = 0;
}

void Worker::Measure(std::uint64_t begin, std::uint64_t end, bool is_busy) noexcept {
  const std::uint64_t ticks = end - begin;
  longest_ticks_ = std::max(longest_ticks_, ticks);
  if (is_busy) busy_ticks_ += ticks;
}

bool Worker::RestWhileIdle(std::uint64_t tsc, bool is_busy) noexcept {
  if (is_busy) last_busy_ = tsc;
  if (options_.idle_sleep_us == 0 || tsc - last_busy_ < options_.tsc_hz / 1000) return false;
  usleep(options_.idle_sleep_us);
  return true;
}

std::int64_t Worker::TicksToNs(std::uint64_t ticks) const noexcept {
  return static_cast<std::int64_t>(static_cast<double>(ticks) * 1e9 / static_cast<double>(options_.tsc_hz));
}

}  // namespace hostscope::dataplane
