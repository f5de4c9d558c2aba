#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace hostscope::aggregator {

/// A file of profiles, version 1, little-endian: this header, `count` times HostProfile as it lies in memory,
/// and XXH3-64 of all before.
struct ProfileFileHeader {
  static constexpr std::uint64_t kMagic = 0x464f525054534f48ULL;  // "HOSTPROF"
  static constexpr std::uint32_t kVersion = 1;

  std::uint64_t magic = kMagic;
  std::uint32_t version = kVersion;
  std::uint32_t profile_bytes = 0;  ///< sizeof(HostProfile)
  std::int64_t window_ns = 0;       ///< of the windows that they are made of
  std::uint64_t count = 0;
  std::uint32_t first_window = 0;  ///< start, seconds since the Unix epoch
  std::uint32_t last_window = 0;
  std::uint32_t last_forgetting = 0;
  std::uint32_t reserved = 0;
};
static_assert(sizeof(ProfileFileHeader) == 48 && std::is_trivially_copyable_v<ProfileFileHeader>);

}  // namespace hostscope::aggregator
