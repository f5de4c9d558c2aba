#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/run/exporters/exporter_id.h"
#include "dataplane/snapshot.h"
#include "ipfix/accounting.h"
#include "ipfix/address.h"

namespace hostscope::app {

/// What is told of one exporter, or of several together. Signed, since estimates of loss may fall.
struct ExporterFigures {
  std::array<std::int64_t, ipfix::CounterArray<ipfix::DatagramOutcome>::kSize> datagrams{};
  std::int64_t records_counted = 0;  ///< by its decoder: unmonitored ones with them
  std::array<std::int64_t, ipfix::CounterArray<ipfix::RecordSkip>::kSize> records_skipped{};
  std::array<std::int64_t, ipfix::CounterArray<ipfix::SetSkip>::kSize> sets_skipped{};
  std::array<std::int64_t, ipfix::CounterArray<ipfix::TemplateRefusal>::kSize> templates_refused{};
  std::int64_t sequence_expected = 0;
  std::int64_t sequence_lost = 0;

  static ExporterFigures Of(const ipfix::Accounting& books);
  std::int64_t TotalDatagrams() const noexcept;
  ExporterFigures& operator+=(const ExporterFigures& other) noexcept { return Add(other, 1); }
  ExporterFigures& operator-=(const ExporterFigures& other) noexcept { return Add(other, -1); }

 private:
  ExporterFigures& Add(const ExporterFigures& other, std::int64_t sign) noexcept;
};

/// Of the rule of the longest prefix that contains the address; empty: it has none.
std::string RuleNameOf(const Address& address, const std::vector<ipfix::RuleStatus>& rules);

/// Which exporters have time series of their own: those with most datagrams, so many as are allowed, and what
/// is left goes into "other". So that counters only grow, and their rates are true, a series begins with what
/// its exporter sent since it was listed, "other" keeps what was in it, and what a series has counted whose
/// exporter is listed no more goes into "former". At any moment all together are what the decoders counted.
///
/// Who is listed stays, until it is forgotten by its decoder, or sends less than half of what another one
/// does: that is looked at once a minute. One thread at a time.
class ExporterSeries {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kExchangeInterval{60};

  using Key = ExporterId;
  struct Row {
    std::string exporter;  ///< an address, "other" or "former"
    std::string source_port;
    std::string domain;
    std::string name;  ///< of the configuration's rule that it matches
    std::optional<Address> address;
    ExporterFigures figures;
  };
  using Exporters = std::map<Key, ExporterFigures>;

  explicit ExporterSeries(std::size_t max_listed) : max_listed_(max_listed) {}

  /// The listed ones, by address, then the two sums. `total` is what the decoders counted of all, also of
  /// those that they have forgotten.
  std::vector<Row> Update(const Exporters& exporters, const ExporterFigures& total, Clock::time_point now);
  std::vector<Row> Update(const dataplane::DataplaneSnapshot& snapshot, Clock::time_point now);

 private:
  struct Listed {
    ExporterFigures base;  ///< what it had when it was listed
    ExporterFigures last;
    ExporterFigures own() const noexcept {
      ExporterFigures own = last;
      return own -= base;
    }
  };
  void Follow(const Exporters& exporters);
  void Fill(const Exporters& exporters);
  void Exchange(const Exporters& exporters);
  void Unlist(std::map<Key, Listed>::iterator at);
  std::int64_t SinceExchange(const Key& key, const ExporterFigures& figures) const;

  std::size_t max_listed_;
  std::map<Key, Listed> listed_;
  ExporterFigures former_;
  Exporters before_;       ///< at the last update
  Exporters at_exchange_;  ///< when it was last looked who sends most
  Clock::time_point next_exchange_{};
};

}  // namespace hostscope::app
