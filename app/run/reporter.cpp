#include "app/run/reporter.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <string>
#include <utility>

#include "app/config/text.h"
#include "exporter/encoding/address_text.h"

namespace hostscope::app {
namespace {

spdlog::level::level_enum LevelOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

/// Where exporters may send to: "192.0.2.1 and 2001:db8::1, UDP 2055, 4739".
std::string TargetsOf(const dataplane::PortConfig& port) {
  std::string text;
  for (const Address& address : port.addresses)
    text += fmt::format("{}{}", text.empty() ? "" : ", ", exporter::ToText(address));
  text += "; UDP ports";
  for (const std::uint16_t number : port.collector_ports) text += fmt::format(" {}", number);
  return text;
}

std::string Joined(const std::vector<std::string>& names) {
  if (names.empty()) return "nothing";
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " ") + name;
  return text;
}

std::string ToText(const dataplane::Link& link) {
  if (!link.is_up) return "down";
  return link.megabits_per_second == 0 ? "up" : fmt::format("up, {} Mbit/s", link.megabits_per_second);
}

}  // namespace

void StartLogging(LogLevel level) {
  auto logger = spdlog::stderr_logger_mt("hostscope");
  spdlog::set_default_logger(std::move(logger));
  SetLogLevel(level);
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l: %v", spdlog::pattern_time_type::utc);
}

void SetLogLevel(LogLevel level) {
  spdlog::set_level(LevelOf(level));
}

void Reporter::LogStart(const Config& config) {
  for (const std::string& warning : appliance_.warnings()) spdlog::warn("{}", warning);
  const dataplane::DataplaneStatus status = appliance_.status();
  for (std::size_t i = 0; i < status.ports.size(); ++i) {
    const dataplane::PortStatus& port = status.ports[i];
    const auto& mac = port.mac;
    spdlog::info("port {} ({}, {:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}, link {}): point exporters at {}",
                 port.device, port.driver, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], ToText(port.link),
                 TargetsOf(config.dataplane.ports[i]));
    spdlog::info(
        "port {}: MTU {}; the device does {}{}", port.device, port.mtu, Joined(port.offloads),
        config.dataplane.ports[i].queues == 1 ? std::string() : "; it spreads by " + Joined(port.rss));
  }
  ports_ = status.ports;
  std::string cores;
  for (const dataplane::WorkerStatus& worker : status.workers) cores += fmt::format(" {}", worker.cpu);
  std::string lengths;
  for (const std::int64_t length : config.window_lengths_ns)
    lengths += fmt::format(" {}", FormatDuration(length));
  spdlog::info("{} workers on cores{}; windows{}; host tables take at most {} MiB", appliance_.worker_count(),
               cores, lengths, appliance_.max_table_bytes() >> 20);
  for (const RunningSink& sink : appliance_.delivery().sinks())
    spdlog::info("host records go to {}", sink.name);
  since_ = std::chrono::steady_clock::now();
}

void Reporter::LogChanges() {
  std::vector<dataplane::PortStatus> ports = appliance_.status().ports;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    if (ports[i].link_changes != ports_[i].link_changes) {
      const auto level = ports[i].link.is_up ? spdlog::level::info : spdlog::level::warn;
      spdlog::log(level, "port {}: the link is {}", ports[i].device, ToText(ports[i].link));
    }
    const auto conflicts = [](const dataplane::PortStatus& port) {
      return port.frames.Get(dataplane::FrameOutcome::kConflict);
    };
    if (conflicts(ports_[i]) == 0 && conflicts(ports[i]) != 0)
      spdlog::error("port {}: another station has one of its addresses, too; exporters may send there",
                    ports[i].device);
  }
  ports_ = std::move(ports);
}

Reporter::Totals Reporter::Count(std::uint64_t& exporters) const {
  const dataplane::DataplaneStatus status = appliance_.status();
  const dataplane::DatagramBooks books = dataplane::BooksOf(status);
  Totals totals;
  totals.received = books.received;
  for (const dataplane::DatagramBooks::Drop& drop : books.dropped) totals.dropped += drop.count;
  for (const dataplane::WorkerStatus& worker : status.workers) {
    totals.records += worker.accounting->records_seen.Get();
    totals.lost += worker.accounting->sequence_lost.Get();
    exporters += worker.exporters;
  }
  totals.undelivered = appliance_.delivery().undelivered();
  return totals;
}

std::string Reporter::Status() {
  const auto now = std::chrono::steady_clock::now();
  const double seconds = std::max(std::chrono::duration<double>(now - status_since_).count(), 0.001);
  std::uint64_t exporters = 0;
  const Totals totals = Count(exporters);
  std::string text = fmt::format("{:.0f} flow records/s of {} exporters, {} hosts in the last window",
                                 static_cast<double>(totals.records - at_status_.records) / seconds,
                                 exporters, appliance_.hosts_of_last_window());
  if (const std::uint64_t dropped = totals.dropped - at_status_.dropped; dropped != 0)
    text += fmt::format("; {} datagrams dropped in {:.0f} s", dropped, seconds);
  at_status_ = totals;
  status_since_ = now;
  return text;
}

void Reporter::LogRefusals() {
  std::uint64_t refused = 0;
  for (const dataplane::WorkerStatus& worker : appliance_.status().workers)
    refused += worker.accounting->refusals.Total();
  if (refused == refused_) return;  // nearly always, and then there is no need of a snapshot
  const dataplane::DataplaneSnapshot snapshot = appliance_.Snapshot();
  refused_ = 0;
  for (const auto& worker : snapshot.workers) refused_ += worker->accounting.refusals.Total();
  for (const std::string& line : refusals_.Look(snapshot, RefusalLog::Clock::now())) spdlog::warn("{}", line);
}

void Reporter::LogClock() {
  const dataplane::ClockStatus clock = appliance_.status().clock;
  const std::uint64_t steps = clock.forward + clock.backward;
  if (steps == clock_steps_) return;
  const std::uint64_t more = steps - std::exchange(clock_steps_, steps);
  spdlog::warn(
      "the system's clock was set{}, by {:.3f} s{}; windows follow it, and those that it touched say so",
      more > 1 ? fmt::format(" {} times", more) : "", static_cast<double>(clock.last_step_ns) / 1e9,
      more > 1 ? " the last time" : "");
}

void Reporter::LogSummary() {
  const auto now = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(now - since_).count();
  std::uint64_t exporters = 0;
  const Totals totals = Count(exporters);
  spdlog::info(
      "{:.0f} s: {} datagrams, {} dropped; {} flow records ({:.0f}/s) of {} exporters, {} lost before us; {} "
      "hosts in the last window; {} records not delivered",
      seconds, totals.received - before_.received, totals.dropped - before_.dropped,
      totals.records - before_.records, static_cast<double>(totals.records - before_.records) / seconds,
      exporters, totals.lost > before_.lost ? totals.lost - before_.lost : 0,
      appliance_.hosts_of_last_window(), totals.undelivered - before_.undelivered);
  before_ = totals;
  since_ = now;
}

}  // namespace hostscope::app
