#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "tests/aggregator/host_simulation.h"

namespace hostscope::aggregator::simulation {

/// How well one detector does on a Network: is told of each event that opens.
class DetectionTally {
 public:
  /// Rows of results: a kind, and of silences those of hosts that are off at times apart.
  static constexpr std::size_t kRows = kDeviationKinds + 1;
  static constexpr std::size_t kLongSilence = kDeviationKinds;
  /// Windows after an incident in which an event about the host is neither right nor wrong.
  static constexpr std::uint32_t kAftermath = 24;

  struct Row {
    std::uint32_t planted = 0;
    std::uint32_t found = 0;
    std::uint32_t named = 0;            ///< of those found, with the planted kind
    std::vector<std::uint32_t> delays;  ///< in windows; 0: found in the first one
    double recall() const { return planted == 0 ? 1 : double(found) / planted; }
    std::uint32_t Delay(double share) {
      if (delays.empty()) return 0;
      std::sort(delays.begin(), delays.end());
      return delays[std::min(delays.size() - 1, static_cast<std::size_t>(share * double(delays.size())))];
    }
  };

  /// Events are counted from this window on.
  DetectionTally(const Network& network, std::uint32_t from)
      : network_(network), from_(from), is_found_(network.incidents().size()) {}

  void Opened(std::uint32_t host, std::uint32_t window, DeviationKind kind) {
    if (window < from_) return;
    const std::uint32_t number = network_.IncidentOf(host);
    if (number != Network::kNoIncident) {
      const Incident& incident = network_.incidents()[number];
      const bool is_new = incident.kind == DeviationKind::kNewHost;
      if (window >= incident.first && window < incident.last && !(is_new && is_found_[number])) {
        Found(number, window, kind);
        return;
      }
      if (!is_new && window >= incident.last && window < incident.last + kAftermath) return;
    }
    ++false_events_;
    ++false_by_kind_[static_cast<std::size_t>(kind)];
  }

  /// When all windows are over.
  std::array<Row, kRows> Rows() const {
    std::array<Row, kRows> rows = rows_;
    for (const Incident& incident : network_.incidents()) {
      if (incident.first < network_.windows()) ++rows[RowOf(incident)].planted;
    }
    return rows;
  }
  std::uint32_t false_events() const { return false_events_; }
  const std::array<std::uint32_t, kDeviationKinds>& false_by_kind() const { return false_by_kind_; }

 private:
  static std::size_t RowOf(const Incident& incident) {
    return incident.is_long ? kLongSilence : static_cast<std::size_t>(incident.kind);
  }
  void Found(std::uint32_t number, std::uint32_t window, DeviationKind kind) {
    if (is_found_[number]) return;
    is_found_[number] = true;
    const Incident& incident = network_.incidents()[number];
    Row& row = rows_[RowOf(incident)];
    ++row.found;
    if (kind == incident.kind) ++row.named;
    row.delays.push_back(window - incident.first);
  }

  const Network& network_;
  std::uint32_t from_;
  std::vector<bool> is_found_;
  std::array<Row, kRows> rows_;
  std::uint32_t false_events_ = 0;
  std::array<std::uint32_t, kDeviationKinds> false_by_kind_{};
};

}  // namespace hostscope::aggregator::simulation
