#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ipfix/address.h"
#include "ipfix/decoder_observer.h"

namespace hostscope::ipfix {

/// A template as its exporter sent it last.
struct RememberedTemplate {
  TemplateNotice notice;  ///< but for its bytes, which are
  std::vector<std::uint8_t> record;
};
using RememberedRate = RateNotice;

/// What was known of exporters when the program ended. Immutable once made; any thread.
class Remembered {
 public:
  Remembered(std::vector<RememberedTemplate> templates, std::vector<RememberedRate> rates);

  std::span<const RememberedTemplate> TemplatesOf(const Address& address, std::uint16_t port,
                                                  std::uint32_t domain) const noexcept;
  /// In the order in which they came.
  std::span<const RememberedRate> RatesOf(const Address& address, std::uint32_t domain) const noexcept;

 private:
  std::vector<RememberedTemplate> templates_;
  std::vector<RememberedRate> rates_;
};

}  // namespace hostscope::ipfix
