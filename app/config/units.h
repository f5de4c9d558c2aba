#pragma once

#include <cstddef>
#include <cstdint>

namespace hostscope::app {

/// In nanoseconds.
inline constexpr std::int64_t kMillisecond = 1'000'000;
inline constexpr std::int64_t kSecond = 1000 * kMillisecond;
inline constexpr std::int64_t kHour = 3600 * kSecond;
inline constexpr std::int64_t kDay = 24 * kHour;

/// In bytes.
inline constexpr std::size_t kKiB = std::size_t{1} << 10;
inline constexpr std::size_t kMiB = std::size_t{1} << 20;
inline constexpr std::size_t kTiB = std::size_t{1} << 40;

}  // namespace hostscope::app
