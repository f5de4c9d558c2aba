#pragma once

#include <cstdint>

#include "ipfix/bounded_map.h"
#include "ipfix/change_limit.h"
#include "ipfix/plan_pool.h"
#include "ipfix/time.h"

namespace hostscope::ipfix {

/// Data and options templates share one space of ids within an exporter: the last definition wins, whatever
/// its kind.
struct TemplateKey {
  std::uint32_t exporter = 0;  ///< index in the ExporterTable
  std::uint16_t id = 0;

  std::uint64_t Mix(std::uint64_t seed) const noexcept {
    return MixBits((std::uint64_t{exporter} << 16 | id) ^ seed);
  }
  friend bool operator==(const TemplateKey&, const TemplateKey&) = default;
};

struct Template {
  /// kNone: its last definition was refused, and what data of it look like is not known.
  std::uint32_t plan = PlanPool::kNone;
  std::uint32_t bytes = 0;  ///< of its record
  std::uint64_t definition =
      0;  ///< digest of kind, fields and how they are read: tells a refresh from a change
  ReceiveTime last_received;
  ReceiveTime told;                            ///< when an observer took it last
  ReceiveTime fresh_at = ChangeLimit::kFresh;  ///< see ChangeLimit
  bool is_provisional = false;                 ///< known from before a restart, and not sent again since
};

using TemplateTable = BoundedMap<TemplateKey, Template>;

}  // namespace hostscope::ipfix
