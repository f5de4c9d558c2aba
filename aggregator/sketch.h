#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hostscope::aggregator {

/// No distinct count is longer as bytes; see sketch_bytes.h.
inline constexpr std::size_t kMaxSketchBytes = 40 + 4096;

enum class Role : std::uint8_t { kSent, kReceived };
enum class DistinctFigure : std::uint8_t { kPeers, kSrcPorts, kDstPorts };

/// A distinct count outside a table, for export and comparison: the same for the same members, however it
/// came to be. Coupons and registers are those of Apache DataSketches' HLL_8 with lgK 12; the hash is
/// documented in hashing.h.
struct Sketch {
  bool is_saturated = false;            ///< a lower bound: it had no memory to grow
  std::vector<std::uint32_t> coupons;   ///< in order; empty when there are registers
  std::vector<std::uint8_t> registers;  ///< 4096 of them, or none
  friend bool operator==(const Sketch&, const Sketch&) = default;
};

}  // namespace hostscope::aggregator
