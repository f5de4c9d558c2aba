#pragma once

#include <algorithm>
#include <cstdint>

#include "dataplane/frame_outcome.h"
#include "ipfix/accounting.h"

namespace hostscope::dataplane {

/// Why a fragment never became part of a datagram.
enum class FragmentDrop : std::uint8_t {
  kTimeout,    ///< the rest did not come in time, or before the program ended
  kTableFull,  ///< gave way to newer ones, or found no room
  kMalformed,  ///< no datagram can have such a part
  kOverlap,    ///< parts of the datagram contradict each other, or one came twice (RFC 5722, RFC 8200)
  kTooMany,    ///< the datagram has more parts than are put together
  kCount
};
const ipfix::CounterName& NameOf(FragmentDrop reason) noexcept;

/// A port's books of fragments, as far as one worker writes them; read by any thread. Over all workers:
///
///     fragments = joined + dropped_fragments.Total() + those that wait for the rest
///     first fragments = datagrams.Total() + dropped.Total() + those that wait
///
/// A datagram counts where its first fragment was, so that each counts once, whatever becomes of its parts.
struct FragmentCounters {
  Counter fragments;        ///< taken from the port's queues
  Counter joined;           ///< of these, parts of whole datagrams that were examined
  FrameCounters datagrams;  ///< what became of the whole datagrams, as of those that came in one piece
  ipfix::CounterArray<FragmentDrop> dropped;  ///< datagrams
  ipfix::CounterArray<FragmentDrop> dropped_fragments;

  void Drop(FragmentDrop reason, std::uint64_t fragments_lost, bool has_first) noexcept {
    dropped_fragments.Add(reason, fragments_lost);
    if (has_first) dropped.Add(reason);
  }
  /// Fragments that are neither joined nor dropped yet; of all workers' books together.
  std::uint64_t Waiting() const noexcept {
    const std::uint64_t gone = joined.Get() + dropped_fragments.Total();
    return fragments.Get() - std::min(fragments.Get(), gone);
  }
  /// Export datagrams that may have been lost.
  std::uint64_t DroppedDatagrams() const noexcept {
    return dropped.Total() + TotalOf(datagrams, FrameClass::kDropped);
  }
  FragmentCounters& operator+=(const FragmentCounters& other) noexcept;
};

}  // namespace hostscope::dataplane
