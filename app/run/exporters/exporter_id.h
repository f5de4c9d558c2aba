#pragma once

#include <compare>
#include <cstdint>

#include "ipfix/address.h"
#include "ipfix/decoder.h"

namespace hostscope::app {

/// An exporter as decoders tell them apart.
struct ExporterId {
  Address address;
  std::uint16_t port = 0;
  std::uint32_t domain = 0;

  static ExporterId Of(const ipfix::ExporterBooks& books) noexcept {
    return {books.address, books.port, books.observation_domain};
  }
  friend auto operator<=>(const ExporterId&, const ExporterId&) = default;
};

}  // namespace hostscope::app
