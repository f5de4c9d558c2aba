#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aggregator/sketch.h"
#include "exporter/query/metric.h"
#include "exporter/query/query.h"
#include "ipfix/prefix.h"
#include "ipfix/time.h"

namespace hostscope::exporter {

/// `2026-11-23T21:00:10.000Z`, with any number of digits of a second or none, or milliseconds since the Unix
/// epoch as digits. Nothing where it is neither.
std::optional<ReceiveTime> ParseTime(std::string_view text) noexcept;
/// Seconds as records have them, 10 or 0.5, as nanoseconds; more than 0 and less than a year.
std::optional<std::int64_t> ParseSeconds(std::string_view text) noexcept;
std::string TimeText(ReceiveTime time);

/// What follows the question mark of a request, decoded. Every method throws QueryError (kWrongRequest) that
/// names the parameter, its value and what is allowed.
class Parameters {
 public:
  using List = std::vector<std::pair<std::string, std::string>>;
  explicit Parameters(List list) : list_(std::move(list)) {}

  /// That there is none but these, and none twice.
  void CheckNames(std::initializer_list<std::string_view> known) const;
  bool Has(std::string_view name) const { return Find(name) != nullptr; }
  const std::string& Text(std::string_view name) const;  ///< required
  std::uint64_t Number(std::string_view name, std::uint64_t otherwise, std::uint64_t max) const;
  std::optional<ReceiveTime> Time(std::string_view name) const;
  /// The length of windows, `seconds`; required.
  std::int64_t Length() const;
  aggregator::Role Role() const;  ///< `role`: sent, unless it says received
  /// Which of `allowed`; the first where it is not there.
  std::size_t Choice(std::string_view name, std::initializer_list<std::string_view> allowed) const;
  Metric MetricBy(std::string_view name, Metric otherwise) const;
  std::vector<Metric> Metrics() const;  ///< `metrics`: names with commas between
  std::vector<std::string> Attributes()
      const;  ///< `attributes`: up to kMaxAttributes names with commas between
  static constexpr std::size_t kMaxAttributes = 4;
  std::optional<Prefix> PrefixIn(std::string_view name) const;
  std::optional<Address> Host() const;                    ///< `host`
  std::optional<aggregator::DeviationKind> Kind() const;  ///< `kind`, of an anomaly

 private:
  const std::string* Find(std::string_view name) const;
  [[noreturn]] void Refuse(std::string_view name, const std::string& allowed) const;

  List list_;
};

}  // namespace hostscope::exporter
