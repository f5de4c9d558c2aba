#include "dataplane/worker.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "dataplane/announcer.h"
#include "dataplane/frame.h"

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
// Longer than any loop of a worker that runs. While a worker waits its RX rings fill: 2048 descriptors hold 5
// ms of what one core can decode.
constexpr std::int64_t kLongestWaitNs = 5 * kNanosecondsPerMillisecond;

// So far apart are the clocks of two workers at most. A job that arrived later than that was given away
// before the clock was set back.
constexpr std::int64_t kMostApartNs = kNanosecondsPerSecond;

// The longest IP packet, since IPv6 doesn't count its header, behind Ethernet and as many tags as are walked.
constexpr std::uint32_t kLongestFrame = 14 + 8 * 4 + 40 + 65535;

std::uint8_t* BytesOf(rte_mbuf* mbuf) noexcept {
  return rte_pktmbuf_mtod(mbuf, std::uint8_t*);
}

}  // namespace

Worker::Worker(const Options& options, const ipfix::Settings& settings,
               std::unique_ptr<aggregator::HostTable> table)
    : options_(options),
      notices_(options.notices),
      joined_(std::make_unique_for_overwrite<std::uint8_t[]>(kLongestFrame)),
      policies_(settings),
      decoder_(settings, this),
      clock_(options.clock_steps->clock()),
      second_began_(rte_rdtsc()),
      last_busy_(second_began_) {
  for (RxQueue& queue : options_.queues) {
    const auto same_port = [&](const RxQueue* other) { return other->port == queue.port; };
    if (std::ranges::none_of(ports_, same_port)) ports_.push_back(&queue);
  }
  decoder_.Adopt(policies_.taken());
  decoder_.SetTap(options.tap);
  job_reader_.SetTap(options.tap);
  if (options.board != nullptr) spreader_.emplace(*options.board, options.index);
  aggregator_ = std::make_unique<aggregator::WorkerAggregator>(options.base_window_ns,
                                                               clock_.At(second_began_), std::move(table));
  books_.PrepareAll([&](WorkerBooks& books) {
    for (const RxQueue& queue : options_.queues) books.queues.push_back({queue.port, queue.queue, {}});
    for (const RxQueue* const port : ports_) books.fragments.push_back({port->port, {}});
    books.exporters.reserve(settings.max_exporters);
  });
}

Worker::~Worker() = default;

void Worker::Run() noexcept {
  second_began_ = rte_rdtsc();
  for (std::uint64_t begin = second_began_;;) {
    const bool is_stopping = is_stopping_.load(std::memory_order_relaxed);
    if (is_stopping && (!spreader_ || HasFinishedJobs())) break;
    if (const std::uint32_t steps = options_.clock_steps->count(); steps != clock_steps_) [[unlikely]]
      FollowClock(steps);
    const ReceiveTime now = clock_.At(begin);
    if (spreader_) spreader_->StartLoop(now);
    const bool may_count = !aggregator_->Due(now) || CloseWindow(now);
    if (spreader_ && spreader_->under_way() != 0) TakeJobsBack();
    unsigned work = 0;
    if (may_count && !is_stopping) work += PollQueues(now);
    if (spreader_) work += DoJobs(now);

    const bool is_busy = work != 0;
    const std::uint64_t end = rte_rdtsc();
    Measure(begin, end, is_busy);
    if (end - second_began_ >= options_.tsc_hz) Housekeeping(end);
    const bool may_rest = !is_busy && (!spreader_ || spreader_->under_way() == 0);
    begin = RestWhileIdle(end, !may_rest) ? rte_rdtsc() : end;  // a rest is not a long loop
  }
  last_part_ = aggregator_->Finish(clock_.At(rte_rdtsc()), Totals());
  PublishBooks();
  has_ended_.store(true, std::memory_order_release);
}

std::optional<aggregator::WindowPart> Worker::TakeLastPart() noexcept {
  return std::exchange(last_part_, {});
}

bool Worker::HasFinishedJobs() noexcept {
  spreader_->End();
  return spreader_->IsOver();
}

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

void Worker::TakeJobsBack() noexcept {
  spreader_->TakeBack([this](const JobRing::Place& place) {
    decoder_.Finish(place.job);
    rte_pktmbuf_free(place.mbuf);
  });
}

unsigned Worker::DoJobs(ReceiveTime now) noexcept {
  unsigned done = 0;
  ReceiveTime arrival;  // none's
  for (JobRing* const ring : spreader_->incoming()) done += DoJobsOf(*ring, now, arrival);
  if (done != 0) job_reader_.Flush(*aggregator_);
  return done;
}

/// Not more than a burst, so that this worker's own queues don't wait for long.
unsigned Worker::DoJobsOf(JobRing& ring, ReceiveTime now, ReceiveTime& arrival) noexcept {
  unsigned done = 0;
  for (; done < kBurst; ++done) {
    JobRing::Place* const place = ring.NextJob();
    if (place == nullptr) break;
    ipfix::DataJob& job = place->job;
    // It belongs to the next window, unless this one can't be closed and takes all that comes.
    const bool is_early = job.received >= aggregator_->span().end();
    if (is_early && !is_overrun_ && job.received.ns - now.ns < kMostApartNs) break;
    if (const JobRing::Place* const after = ring.JobAfter()) {
      rte_prefetch0(&after->job.received);
      rte_prefetch0(after->job.sets.data());
    }
    if (job.received != arrival) {
      job_reader_.Flush(*aggregator_);
      arrival = job.received;
      static_cast<void>(aggregator_->Due(arrival));
    }
    job_reader_.Read(job, *aggregator_);
    ring.Done();
  }
  if (done != 0) spreader_->counters().done.Add(done);
  return done;
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

bool Worker::CloseWindow(ReceiveTime now) noexcept {
  ReceiveTime until = now;
  if (spreader_ && MustWait(now, until)) return is_overrun_;
  is_overrun_ = true;
  // Without a place for the part the window stays open, as it does without a table: nothing is lost by that.
  if (!handover_.CanSend()) return true;
  if (!spare_) spare_ = handover_.TakeTable();
  auto part = aggregator_->Close(until, spare_, Totals());
  if (!part) return true;
  is_overrun_ = false;
  active_exporters_ = 0;
  handover_.Send(std::move(*part));
  return !aggregator_->Due(now);  // `until` may be in a window before that of `now`
}

/// Whether jobs may still come that belong to the open window. If not, everything that arrived before `until`
/// is counted.
bool Worker::MustWait(ReceiveTime now, ReceiveTime& until) noexcept {
  if (aggregator_->is_reopening()) return false;  // the time of jobs and windows is not the same
  const aggregator::WindowSpan span = aggregator_->span();
  until = spreader_->Horizon(now, aggregator::WindowAt(now, span.length_ns).start);
  if (until >= span.end()) {
    is_waiting_ = false;
    return false;
  }
  if (!is_waiting_) {
    is_waiting_ = true;
    waiting_since_ = now;
    spreader_->counters().window_waits.Add(1);
  }
  if (now.ns - waiting_since_.ns < kLongestWaitNs) return true;
  // Whoever holds us up is stuck. What it still sends is counted as late.
  spreader_->counters().window_waits_given_up.Add(1);
  is_waiting_ = false;
  until = now;
  return false;
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
  for (const RxQueue* const queue : ports_)
    totals.dropped += queue->fragments->counters(options_.index).DroppedDatagrams();
  return totals;
}

/// The system's clock was set: everything that is measured by it goes on from there.
void Worker::FollowClock(std::uint32_t steps) noexcept {
  const ClockSteps::State state = options_.clock_steps->state(steps);
  const std::int64_t step = state.shift_ns - clock_state_.shift_ns;
  clock_steps_ = steps;
  clock_state_ = state;
  clock_.Shift(step);
  decoder_.ShiftClock(step);
  aggregator_->ShiftClock(step, clock_.At(rte_rdtsc()), state.generation);
  if (spreader_) spreader_->StopGiving();
  is_waiting_ = false;
}

void Worker::Housekeeping(std::uint64_t tsc) noexcept {
  clock_.Follow(tsc, WallClock());
  decoder_.Expire(clock_.At(tsc));
  ChangePolicy();
  for (RxQueue* const queue : ports_) queue->fragments->Tick(options_.index);
  for (const RxQueue& queue : options_.queues) {
    if (queue.announcer != nullptr) queue.announcer->Tick();
  }
  const std::int64_t longest = TicksToNs(longest_ticks_);
  gauges_.busy_share.store(static_cast<double>(busy_ticks_) / static_cast<double>(tsc - second_began_),
                           std::memory_order_relaxed);
  gauges_.longest_ns.store(longest, std::memory_order_relaxed);
  gauges_.longest_ever_ns.store(std::max(longest, gauges_.longest_ever_ns.load(std::memory_order_relaxed)),
                                std::memory_order_relaxed);
  gauges_.beats.store(gauges_.beats.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  second_began_ = tsc;
  busy_ticks_ = 0;
  longest_ticks_ = 0;
  PublishBooks();
}

/// For metrics, once a second. Longest with many exporters, some 350 bytes each: see docs/metrics.md.
void Worker::PublishBooks() noexcept {
  WorkerBooks& books = books_.back();
  books.taken = clock_.At(rte_rdtsc());
  books.accounting = decoder_.accounting();
  books.aggregator = aggregator_->counters();
  if (spreader_) books.spread = spreader_->counters();
  for (std::size_t i = 0; i < books.queues.size(); ++i)
    books.queues[i].counters = *options_.queues[i].counters;
  for (std::size_t i = 0; i < books.fragments.size(); ++i)
    books.fragments[i].counters = ports_[i]->fragments->counters(options_.index);
  decoder_.CopyExporters(books.exporters);
  books_.Publish();
}

void Worker::ChangePolicy() noexcept {
  if (!decoder_.HasSettled()) return;
  policies_.Release();
  if (ipfix::ExporterPolicy* const policy = policies_.Take()) decoder_.Adopt(*policy);
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
