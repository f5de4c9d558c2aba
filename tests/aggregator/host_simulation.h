#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <random>
#include <vector>

#include "aggregator/host_record.h"
#include "aggregator/profile/host_profile.h"

// Weeks of a network's windows, with incidents of which it is known where they are. Made from a model of
// hosts, not of what profiles assume: what it leaves out is in docs/profiles.md.
namespace hostscope::aggregator::simulation {

/// Something that was planted: windows [first, last) of one host.
struct Incident {
  std::uint32_t host = 0;
  DeviationKind kind = DeviationKind::kVolume;
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  /// Of a fan-out: peers or ports more; of volume: the factor; of a flag mix: percent of SYN without ACK; of
  /// a role change: connections on the other side, for one of its own
  std::uint32_t size = 0;
  bool is_port_scan = false;
  bool is_long = false;  ///< of a silence: of a host that is off at times, for days
};

struct Options {
  std::uint32_t hosts = 10'000;
  std::uint64_t seed = 1;
  std::uint32_t days = 28;
  std::uint32_t quiet_days = 8;  ///< without incidents
  double incident_share = 0.3;   ///< of hosts
};

inline constexpr std::uint32_t kWindowsPerDay = 288;
inline constexpr std::int64_t kWindowNs = 300 * kNanosecondsPerSecond;

/// One thread. The same options give the same windows.
class Network {
 public:
  explicit Network(const Options& options);

  std::uint32_t windows() const noexcept { return options_.days * kWindowsPerDay; }
  /// The number of the next window.
  std::uint32_t window() const noexcept { return window_; }
  WindowSpan span() const noexcept;
  /// Shows each host that has traffic in the next window.
  void Next(const std::function<void(std::uint32_t host, const HostRecord&)>& visit);

  /// One of a host at most. `first` is where it began once it has: most wait until the host has traffic.
  const std::vector<Incident>& incidents() const noexcept { return incidents_; }
  static Address AddressOf(std::uint32_t host) noexcept;
  static constexpr std::uint32_t kNoIncident = 0xffffffffU;
  std::uint32_t IncidentOf(std::uint32_t host) const noexcept { return hosts_[host].incident; }

 private:
  enum class Class : std::uint8_t { kWorkstation, kLaptop, kServer, kDevice };
  struct Host {
    Class of = Class::kDevice;
    std::uint32_t incident = kNoIncident;
    float base = 0;       ///< log2 of flows a window when it is least busy
    float amplitude = 0;  ///< of the day's rhythm, log2
    float weekend = 0;    ///< share of it on weekends
    float noise = 0;      ///< of the slow noise, log2
    float slow = 0;       ///< where that noise is
    float drift = 0;      ///< log2 a window
    float packets = 0;    ///< log2, of a flow
    float bytes = 0;      ///< of a packet
    float peers = 0;      ///< that it has at all
    float server_share = 0;
    float failing = 0;  ///< share of its connections without an answer
    float shift = 0;    ///< hours that its day is later
    int backup_hour = -1;
    std::uint32_t burst_until = 0;
    float burst = 0;
    std::uint32_t on_from = 0;  ///< windows of the present day
    std::uint32_t on_until = 0;
  };
  struct Flows {
    float client = 0;
    float server = 0;
    float failed = 0;
    float volume = 0;  ///< log2, more bytes and packets than usual
  };

  void MakeHost(Host& host);
  void PlanIncident(std::uint32_t host);
  void PlanDay(Host& host);
  bool IsOn(const Host& host) noexcept;
  Flows FlowsOf(Host& host) noexcept;
  HostRecord RecordOf(const Host& host, const Flows& flows) noexcept;
  void Apply(const Incident& incident, HostRecord& record) noexcept;

  double Unit() noexcept;
  float Between(double low, double high) noexcept { return static_cast<float>(low + (high - low) * Unit()); }
  float Normal() noexcept;
  std::uint64_t Poisson(double mean) noexcept;

  Options options_;
  std::mt19937_64 random_;
  std::uint32_t window_ = 0;
  float spare_normal_ = 0;
  bool has_spare_ = false;
  std::vector<Host> hosts_;
  std::vector<Incident> incidents_;
};

}  // namespace hostscope::aggregator::simulation
