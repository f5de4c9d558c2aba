#include "dataplane/worker.h"

#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "dataplane/announcer.h"

namespace hostscope::dataplane {
namespace {

static_assert(sizeof(ipfix::ExporterBooks) == 512, "docs/metrics.md and PublishBooks() say how large it is");

// Longer than any loop of a worker that runs. While a worker waits its RX rings fill: 2048 descriptors hold 5
// ms of what one core can decode.
constexpr std::int64_t kLongestWaitNs = 5 * kNanosecondsPerMillisecond;

// So far apart are the clocks of two workers at most. A job that arrived later than that was given away
// before the clock was set back.
constexpr std::int64_t kMostApartNs = kNanosecondsPerSecond;

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

/// For metrics, once a second. Longest with many exporters, 512 bytes each: see docs/metrics.md.
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
