#include "app/top/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <utility>

namespace hostscope::app {
namespace {

using Labels = Scrape::Labels;
using Row = std::vector<std::string>;

/// 950, 12.3k, 4.56M: four figures at most.
std::string Short(double value) {
  constexpr std::array<const char*, 5> kUnits{"", "k", "M", "G", "T"};
  std::size_t unit = 0;
  double left = std::abs(value);
  for (; left >= 999.5 && unit + 1 < kUnits.size(); left /= 1000) ++unit;
  const int digits = unit == 0 && (left >= 10 || left == std::floor(left)) ? 0
                     : left < 10                                           ? 2
                     : left < 100                                          ? 1
                                                                           : 0;
  return fmt::format("{}{:.{}f}{}", value < 0 ? "-" : "", left, digits, kUnits[unit]);
}

std::string Percent(double share) {
  if (share == 0) return "0 %";
  return share < 0.0001 ? "<0.01 %" : fmt::format("{:.{}f} %", 100 * share, share < 0.1 ? 2 : 0);
}

std::string Seconds(double seconds) {
  if (seconds < 1e-3) return fmt::format("{:.0f} us", seconds * 1e6);
  if (seconds < 1) return fmt::format("{:.1f} ms", seconds * 1e3);
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  if (seconds < 7200) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.0f} h", seconds / 3600);
}

class View {
 public:
  View(const Scrape& before, const Scrape& now, const BusyHosts& busy, const ScreenSize& size)
      : before_(before), now_(now), busy_(busy), size_(size), seconds_(SecondsBetween(before, now)) {}

  std::vector<ScreenLine> Make(const std::string& title) {
    Heading(fmt::format("{}  {}", title, VersionOf()));
    AddTotals();
    AddWorkers();
    AddReasons("dropped/s", "datagrams_dropped_total");
    AddReasons("skipped/s", "records_skipped_total");
    AddReasons("sets skipped/s", "sets_skipped_total");
    AddReasons("templates refused/s", "templates_refused_total");
    AddLists();
    return std::move(lines_);
  }

 private:
  double Rate(std::string_view name, const Labels& labels = {}) const {
    return seconds_ <= 0 ? 0 : std::max(now_.Sum(name, labels) - before_.Sum(name, labels), 0.0) / seconds_;
  }
  void Line(std::string text, bool is_heading = false) {
    if (size_.rows != 0 && lines_.size() >= size_.rows) return;
    if (text.size() > size_.columns) text.resize(size_.columns);
    lines_.push_back({std::move(text), is_heading});
  }
  void Heading(std::string text) { Line(fmt::format("{:<{}}", text, size_.columns), true); }
  std::size_t Free() const {
    if (size_.rows == 0) return 1000;
    return size_.rows - std::min(size_.rows, lines_.size());
  }
  std::string VersionOf() const {
    const std::vector<std::string> versions = now_.ValuesOf("build_info", "version");
    return versions.empty() ? std::string() : versions.front();
  }

  void AddTotals() {
    const double expected = now_.Sum("sequence_expected") - before_.Sum("sequence_expected");
    const double lost = now_.Sum("sequence_lost") - before_.Sum("sequence_lost");
    Line(fmt::format("datagrams    {:>7}/s  decoded {:>7}/s  dropped {:>7}/s  in all {:>7}",
                     Short(Rate("datagrams_received_total")), Short(Rate("datagrams_decoded_total")),
                     Short(Rate("datagrams_dropped_total")), Short(now_.Sum("datagrams_received_total"))));
    Line(fmt::format("flow records {:>7}/s  counted {:>7}/s  skipped {:>7}/s  in all {:>7}",
                     Short(Rate("records_seen_total")), Short(Rate("records_counted_total")),
                     Short(Rate("records_skipped_total")), Short(now_.Sum("records_seen_total"))));
    Line(fmt::format("hosts of the last window {}, exporters {}, lost before us {}",
                     Short(now_.Sum("hosts_of_last_window")), Short(now_.Sum("worker_exporters")),
                     expected > 0 ? Percent(std::clamp(lost / expected, 0.0, 1.0)) : "0 %"));
  }

  void AddWorkers() {
    std::string text = "workers busy";
    double longest = 0;
    for (const Scrape::Sample& worker : now_.Of("worker_busy_ratio"))
      text.append(" ").append(Percent(worker.value)).append(",");
    for (const Scrape::Sample& worker : now_.Of("worker_longest_loop_seconds"))
      longest = std::max(longest, worker.value);
    std::string loop = fmt::format(" longest loop {}", Seconds(longest));
    // Of very many workers the first must do.
    if (text.size() + loop.size() > size_.columns)
      text.resize(size_.columns - std::min(size_.columns, loop.size()));
    Line(text + loop);
  }

  /// Only what happens at all, most first.
  void AddReasons(std::string_view what, std::string_view family) {
    std::vector<std::pair<double, std::string>> reasons;
    for (const std::string& reason : now_.ValuesOf(family, "reason")) {
      if (const double rate = Rate(family, {{"reason", reason}}); rate > 0)
        reasons.emplace_back(rate, reason);
    }
    if (reasons.empty()) return;
    std::ranges::sort(reasons, std::greater());
    std::string text(what);
    for (const auto& [rate, reason] : reasons) text += fmt::format("  {} {}", reason, Short(rate));
    Line(text);
  }

  /// Each has a share of what is free; what one does not need is for the next.
  void AddLists() {
    const std::vector<std::string> sinks = now_.ValuesOf("sink_records_delivered_total", "sink");
    const auto share = [this](std::size_t wanted, std::size_t parts) {
      return std::min(wanted + 2, std::max<std::size_t>(Free() / parts, 3));
    };
    const std::size_t for_sinks = share(sinks.size(), 3);
    const std::size_t for_hosts = busy_.seconds > 0 ? share(busy_.hosts.size(), 3) : 0;
    AddExporters(Free() - std::min(Free(), for_sinks + for_hosts));
    AddHosts(Free() - std::min(Free(), for_sinks));
    AddSinks(sinks);
  }

  void AddHosts(std::size_t rows) {
    if (rows < 2 || busy_.seconds <= 0) return;
    const Row heading{"SENT B/s", "PACKETS/s", "FLOWS/s", "RECVD B/s"};
    Heading(Columns(fmt::format("HOST (of {})", Seconds(busy_.seconds)), heading, heading));
    AddRows(busy_.hosts.size(), rows - 1, [&](std::size_t i) {
      const BusyHost& host = busy_.hosts[i];
      return Columns(host.address, heading,
                     {Short(host.sent_bytes / busy_.seconds), Short(host.sent_packets / busy_.seconds),
                      Short(host.sent_flows / busy_.seconds), Short(host.received_bytes / busy_.seconds)});
    });
  }

  void AddExporters(std::size_t rows) {
    struct Exporter {
      double rate = 0;
      std::string text;
    };
    constexpr std::string_view kReceived = "exporter_datagrams_received_total";
    const Row heading{"DATAGRAMS/s", "RECORDS/s", "DROPPED/s", "LOST"};
    std::vector<Exporter> exporters;
    for (const Scrape::Sample& sample : now_.Of(kReceived)) {
      Labels labels = sample.labels;
      const std::string address = labels["exporter"];
      if (address == "former") continue;
      std::string name = labels["name"].empty() ? address : labels["name"] + " " + address;
      if (!labels["source_port"].empty()) name += " " + labels["source_port"] + "/" + labels["domain"];
      std::erase_if(labels, [](const auto& label) { return label.second.empty(); });
      const double rate = Rate("exporter_records_seen_total", labels);
      exporters.push_back(
          {address == "other" ? -1 : rate, Columns(name, heading,
                                                   {Short(Rate(kReceived, labels)), Short(rate),
                                                    Short(Rate("exporter_datagrams_dropped_total", labels)),
                                                    Short(now_.Sum("exporter_sequence_lost", labels))})});
    }
    std::ranges::stable_sort(exporters, std::greater(), &Exporter::rate);
    if (rows < 2) return;
    Heading(Columns("EXPORTER (port/domain)", heading, heading));
    AddRows(exporters.size(), rows - 1, [&](std::size_t i) { return exporters[i].text; });
  }

  /// Bytes wait in the store; without one there are none to tell of.
  bool HasBytes(const Labels& labels) const {
    return std::ranges::any_of(now_.Of("sink_lag_bytes"),
                               [&](const Scrape::Sample& sample) { return sample.labels == labels; });
  }

  void AddSinks(const std::vector<std::string>& sinks) {
    const Row heading{"RECORDS/s", "RETRIED", "REJECTED", "DROPPED", "LAG", "BYTES"};
    Heading(Columns("SINK", heading, heading));
    AddRows(sinks.size(), Free(), [&](std::size_t i) {
      const Labels labels{{"sink", sinks[i]}};
      const bool waits = now_.Sum("sink_windows_waiting", labels) != 0;
      return Columns(sinks[i], heading,
                     {Short(Rate("sink_records_delivered_total", labels)),
                      Short(now_.Sum("sink_records_retried_total", labels)),
                      Short(now_.Sum("sink_records_rejected_total", labels)),
                      Short(now_.Sum("sink_records_dropped_total", labels)),
                      waits ? Seconds(now_.Sum("sink_lag_seconds", labels)) : "-",
                      waits && HasBytes(labels) ? Short(now_.Sum("sink_lag_bytes", labels)) : "-"});
    });
  }

  template <typename TextOf>
  void AddRows(std::size_t count, std::size_t rows, TextOf text_of) {
    const std::size_t shown = count <= rows ? count : rows - std::min<std::size_t>(rows, 1);
    for (std::size_t i = 0; i < shown; ++i) Line(text_of(i));
    if (shown < count && rows > 0) Line(fmt::format("... {} more", count - shown));
  }

  /// A name on the left, figures on the right, each as wide as what stands above it. A long name is cut in
  /// its middle: of paths and addresses the end tells most.
  std::string Columns(std::string name, const Row& heading, const Row& figures) const {
    constexpr std::size_t kFigure = 7;
    std::string right;
    for (std::size_t i = 0; i < figures.size(); ++i)
      right += fmt::format(" {:>{}}", figures[i], std::max(heading[i].size(), kFigure));
    const std::size_t left = size_.columns > right.size() + 8 ? size_.columns - right.size() : 8;
    if (name.size() >= left) name = name.substr(0, left / 2 - 3) + ".." + name.substr(name.size() - left / 2);
    return fmt::format("{:<{}}{}", name, left, right);
  }

  const Scrape& before_;
  const Scrape& now_;
  const BusyHosts& busy_;
  ScreenSize size_;
  double seconds_;
  std::vector<ScreenLine> lines_;
};

}  // namespace

std::vector<ScreenLine> MakeView(const Scrape& before, const Scrape& now, const BusyHosts& busy,
                                 const std::string& title, const ScreenSize& size) {
  return View(before, now, busy, size).Make(title);
}

double SecondsBetween(const Scrape& before, const Scrape& now) {
  constexpr std::string_view kTime = "worker_books_time_seconds";
  const std::size_t workers = now.Of(kTime).size();
  if (workers == 0 || before.Of(kTime).size() != workers) return 0;
  return std::max((now.Sum(kTime) - before.Sum(kTime)) / static_cast<double>(workers), 0.0);
}

}  // namespace hostscope::app
