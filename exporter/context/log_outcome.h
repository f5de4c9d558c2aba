#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hostscope::context {

/// What became of a log message. Each message has exactly one.
enum class LogOutcome : std::uint8_t {
  kApplied,
  kOther,
  kTooLarge,
  kNotJson,
  kNotObject,
  kNoHost,
  kBadAddress,
  kNoAttribute,
  kBadValue,
  kHostsFull,
  kAttributesFull,
  kBytesFull,
  kCount
};
inline constexpr std::size_t kLogOutcomes = static_cast<std::size_t>(LogOutcome::kCount);

struct LogOutcomeName {
  std::string_view name;  ///< lower_snake_case, stable
  std::string_view help;  ///< one sentence
};
const LogOutcomeName& NameOf(LogOutcome outcome) noexcept;

}  // namespace hostscope::context
