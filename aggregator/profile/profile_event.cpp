#include "aggregator/profile/profile_event.h"

#include <array>

namespace hostscope::aggregator {

std::string_view NameOf(EventState state) noexcept {
  static constexpr std::array<std::string_view, 3> kNames{"open", "update", "close"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string_view NameOf(DeviationKind kind) noexcept {
  static constexpr std::array<std::string_view, kDeviationKinds> kNames{"volume",      "fan_out", "flag_mix",
                                                                        "role_change", "silent",  "new_host"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string_view NameOf(EventEnd end) noexcept {
  static constexpr std::array<std::string_view, 4> kNames{"", "normal", "accepted", "forgotten"};
  return kNames[static_cast<std::size_t>(end)];
}

std::string_view NameOf(Confidence confidence) noexcept {
  static constexpr std::array<std::string_view, 3> kNames{"warm_up", "day_only", "full"};
  return kNames[static_cast<std::size_t>(confidence)];
}

}  // namespace hostscope::aggregator
