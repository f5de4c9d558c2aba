// What it costs to hand a job from one core to another and to get it back: JobRing, beside what DPDK offers
// for it: a pair of rings, or the distributor library. A job is as the data plane has it: the giver writes
// its two first lines, the taker reads them and writes one line of results, which the giver reads. Nothing
// else is done.
#include <benchmark/benchmark.h>
#include <pthread.h>
#include <rte_distributor.h>
#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_pause.h>
#include <rte_ring.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include "dataplane/job_ring.h"

namespace hostscope::bench {
namespace {

using dataplane::JobRing;
using Place = JobRing::Place;

constexpr std::size_t kJobs = JobRing::kPlaces;
constexpr unsigned kBurst = 16;

void Fill(Place& place, std::uint64_t order) {
  place.job.order = order;
  place.job.received.ns = static_cast<std::int64_t>(order);
  place.job.set_count = 1;
  place.job.sets[0].plan_index = static_cast<std::uint32_t>(order);
}
void Do(Place& place) {
  place.job.counts.seen = static_cast<std::uint32_t>(place.job.order) + place.job.sets[0].plan_index;
  place.job.counts.counted = place.job.set_count;
}
void Book(const Place& place, std::uint64_t& sum) {
  sum += place.job.counts.seen + place.job.counts.counted;
}

void Pin(std::thread& thread, unsigned cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu % std::max(std::thread::hardware_concurrency(), 1U), &set);
  pthread_setaffinity_np(thread.native_handle(), sizeof(set), &set);
}

/// Runs `take` over and over on the other core.
template <typename Take>
class Taker {
 public:
  explicit Taker(Take take)
      : thread_([this, take] {
          while (!is_stopping_.load(std::memory_order_relaxed)) {
            if (!take()) rte_pause();
          }
        }) {
    Pin(thread_, 1);
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(0, &set);
    pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
  }
  ~Taker() {
    is_stopping_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> is_stopping_{false};
  std::thread thread_;
};

void Report(benchmark::State& state, std::uint64_t jobs, std::uint64_t sum) {
  benchmark::DoNotOptimize(sum);
  state.counters["jobs/s"] = benchmark::Counter(static_cast<double>(jobs), benchmark::Counter::kIsRate);
}

void BM_JobRing(benchmark::State& state) {
  auto ring = std::make_unique<JobRing>();
  std::uint64_t sum = 0;
  std::uint64_t given = 0;
  Taker taker([&ring] {
    Place* const place = ring->NextJob();
    if (place == nullptr) return false;
    Do(*place);
    ring->Done();
    return true;
  });
  const auto take_back = [&] {
    while (const Place* place = ring->DonePlace()) {
      Book(*place, sum);
      ring->TakeBack();
    }
  };
  for (auto _ : state) {
    for (unsigned i = 0; i < kBurst; ++i) {
      Place* place;
      while ((place = ring->FreePlace()) == nullptr) take_back();
      Fill(*place, given++);
      ring->Give();
    }
    take_back();
  }
  while (ring->under_way() != 0) take_back();
  Report(state, given, sum);
}
BENCHMARK(BM_JobRing)->UseRealTime();

/// rte_ring with one producer and one consumer: one for jobs, one for results. The pool is the giver's array.
void BM_RingPair(benchmark::State& state) {
  const auto make = [](const char* name) {
    constexpr unsigned kSize = 64;
    auto* ring = static_cast<rte_ring*>(std::aligned_alloc(
        alignof(rte_ring), static_cast<std::size_t>(rte_ring_get_memsize(kSize) + 63) / 64 * 64));
    if (ring == nullptr || rte_ring_init(ring, name, kSize, RING_F_SP_ENQ | RING_F_SC_DEQ) != 0) std::abort();
    return ring;
  };
  rte_ring* const jobs = make("jobs");
  rte_ring* const done = make("done");
  auto places = std::make_unique<std::array<Place, kJobs>>();
  std::vector<Place*> free;
  for (Place& place : *places) free.push_back(&place);
  std::uint64_t sum = 0;
  std::uint64_t given = 0;
  {
    Taker taker([jobs, done] {
      void* burst[kBurst];
      const unsigned count = rte_ring_sc_dequeue_burst(jobs, burst, kBurst, nullptr);
      for (unsigned i = 0; i < count; ++i) Do(*static_cast<Place*>(burst[i]));
      if (count != 0) rte_ring_sp_enqueue_bulk(done, burst, count, nullptr);
      return count != 0;
    });
    const auto take_back = [&] {
      void* burst[kJobs];
      const unsigned count = rte_ring_sc_dequeue_burst(done, burst, kJobs, nullptr);
      for (unsigned i = 0; i < count; ++i) {
        Book(*static_cast<Place*>(burst[i]), sum);
        free.push_back(static_cast<Place*>(burst[i]));
      }
    };
    for (auto _ : state) {
      void* burst[kBurst];
      while (free.size() < kBurst) take_back();
      for (void*& job : burst) {
        Fill(*free.back(), given++);
        job = free.back();
        free.pop_back();
      }
      rte_ring_sp_enqueue_bulk(jobs, burst, kBurst, nullptr);
      take_back();
    }
    while (free.size() < kJobs) take_back();
  }
  std::free(jobs);
  std::free(done);
  Report(state, given, sum);
}
BENCHMARK(BM_RingPair)->UseRealTime();

bool StartEal() {
  static const bool is_started = [] {
    const char* arguments[] = {"handout_bench",  "--no-huge", "--no-shconf", "--no-pci",
                               "--no-telemetry", "-m",        "64"};
    std::vector<char*> argv;
    for (const char* argument : arguments) argv.push_back(const_cast<char*>(argument));
    return rte_eal_init(static_cast<int>(argv.size()), argv.data()) >= 0;
  }();
  return is_started;
}

/// rte_distributor in burst mode. It passes mbufs, so that each job has one, and keeps those of one flow in
/// order, which nobody asks for here: every job is a flow of its own.
void BM_Distributor(benchmark::State& state) {
  if (!StartEal()) {
    state.SkipWithError("the EAL did not start");
    return;
  }
  static rte_distributor* const distributor =
      rte_distributor_create("handout", rte_socket_id(), 1, RTE_DIST_ALG_BURST);
  if (distributor == nullptr) {
    state.SkipWithError("no distributor");
    return;
  }
  std::vector<rte_mbuf> mbufs(kJobs);
  auto places = std::make_unique<std::array<Place, kJobs>>();
  const auto place_of = [&](const rte_mbuf* mbuf) -> Place& {
    return (*places)[static_cast<std::size_t>(mbuf - mbufs.data())];
  };
  std::vector<rte_mbuf*> free;
  for (rte_mbuf& mbuf : mbufs) free.push_back(&mbuf);
  std::uint64_t sum = 0;
  std::uint64_t given = 0;
  std::atomic<bool> is_stopping{false};
  std::atomic<bool> has_ended{false};
  std::thread taker([&] {
    rte_mbuf* burst[8] = {};
    unsigned returned = 0;
    while (!is_stopping.load(std::memory_order_relaxed)) {
      rte_distributor_request_pkt(distributor, 0, burst, returned);
      int count;
      while ((count = rte_distributor_poll_pkt(distributor, 0, burst)) < 0) {
        if (is_stopping.load(std::memory_order_relaxed)) break;
        rte_pause();
      }
      if (count < 0) break;
      returned = static_cast<unsigned>(count);
      for (unsigned i = 0; i < returned; ++i) Do(place_of(burst[i]));
    }
    has_ended = true;
  });
  Pin(taker, 1);
  const auto take_back = [&] {
    rte_mbuf* burst[kJobs];
    const int count = rte_distributor_returned_pkts(distributor, burst, kJobs);
    for (int i = 0; i < count; ++i) {
      Book(place_of(burst[i]), sum);
      free.push_back(burst[i]);
    }
  };
  for (auto _ : state) {
    rte_mbuf* burst[kBurst];
    while (free.size() < kBurst) {
      rte_distributor_process(distributor, nullptr, 0);
      take_back();
    }
    for (rte_mbuf*& mbuf : burst) {
      mbuf = free.back();
      Fill(place_of(mbuf), given);
      mbuf->hash.usr = static_cast<std::uint32_t>(given++) | 1;
      free.pop_back();
    }
    // Takes none until the worker has asked for some.
    for (unsigned sent = 0; sent < kBurst;) {
      sent += static_cast<unsigned>(rte_distributor_process(distributor, burst + sent, kBurst - sent));
    }
    take_back();
  }
  while (free.size() < kJobs) {
    rte_distributor_process(distributor, nullptr, 0);
    take_back();
  }
  is_stopping = true;
  while (!has_ended.load())
    rte_distributor_process(distributor, nullptr, 0);  // else it waits for us to take returns
  taker.join();
  Report(state, given, sum);
}
// One run: a distributor does not survive its worker.
BENCHMARK(BM_Distributor)->UseRealTime()->Iterations(100'000);

}  // namespace
}  // namespace hostscope::bench
