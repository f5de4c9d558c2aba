#pragma once

#include <cstddef>
#include <cstdint>

#include "aggregator/distinct-inl.h"
#include "aggregator/sketch.h"

/// Distinct counts: uniting and reading. What they are is said in distinct-inl.h.
namespace hostscope::aggregator {

/// The number of distinct members: exact for a list or a set, else an estimate.
std::uint64_t Estimate(SketchState state, const PeerList& list, const SketchPool& pool) noexcept;
std::uint64_t Estimate(SketchState state, const PortList& list, const SketchPool& pool) noexcept;

/// Adds the members of `from`, whose blocks are in `from_pool`, to `to`. Where the pool has no room for the
/// union, what remains is a number, the larger of both counts, and marked saturated: a lower bound that is
/// not far off when one side is much the larger, as it is when hosts move little between windows. Returns how
/// many counts were saturated by it: 0 or 1.
template <typename List>
std::uint64_t UniteDistinct(SketchState& to, List& to_list, SketchPool& to_pool, SketchState from,
                            const List& from_list, const SketchPool& from_pool) noexcept;

/// Adds the members of a sketch that came from elsewhere, whose figure is `number`. Ports are found again by
/// their coupons, of which any that is none makes the count a set. Where the pool has no room, what remains
/// is a number, as above. Returns how many counts were saturated by it: 0 or 1.
template <typename List>
std::uint64_t AddSketch(SketchState& to, List& list, SketchPool& pool, const Sketch& sketch,
                        std::uint64_t number);
/// The same of a count of which only the number is known, which is not 0.
template <typename List>
std::uint64_t AddNumber(SketchState& to, List& list, SketchPool& pool, std::uint64_t number) noexcept;

Sketch CopySketch(SketchState state, const PeerList& list, const SketchPool& pool);
Sketch CopySketch(SketchState state, const PortList& list, const SketchPool& pool);

/// The same as bytes, in the form of sketch_bytes.h. Writes at most kMaxSketchBytes; returns how many. 0
/// where no sketch is left, only a number. Of a saturated count, the sketch of the members that it took.
std::size_t WriteSketch(SketchState state, const PeerList& list, const SketchPool& pool,
                        std::uint8_t* out) noexcept;
std::size_t WriteSketch(SketchState state, const PortList& list, const SketchPool& pool,
                        std::uint8_t* out) noexcept;

}  // namespace hostscope::aggregator
