#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "aggregator/hashing.h"
#include "aggregator/hll_estimate.h"
#include "aggregator/sketch.h"

/// Distinct counts as bytes that other programs read: the HLL sketches of Apache DataSketches, type HLL_8,
/// lgK 12, in their compact form. Source: the format that datasketches-java and datasketches-cpp share, as
/// laid down in the former's org.apache.datasketches.hll.PreambleUtil; a test holds it against that library.
///
///   byte 0     preamble in 4-byte words: 2 list, 3 set, 10 dense
///        1     version of the format, 1
///        2     family, 7 (HLL)
///        3     lgK, 12
///        4     log2 of the places of a list (3) or a set (5 to 9); 0 when dense
///        5     flags: 4 empty; 8 compact, on lists and sets; 16 out of order, on dense sketches
///        6     list: how many coupons; else 0
///        7     bits 0 and 1: 0 list, 1 set, 2 dense; bits 2 and 3: the type, 2
///
///   list: up to 7 coupons of 4 bytes from byte 8
///   set:  8 to 384 of them from byte 12, their number in bytes 8 to 11
///   dense, from byte 8: three doubles, 0 (estimate by history, of which there is none), the sum of 2^-value
///        over registers below 32, and over the others; two 4-byte numbers, registers that are 0, and 0; then
///        from byte 40 the 4096 registers
///
/// All numbers are little-endian. What coupons and registers are made of is said in hashing.h: to add members
/// to such a sketch in another program, feed it coupons of that hash, not values through its own. Uniting
/// needs no hash.
///
/// Our counts have no order in which they came to be (see hll_estimate.h), so a dense one is marked out of
/// order: DataSketches then uses its composite estimator. While it is a list or a set the mark has no meaning
/// there and is left out, as the library does. Flag 32, which says that the sums are stale, is never set.
/// Coupons are written in ascending order, so the same members give the same bytes.
namespace hostscope::aggregator {

/// Writes a list or set. `coupons` are distinct, ascending, and at most 384. Returns how many bytes, at most
/// kMaxSketchBytes.
std::size_t WriteCoupons(std::span<const Coupon> coupons, std::uint8_t* out) noexcept;
/// Writes a dense sketch, which has kMaxSketchBytes.
std::size_t WriteRegisters(std::span<const std::uint8_t, kRegisters> registers, std::uint8_t* out) noexcept;

/// What ReadSketch() makes of bytes from anywhere.
enum class SketchBytes : std::uint8_t {
  kGood,
  kTruncated,       ///< shorter than it says
  kTooLong,         ///< longer than it says
  kPreamble,        ///< not the preamble's length of its mode
  kVersion,         ///< not version 1
  kFamily,          ///< not an HLL sketch
  kLgK,             ///< not 4096 registers
  kType,            ///< not HLL_8
  kMode,            ///< neither list, set nor dense
  kFlags,           ///< big-endian, unknown, not compact, or empty where it is not
  kCount,           ///< more coupons than its mode holds
  kCoupon,          ///< a coupon that no 64-bit hash gives
  kRepeatedCoupon,  ///< a coupon that is there twice
  kRegister,        ///< a register value that no 64-bit hash gives
};
/// For messages: "longer than it says".
std::string_view NameOf(SketchBytes outcome) noexcept;

/// Reads any sketch of the form above, whoever wrote it, into `sketch`, which is unchanged unless the answer
/// is kGood. What follows from coupons or registers (places, sums, numbers of zeros, the flags 16 and 32) is
/// not read, so it can't be wrong. Never reads beyond `bytes`, and takes at most 4 KiB of memory.
[[nodiscard]] SketchBytes ReadSketch(std::span<const std::uint8_t> bytes, Sketch& sketch);

/// The figure of a record that belongs to the sketch.
std::uint64_t Estimate(const Sketch& sketch) noexcept;

}  // namespace hostscope::aggregator
