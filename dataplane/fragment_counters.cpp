#include "dataplane/fragment_counters.h"

#include <array>
#include <cstddef>

namespace hostscope::dataplane {
namespace {

constexpr std::array kNames{
    ipfix::CounterName{"timeout", "Datagrams of which not all fragments came in time."},
    ipfix::CounterName{"table_full", "Incomplete datagrams that gave way to newer fragments."},
    ipfix::CounterName{"malformed", "Fragments that no datagram can have."},
    ipfix::CounterName{"overlap", "Datagrams whose fragments contradict or repeat each other."},
    ipfix::CounterName{"too_many", "Datagrams of more than eight fragments."},
};
static_assert(kNames.size() == static_cast<std::size_t>(FragmentDrop::kCount), "a name for each reason");

template <typename Enum>
void AddAll(ipfix::CounterArray<Enum>& sum, const ipfix::CounterArray<Enum>& more) noexcept {
  for (std::size_t i = 0; i < ipfix::CounterArray<Enum>::kSize; ++i) {
    sum.Add(static_cast<Enum>(i), more.Get(static_cast<Enum>(i)));
  }
}

}  // namespace

const ipfix::CounterName& NameOf(FragmentDrop reason) noexcept {
  return kNames[static_cast<std::size_t>(reason)];
}

FragmentCounters& FragmentCounters::operator+=(const FragmentCounters& other) noexcept {
  fragments.Add(other.fragments.Get());
  joined.Add(other.joined.Get());
  AddAll(datagrams, other.datagrams);
  AddAll(dropped, other.dropped);
  AddAll(dropped_fragments, other.dropped_fragments);
  return *this;
}

}  // namespace hostscope::dataplane
