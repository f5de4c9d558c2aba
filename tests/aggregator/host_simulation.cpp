#include "tests/aggregator/host_simulation.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace hostscope::aggregator::simulation {
namespace {

constexpr std::int64_t kMonday = 1'795'392'000;  // 2026-11-23
constexpr std::uint32_t kWindowsPerHour = kWindowsPerDay / 24;

double HourOf(std::uint32_t window) {
  return static_cast<double>(window % kWindowsPerDay) / kWindowsPerHour;
}
std::uint32_t DayOf(std::uint32_t window) {
  return window / kWindowsPerDay;
}
bool IsWeekend(std::uint32_t window) {
  return DayOf(window) % 7 >= 5;
}

double Sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

/// How many different ones are among `draws` of `all`.
double Distinct(double draws, double all) {
  return draws <= 0 ? 0 : std::min(draws, all * (1 - std::exp(-draws / all)));
}

std::uint64_t Whole(double value) {
  return value <= 0 ? 0 : static_cast<std::uint64_t>(value + 0.5);
}

}  // namespace

double Network::Unit() noexcept {
  return static_cast<double>(random_() >> 11) * 0x1.0p-53;
}

float Network::Normal() noexcept {
  if (has_spare_) {
    has_spare_ = false;
    return spare_normal_;
  }
  const float radius = std::sqrt(-2 * std::log(static_cast<float>(1 - Unit())));
  const float angle = 2 * std::numbers::pi_v<float> * static_cast<float>(Unit());
  spare_normal_ = radius * std::sin(angle);
  has_spare_ = true;
  return radius * std::cos(angle);
}

std::uint64_t Network::Poisson(double mean) noexcept {
  if (mean > 30) return Whole(mean + std::sqrt(mean) * double{Normal()});
  const double limit = std::exp(-mean);
  std::uint64_t count = 0;
  for (double product = Unit(); product > limit; product *= Unit()) ++count;
  return count;
}

Network::Network(const Options& options) : options_(options), random_(options.seed), hosts_(options.hosts) {
  for (std::uint32_t i = 0; i < options.hosts; ++i) {
    MakeHost(hosts_[i]);
    if (Unit() < options.incident_share) PlanIncident(i);
  }
}

WindowSpan Network::span() const noexcept {
  return {{kMonday * kNanosecondsPerSecond + std::int64_t{window_} * kWindowNs}, kWindowNs};
}

Address Network::AddressOf(std::uint32_t host) noexcept {
  return Address::FromIpv4(__builtin_bswap32(0x0a000000U + host));
}

void Network::MakeHost(Host& host) {
  const double which = Unit();
  host.of = which < 0.45   ? Class::kWorkstation
            : which < 0.60 ? Class::kLaptop
            : which < 0.85 ? Class::kServer
                           : Class::kDevice;
  const bool is_person = host.of == Class::kWorkstation || host.of == Class::kLaptop;
  const bool is_server = host.of == Class::kServer;
  host.base = is_person ? Between(2, 5) : is_server ? Between(4, 11) : Between(1, 5);
  host.amplitude = is_person ? Between(1, 4) : is_server ? Between(0.3, 3) : Between(0, 0.3);
  host.weekend = is_person ? Between(0.2, 0.6) : Between(0.3, 1);
  host.noise = Between(0.1, is_person ? 0.7 : 0.4);
  host.drift = Between(-0.15, 0.15) / (7 * kWindowsPerDay);
  host.packets = Between(2, 5);
  host.bytes = Between(7, 10);
  host.peers = std::exp2(Between(2, is_server ? 12 : 7));
  host.server_share = is_server ? Between(0.6, 0.98) : Between(0, 0.05);
  host.failing = Between(0, 0.04);
  host.shift = Between(-1.5, 1.5);
  if (is_server && Unit() < 0.4) host.backup_hour = static_cast<int>(Unit() * 6);
}

void Network::PlanIncident(std::uint32_t number) {
  Host& host = hosts_[number];
  Incident incident;
  incident.host = number;
  incident.kind = static_cast<DeviationKind>(random_() % kDeviationKinds);
  const std::uint32_t begin = options_.quiet_days * kWindowsPerDay;
  const std::uint32_t end = windows() - 2 * kWindowsPerDay;
  std::uint32_t length = 3 + static_cast<std::uint32_t>(random_() % 22);
  switch (incident.kind) {
    case DeviationKind::kVolume:
      incident.size = static_cast<std::uint32_t>(std::exp2(Between(4, 8)));
      break;
    case DeviationKind::kFanOut:
      incident.size = static_cast<std::uint32_t>(std::exp2(Between(6, 11)));
      incident.is_port_scan = random_() % 2 == 0;
      break;
    case DeviationKind::kFlagMix:
      incident.size = 60 + static_cast<std::uint32_t>(random_() % 40);  // percent
      length += 6;
      break;
    case DeviationKind::kRoleChange:
      incident.size = 1 + static_cast<std::uint32_t>(random_() % 4);
      length += 24;
      break;
    case DeviationKind::kSilent:
      incident.is_long = host.of == Class::kWorkstation || host.of == Class::kLaptop;
      length = incident.is_long ? 7 * kWindowsPerDay : 24 + static_cast<std::uint32_t>(random_() % 120);
      break;
    case DeviationKind::kNewHost:
      length = windows();
      break;
  }
  const std::uint32_t room = end - begin > length ? end - begin - length : 1;
  incident.first = begin + static_cast<std::uint32_t>(random_() % room);
  incident.last = incident.first + length;
  host.incident = static_cast<std::uint32_t>(incidents_.size());
  incidents_.push_back(incident);
}

/// When the host is on: the hours of a person, or all day.
void Network::PlanDay(Host& host) {
  host.on_from = window_;
  host.on_until = window_ + kWindowsPerDay;
  if (host.of == Class::kServer || host.of == Class::kDevice) return;
  const bool is_laptop = host.of == Class::kLaptop;
  double comes = IsWeekend(window_) ? 0.1 : 0.95;
  if (is_laptop) comes *= 0.8;
  const bool stays_on = !is_laptop && Unit() < 0.15;
  const bool is_here = Unit() < comes;
  const double from = 8.5 + double{host.shift} + 0.5 * double{Normal()};
  const double until = is_laptop ? from + 2 + 6 * Unit() : 17.5 + double{host.shift} + double{Normal()};
  if (!is_here) {
    host.on_until = host.on_from;
    return;
  }
  host.on_from = window_ + static_cast<std::uint32_t>(std::clamp(from, 0.0, 23.0) * kWindowsPerHour);
  if (!stays_on) {
    host.on_until = window_ + static_cast<std::uint32_t>(std::clamp(until, 1.0, 24.0) * kWindowsPerHour);
  }
}

bool Network::IsOn(const Host& host) noexcept {
  if (host.of == Class::kDevice) return Unit() < 0.97;
  return window_ >= host.on_from && window_ < host.on_until;
}

Network::Flows Network::FlowsOf(Host& host) noexcept {
  const double hour = HourOf(window_) - double{host.shift};
  double rhythm = 0;
  if (host.of == Class::kServer || host.of == Class::kDevice) {
    rhythm = 0.5 + 0.5 * std::cos(2 * std::numbers::pi * (hour - 14) / 24);
  } else {
    rhythm = Sigmoid((hour - 8.5) / 0.7) * Sigmoid((17.5 - hour) / 0.7) -
             0.3 * std::exp(-(hour - 12.5) * (hour - 12.5));
  }
  if (IsWeekend(window_)) rhythm *= double{host.weekend};
  // Slow noise, half of which is gone after three windows.
  host.slow = 0.8F * host.slow + 0.6F * host.noise * Normal();
  Flows flows;
  if (window_ >= host.burst_until && Unit() < 1.0 / 2000) {  // an update, a video, a large build
    host.burst_until = window_ + 1 + static_cast<std::uint32_t>(random_() % 3);
    host.burst = Between(0.5, 2);
  }
  const float burst = window_ < host.burst_until ? host.burst : 0;
  const float level = host.base + host.amplitude * static_cast<float>(rhythm) + host.slow + burst +
                      host.drift * static_cast<float>(window_) + 0.1F * Normal();
  flows.volume = 2 * burst;
  if (host.backup_hour >= 0 && static_cast<int>(HourOf(window_)) == host.backup_hour) flows.volume += 5;
  const double mean = std::exp2(double{level});
  flows.client = static_cast<float>(Poisson(mean * (1 - double{host.server_share})));
  flows.server = static_cast<float>(Poisson(mean * double{host.server_share}));
  flows.failed = std::min(flows.client, static_cast<float>(Poisson(double{flows.client * host.failing})));
  return flows;
}

HostRecord Network::RecordOf(const Host& host, const Flows& flows) noexcept {
  HostRecord record;
  const double all = double{flows.client + flows.server};
  const double answered = all - double{flows.failed};
  // One large flow in few hundred windows, and the mean of few flows scatters.
  float size = (0.2F + 1.2F / std::sqrt(static_cast<float>(std::max(all, 1.0)))) * Normal() + flows.volume;
  if (Unit() < 1.0 / 500) size += Between(1, 4);
  const double packets = std::exp2(double{host.packets + size});
  const double bytes = std::exp2(double{host.bytes + 0.2F * Normal()});
  const double peers = Distinct(all * (0.9 + 0.2 * Unit()), double{host.peers});
  const double client_ports = Distinct(double{flows.client}, 28'000);
  const double of_clients = Distinct(double{flows.server}, 28'000);
  const double services = flows.client > 0 ? 1 + std::floor(Unit() * std::log2(1 + double{flows.client})) : 0;
  const double own_services = flows.server > 0 ? 1 + std::floor(2 * Unit()) : 0;
  const auto fill = [&](RoleFigures& role, double count, double scale) {
    role.flows = Whole(count);
    role.packets = std::max(role.flows, Whole(count * packets * scale));
    role.bytes = Whole(static_cast<double>(role.packets) * bytes);
    role.peers = std::min(role.flows, std::max<std::uint64_t>(role.flows > 0 ? 1 : 0, Whole(peers)));
    role.tcp = Whole(count * 0.8);
    role.udp = role.flows - std::min(role.flows, role.tcp);
    role.tcp_flags[1] = role.tcp;
    role.tcp_flags[4] = role.tcp;
  };
  const double direction = double{host.server_share} > 0.5 ? 2 : 0.5;
  fill(record.sent, all, direction);
  fill(record.received, answered, 1 / direction);
  record.sent.tcp_flags[4] -= std::min(record.sent.tcp_flags[4], Whole(double{flows.failed} * 0.8));
  record.sent.src_ports = Whole(client_ports + own_services);
  record.sent.dst_ports = Whole(of_clients + services);
  record.received.src_ports = std::min(record.received.flows, record.sent.dst_ports);
  record.received.dst_ports = std::min(record.received.flows, record.sent.src_ports);
  return record;
}

void Network::Apply(const Incident& incident, HostRecord& record) noexcept {
  RoleFigures& sent = record.sent;
  RoleFigures& received = record.received;
  const bool is_share = incident.kind == DeviationKind::kRoleChange;
  const double usual = is_share ? static_cast<double>(std::max<std::uint64_t>(sent.flows, 20)) : 1;
  const std::uint64_t more = std::max<std::uint64_t>(Poisson(usual * incident.size), 1);
  switch (incident.kind) {
    case DeviationKind::kVolume: {  // what a host never sent before leaves it
      sent.packets *= incident.size;
      sent.bytes = sent.packets * 1200;
      break;
    }
    case DeviationKind::kFanOut:
      sent.flows += more;
      sent.packets += 2 * more;
      sent.bytes += 100 * more;
      sent.tcp += more;
      sent.tcp_flags[1] += more;  // nobody answers
      sent.src_ports += Whole(Distinct(double(more), 28'000));
      if (incident.is_port_scan) {
        sent.peers += 1;
        sent.dst_ports += more;
      } else {
        sent.peers += more;
        sent.dst_ports += 1;
      }
      break;
    case DeviationKind::kFlagMix:  // what it calls does not answer any more
      sent.tcp_flags[4] = Whole(double(sent.tcp) * (1 - double(incident.size) / 100));
      received.flows -= std::min(received.flows, Whole(double(received.flows) * double(incident.size) / 100));
      break;
    case DeviationKind::kRoleChange: {  // of a client: it serves; of a server: it calls others
      const bool serves = hosts_[incident.host].server_share < 0.5F;
      for (RoleFigures* role : {&sent, &received}) {
        role->flows += more;
        role->packets += 8 * more;
        role->bytes += 4000 * more;
        role->peers += Whole(Distinct(double(more), 30));
        role->tcp += more;
        role->tcp_flags[1] += more;
        role->tcp_flags[4] += more;
        ((role == &sent) == serves ? role->dst_ports : role->src_ports) += more;
      }
      break;
    }
    case DeviationKind::kSilent:
    case DeviationKind::kNewHost:
      break;
  }
}

void Network::Next(const std::function<void(std::uint32_t, const HostRecord&)>& visit) {
  for (std::uint32_t i = 0; i < options_.hosts; ++i) {
    Host& host = hosts_[i];
    if (window_ % kWindowsPerDay == 0) PlanDay(host);
    Incident* incident = host.incident == kNoIncident ? nullptr : &incidents_[host.incident];
    const bool is_new = incident != nullptr && incident->kind == DeviationKind::kNewHost;
    const bool is_silent = incident != nullptr && incident->kind == DeviationKind::kSilent;
    bool is_on = IsOn(host);
    if (incident != nullptr && window_ == incident->first && !is_on) {  // waits for the host
      ++incident->first;
      ++incident->last;
    }
    bool is_now = incident != nullptr && window_ >= incident->first && window_ < incident->last;
    if (is_now && !is_new && !is_silent) is_on = true;
    if ((is_new && !is_now) || (is_silent && is_now) || !is_on) continue;
    const Flows flows = FlowsOf(host);
    HostRecord record = RecordOf(host, flows);
    if (is_now) Apply(*incident, record);
    if (record.sent.flows + record.received.flows == 0) continue;
    record.host = AddressOf(i);
    visit(i, record);
  }
  ++window_;
}

}  // namespace hostscope::aggregator::simulation
