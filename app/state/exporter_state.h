#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "ipfix/remembered.h"

namespace hostscope::app {

/// What is to be known of exporters after a restart: their templates and announced sampling rates, with the
/// time at which each came last. Bounded: beyond that the oldest are forgotten. One thread.
class ExporterState {
 public:
  ExporterState(std::size_t max_templates, std::size_t max_rates)
      : max_templates_(max_templates), max_rates_(max_rates) {}

  void Note(ipfix::RememberedTemplate known);
  void Note(const ipfix::RememberedRate& known);

  std::size_t templates() const noexcept { return templates_.size(); }
  std::size_t rates() const noexcept { return rates_.size(); }
  /// Counts calls of Note().
  std::uint64_t version() const noexcept { return version_; }

  std::shared_ptr<const ipfix::Remembered> Snapshot() const;

  /// As a file: "HOSTSCOP", a format version, counts, entries, XXH3-64 of all before; little-endian.
  std::string Encode() const;
  /// Adds what `file` has. What is wrong with it, and then nothing of it is added; or empty.
  std::string Decode(std::string_view file);

 private:
  /// Address, port, domain, template.
  using TemplateKey = std::tuple<Address, std::uint16_t, std::uint32_t, std::uint16_t>;
  /// Address, domain, whether of a selector, selector.
  using RateKey = std::tuple<Address, std::uint32_t, bool, std::uint64_t>;

  std::size_t max_templates_;
  std::size_t max_rates_;
  std::map<TemplateKey, ipfix::RememberedTemplate> templates_;
  std::map<RateKey, ipfix::RememberedRate> rates_;
  std::uint64_t version_ = 0;
};

}  // namespace hostscope::app
