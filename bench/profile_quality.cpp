// Four simulated weeks through the real profiles, and through two baselines: one line of JSON for each
// detector. bench/profile-quality makes tables of it.
//
//     profile_quality [HOSTS [SEED [DAYS]]]
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "aggregator/profile/profile_store.h"
#include "bench/profile_baselines.h"
#include "tests/aggregator/detection_tally.h"

namespace hostscope::aggregator {
namespace {

using simulation::DetectionTally;
using simulation::Network;

constexpr std::array kFalseEventsPerDay{0.1, 0.01, 0.003, 0.001, 0.0001};
constexpr std::array kExceedingShares{1e-3, 1e-4, 1e-5, 1e-6};
constexpr std::array kEwmaLimits{4.0, 8.0, 16.0, 32.0};
constexpr std::uint32_t kStart = 7 * simulation::kWindowsPerDay;

std::uint32_t NumberOf(const Address& host) {
  return __builtin_bswap32(host.ipv4_bits()) - 0x0a000000U;
}

struct Profiles {
  Profiles(const Network& network, std::uint32_t hosts, double rate) : tally(network, kStart) {
    ProfileOptions options;
    options.max_hosts = hosts;
    options.false_events_per_day = rate;
    store = std::make_unique<ProfileStore>(options);
  }
  std::unique_ptr<ProfileStore> store;
  DetectionTally tally;
};

struct Baseline {
  Baseline(const Network& network, std::uint32_t hosts) : events(hosts), tally(network, kStart) {}
  baseline::Events events;
  DetectionTally tally;
  std::array<float, baseline::kFigures> thresholds{};
};

class Run {
 public:
  explicit Run(const simulation::Options& options)
      : options_(options), network_(options), ewma_(options.hosts) {
    for (const double rate : kFalseEventsPerDay) profiles_.emplace_back(network_, options.hosts, rate);
    for (std::size_t i = 0; i < kExceedingShares.size(); ++i) fixed_.emplace_back(network_, options.hosts);
    for (std::size_t i = 0; i < kEwmaLimits.size(); ++i) by_z_.emplace_back(network_, options.hosts);
  }

  void All() {
    while (network_.window() < network_.windows()) {
      Window();
      if (network_.window() % simulation::kWindowsPerDay == 0) {
        std::fprintf(stderr, "day %u of %u\n", network_.window() / simulation::kWindowsPerDay, options_.days);
      }
    }
  }

  void Print() {
    for (std::size_t i = 0; i < profiles_.size(); ++i)
      Print("profiles", kFalseEventsPerDay[i], profiles_[i].tally);
    for (std::size_t i = 0; i < fixed_.size(); ++i) Print("fixed", kExceedingShares[i], fixed_[i].tally);
    for (std::size_t i = 0; i < by_z_.size(); ++i) Print("ewma", kEwmaLimits[i], by_z_[i].tally);
  }

 private:
  void Window() {
    const std::uint32_t window = network_.window();
    for (Profiles& profiles : profiles_) profiles.store->Begin(network_.span());
    network_.Next([&](std::uint32_t host, const HostRecord& record) {
      const FigureValues values = ValuesOf(record);
      ++host_windows_;
      for (Profiles& profiles : profiles_) profiles.store->Add(record.host, values);
      Compare(host, window, values);
    });
    for (Profiles& profiles : profiles_) {
      profiles.store->End();
      for (const ProfileEvent& event : profiles.store->events()) {
        const bool opens = event.state == EventState::kOpen || event.kind == DeviationKind::kNewHost;
        if (opens) profiles.tally.Opened(NumberOf(event.host), window, event.kind);
      }
    }
    for (Baseline& baseline : fixed_) EndOfWindow(baseline, window);
    for (Baseline& baseline : by_z_) EndOfWindow(baseline, window);
    if (window + 1 == kStart) {
      for (std::size_t i = 0; i < fixed_.size(); ++i)
        fixed_[i].thresholds = training_.At(kExceedingShares[i]);
    }
  }

  static void EndOfWindow(Baseline& baseline, std::uint32_t window) {
    baseline.events.EndOfWindow(window, kStart, [&](std::uint32_t host, DeviationKind kind) {
      baseline.tally.Opened(host, window, kind);
    });
  }

  void Compare(std::uint32_t host, std::uint32_t window, const FigureValues& values) {
    std::size_t farthest = 0;
    const double z = ewma_[host].Take(values, farthest);
    const bool knows_host = ewma_[host].seen > simulation::kWindowsPerDay;
    for (std::size_t i = 0; i < by_z_.size(); ++i) {
      Seen(by_z_[i], host, window, knows_host && z > kEwmaLimits[i], farthest);
    }
    if (window < kStart) training_.Train(values);
    for (Baseline& baseline : fixed_) {
      std::size_t figure = 0;
      if (window >= kStart) {
        while (figure < baseline::kFigures && values.scaled[figure] <= baseline.thresholds[figure]) ++figure;
      }
      Seen(baseline, host, window, window >= kStart && figure < baseline::kFigures, figure);
    }
  }

  static void Seen(Baseline& baseline, std::uint32_t host, std::uint32_t window, bool exceeds,
                   std::size_t figure) {
    baseline.events.Seen(
        host, window, exceeds, baseline::KindOf(figure),
        [&](std::uint32_t number, DeviationKind kind) { baseline.tally.Opened(number, window, kind); });
  }

  void Print(const char* detector, double setting, const DetectionTally& tally) const {
    const double host_days = double(options_.hosts) * (options_.days - 7);
    std::printf(
        R"({"detector":"%s","setting":%g,"hosts":%u,"days":%u,"seed":%lu,"host_windows":%lu,"false":%u,)"
        R"("false_per_host_day":%.6f,"false_by_kind":[)",
        detector, setting, options_.hosts, options_.days, options_.seed, host_windows_, tally.false_events(),
        tally.false_events() / host_days);
    for (std::size_t i = 0; i < kDeviationKinds; ++i)
      std::printf("%s%u", i == 0 ? "" : ",", tally.false_by_kind()[i]);
    std::printf(R"(],"rows":[)");
    bool is_first = true;
    for (DetectionTally::Row& row : tally.Rows()) {
      std::printf(R"(%s{"planted":%u,"found":%u,"named":%u,"delay_median":%u,"delay_90":%u})",
                  is_first ? "" : ",", row.planted, row.found, row.named, row.Delay(0.5), row.Delay(0.9));
      is_first = false;
    }
    std::printf("]}\n");
  }

  simulation::Options options_;
  Network network_;
  std::vector<Profiles> profiles_;
  baseline::Thresholds training_;
  std::vector<baseline::Ewma> ewma_;
  std::vector<Baseline> fixed_;
  std::vector<Baseline> by_z_;
  std::uint64_t host_windows_ = 0;
};

}  // namespace
}  // namespace hostscope::aggregator

int main(int count, char** arguments) {
  hostscope::aggregator::simulation::Options options;
  const auto number = [&](int at, auto& value) {
    if (count <= at) return;
    const char* text = arguments[at];
    const char* end = text + std::strlen(text);
    if (std::from_chars(text, end, value).ptr == end) return;
    std::fprintf(stderr, "profile_quality: %s is no number\n", text);
    std::exit(2);
  };
  number(1, options.hosts);
  number(2, options.seed);
  number(3, options.days);
  if (options.hosts == 0 || options.hosts > 10'000'000 || options.days < 14) {
    std::fprintf(stderr, "profile_quality: at least one host, at most 10 million; at least 14 days\n");
    return 2;
  }
  const auto run = std::make_unique<hostscope::aggregator::Run>(options);
  run->All();
  run->Print();
  return 0;
}
