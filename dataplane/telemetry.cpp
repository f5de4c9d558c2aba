#include "dataplane/telemetry.h"

#include <arpa/inet.h>
#include <rte_telemetry.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

namespace hostscope::dataplane {
namespace {

// rte_telemetry's callbacks take no argument of ours, and a command can't be taken back.
struct Source {
  std::mutex mutex;
  std::function<DataplaneSnapshot()> take;  // empty: there is no data plane
};
Source& TheSource() {
  static Source source;
  return source;
}

constexpr std::size_t kExporters = 20;      ///< in an answer that was not asked for more
constexpr std::size_t kMostExporters = 40;  ///< an answer has at most 16 KiB

/// A dictionary, filled by `fill`, for another one or an array.
template <typename Fill>
rte_tel_data* MakeDict(Fill fill) {
  rte_tel_data* const dict = rte_tel_data_alloc();
  if (dict == nullptr) return nullptr;
  rte_tel_data_start_dict(dict);
  fill(dict);
  return dict;
}

void AddDict(rte_tel_data* to, const char* name, rte_tel_data* dict) {
  if (dict != nullptr && rte_tel_data_add_dict_container(to, name, dict, 0) != 0) rte_tel_data_free(dict);
}

template <typename Enum, typename Count>
void AddAll(rte_tel_data* dict, Count count) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(Enum::kCount); ++i) {
    const auto which = static_cast<Enum>(i);
    rte_tel_data_add_dict_u64(dict, std::string(NameOf(which).name).c_str(), count(which));
  }
}

int AnswerStats(const DataplaneSnapshot& snapshot, const char* /*parameters*/, rte_tel_data* answer) {
  using ipfix::RecordSkip;
  const DatagramBooks books = BooksOf(snapshot.status);
  std::uint64_t received = books.decoded;
  for (const DatagramBooks::Drop& drop : books.dropped) received += drop.count;
  rte_tel_data_start_dict(answer);
  rte_tel_data_add_dict_u64(answer, "datagrams_received", received);
  rte_tel_data_add_dict_u64(answer, "datagrams_decoded", books.decoded);
  AddDict(answer, "datagrams_dropped", MakeDict([&](rte_tel_data* dict) {
            for (const DatagramBooks::Drop& drop : books.dropped)
              rte_tel_data_add_dict_u64(dict, drop.reason.c_str(), drop.count);
          }));
  std::uint64_t counted = 0;
  std::uint64_t unmonitored = 0;
  for (const auto& worker : snapshot.workers) {
    counted += worker->aggregator.flows.Get();
    unmonitored += worker->aggregator.unmonitored_flows.Get();
  }
  const auto skipped = [&](RecordSkip reason) {
    std::uint64_t count = reason == RecordSkip::kUnmonitored ? unmonitored : 0;
    for (const auto& worker : snapshot.workers) count += worker->accounting.skipped.Get(reason);
    return count;
  };
  std::uint64_t seen = counted;
  for (std::size_t i = 0; i < static_cast<std::size_t>(RecordSkip::kCount); ++i)
    seen += skipped(static_cast<RecordSkip>(i));
  rte_tel_data_add_dict_u64(answer, "records_seen", seen);
  rte_tel_data_add_dict_u64(answer, "records_counted", counted);
  AddDict(answer, "records_skipped",
          MakeDict([&](rte_tel_data* dict) { AddAll<RecordSkip>(dict, skipped); }));
  return 0;
}

int AnswerPorts(const DataplaneSnapshot& snapshot, const char* /*parameters*/, rte_tel_data* answer) {
  rte_tel_data_start_dict(answer);
  for (const PortStatus& port : snapshot.status.ports) {
    const std::string name = port.device.substr(0, port.device.find(','));
    AddDict(answer, name.c_str(), MakeDict([&](rte_tel_data* dict) {
              const auto add = [&](const char* key, std::uint64_t value) {
                rte_tel_data_add_dict_u64(dict, key, value);
              };
              rte_tel_data_add_dict_string(dict, "driver", port.driver.c_str());
              add("mtu", port.mtu);
              add("link_up", std::uint64_t{port.link.is_up});
              add("link_mbps", port.link.megabits_per_second);
              add("link_changes", port.link_changes);
              AddAll<FrameOutcome>(dict, [&](FrameOutcome outcome) { return port.frames.Get(outcome); });
              add("scattered", port.scattered);
              add("replies", port.replies);
              add("replies_failed", port.replies_failed);
              add("replies_limited", port.replies_limited);
              add("announcements", port.announcements);
              add("nic_missed", port.nic.missed);
              add("nic_errors", port.nic.errors);
              add("nic_no_buffer", port.nic.no_buffer);
            }));
  }
  return 0;
}

int AnswerWorkers(const DataplaneSnapshot& snapshot, const char* /*parameters*/, rte_tel_data* answer) {
  rte_tel_data_start_dict(answer);
  for (std::size_t i = 0; i < snapshot.workers.size(); ++i) {
    const WorkerStatus& worker = snapshot.status.workers[i];
    AddDict(answer, std::to_string(i).c_str(), MakeDict([&](rte_tel_data* dict) {
              const auto add = [&](const char* name, std::uint64_t value) {
                rte_tel_data_add_dict_u64(dict, name, value);
              };
              add("cpu", worker.cpu);
              add("busy_permille", static_cast<std::uint64_t>(worker.busy_share * 1000));
              add("longest_loop_ns", static_cast<std::uint64_t>(worker.longest_loop_ns));
              add("longest_loop_ever_ns", static_cast<std::uint64_t>(worker.longest_loop_ever_ns));
              add("exporters", worker.exporters);
              add("datagrams", worker.accounting->datagrams.Get());
              add("flows", worker.aggregator->flows.Get());
              if (worker.spread == nullptr) return;
              add("handed_out", worker.spread->handed_out.Get());
              add("kept", worker.spread->kept.Get());
              add("done", worker.spread->done.Get());
            }));
  }
  return 0;
}

std::string ToText(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.IsIpv4()) {
    const std::uint32_t bits = address.ipv4_bits();
    return inet_ntop(AF_INET, &bits, text.data(), text.size());
  }
  return inet_ntop(AF_INET6, address.bytes.data(), text.data(), text.size());
}

rte_tel_data* MakeExporter(const ipfix::ExporterBooks& exporter, std::size_t worker) {
  return MakeDict([&](rte_tel_data* dict) {
    const ipfix::Accounting& books = exporter.accounting;
    const auto add = [&](const char* name, std::uint64_t value) {
      rte_tel_data_add_dict_u64(dict, name, value);
    };
    rte_tel_data_add_dict_string(dict, "address", ToText(exporter.address).c_str());
    add("port", exporter.port);
    add("domain", exporter.observation_domain);
    add("worker", worker);
    add("version", exporter.version);
    add("templates", exporter.templates);
    add("datagrams_received", books.outcomes.Total());
    add("datagrams_decoded", books.outcomes.Get(ipfix::DatagramOutcome::kDecoded));
    add("records_seen", books.records_seen.Get());
    add("records_counted", books.records_counted.Get());
    add("sets_skipped", books.sets_skipped.Total());
    add("templates_refused", books.refusals.Total());
    add("sequence_expected", books.sequence_expected.Get());
    add("sequence_lost", books.sequence_lost.Get());
  });
}

/// Those with most datagrams, so many as the parameter says.
int AnswerExporters(const DataplaneSnapshot& snapshot, const char* parameters, rte_tel_data* answer) {
  std::size_t wanted = kExporters;
  if (parameters != nullptr)
    wanted = std::min<std::size_t>(std::strtoul(parameters, nullptr, 10), kMostExporters);
  std::vector<std::pair<const ipfix::ExporterBooks*, std::size_t>> exporters;
  for (std::size_t i = 0; i < snapshot.workers.size(); ++i) {
    for (const ipfix::ExporterBooks& books : snapshot.workers[i]->exporters)
      exporters.emplace_back(&books, i);
  }
  std::ranges::stable_sort(exporters, std::greater(),
                           [](const auto& each) { return each.first->accounting.datagrams.Get(); });
  if (exporters.size() > wanted) exporters.resize(wanted);
  // By rank, since DPDK's arrays hold no dictionaries.
  rte_tel_data_start_dict(answer);
  for (std::size_t i = 0; i < exporters.size(); ++i) {
    const auto& [books, worker] = exporters[i];
    AddDict(answer, std::to_string(i + 1).c_str(), MakeExporter(*books, worker));
  }
  return 0;
}

/// Nothing may be thrown into the EAL's thread.
template <int (*kAnswer)(const DataplaneSnapshot&, const char*, rte_tel_data*)>
int Answer(const char* /*command*/, const char* parameters, rte_tel_data* answer) noexcept {
  try {
    Source& source = TheSource();
    const std::lock_guard lock(source.mutex);
    return source.take ? kAnswer(source.take(), parameters, answer) : -1;
  } catch (const std::exception&) {
    return -1;
  }
}

void Register(const char* command, telemetry_cb answer, const char* help) {
  if (rte_telemetry_register_cmd(command, answer, help) != 0)
    throw std::runtime_error(std::string("the telemetry command ") + command + " can't be registered");
}

}  // namespace

Telemetry::Telemetry(std::function<DataplaneSnapshot()> source) {
  static const bool is_registered = [] {
    Register("/hostscope/stats", Answer<AnswerStats>, "Datagrams and flow records, and what became of them.");
    Register("/hostscope/ports", Answer<AnswerPorts>, "Links, and what became of frames.");
    Register("/hostscope/workers", Answer<AnswerWorkers>, "How the workers fare.");
    Register("/hostscope/exporters", Answer<AnswerExporters>,
             "The exporters with most datagrams. Parameter: how many, 20 unless it is given, at most 40.");
    return true;
  }();
  static_cast<void>(is_registered);
  const std::lock_guard lock(TheSource().mutex);
  TheSource().take = std::move(source);
}

Telemetry::~Telemetry() {
  const std::lock_guard lock(TheSource().mutex);
  TheSource().take = nullptr;
}

}  // namespace hostscope::dataplane
