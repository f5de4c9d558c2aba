#include "dataplane/handover.h"

#include <rte_ring.h>

#include <cstdlib>
#include <new>
#include <stdexcept>
#include <utility>

namespace hostscope::dataplane {
namespace {

constexpr unsigned kRingSize = 8;  // a power of two; holds one less
static_assert(Handover::kMaxParts == kRingSize - 1, "a ring never refuses a place that exists");

template <typename T>
T* Dequeue(rte_ring* ring) noexcept {
  void* object = nullptr;
  return rte_ring_sc_dequeue(ring, &object) == 0 ? static_cast<T*>(object) : nullptr;
}

}  // namespace

void Handover::RingDeleter::operator()(rte_ring* ring) const noexcept {
  std::free(ring);
}

Handover::Ring Handover::MakeRing() {
  const auto size = static_cast<std::size_t>(rte_ring_get_memsize(kRingSize));
  const std::size_t aligned = (size + alignof(rte_ring) - 1) / alignof(rte_ring) * alignof(rte_ring);
  Ring ring(static_cast<rte_ring*>(std::aligned_alloc(alignof(rte_ring), aligned)));
  if (!ring) throw std::bad_alloc();
  if (rte_ring_init(ring.get(), "handover", kRingSize, RING_F_SP_ENQ | RING_F_SC_DEQ) != 0) {
    throw std::runtime_error("a hand-over ring could not be made");
  }
  return ring;
}

Handover::Handover() : free_(MakeRing()), closed_(MakeRing()), tables_(MakeRing()) {
  for (aggregator::WindowPart& part : parts_) rte_ring_sp_enqueue(free_.get(), &part);
}

Handover::~Handover() {
  while (TakeTable()) {
  }
}

bool Handover::CanSend() noexcept {
  if (place_ == nullptr) place_ = Dequeue<aggregator::WindowPart>(free_.get());
  return place_ != nullptr;
}

void Handover::Send(aggregator::WindowPart part) noexcept {
  *place_ = std::move(part);
  rte_ring_sp_enqueue(closed_.get(), std::exchange(place_, nullptr));
}

std::unique_ptr<aggregator::HostTable> Handover::TakeTable() noexcept {
  return std::unique_ptr<aggregator::HostTable>(Dequeue<aggregator::HostTable>(tables_.get()));
}

std::optional<aggregator::WindowPart> Handover::Receive() noexcept {
  auto* place = Dequeue<aggregator::WindowPart>(closed_.get());
  if (place == nullptr) return std::nullopt;
  std::optional<aggregator::WindowPart> part(std::move(*place));
  rte_ring_sp_enqueue(free_.get(), place);
  if (part->table && tables_in_reserve_ > 0) --tables_in_reserve_;
  return part;
}

void Handover::GiveTable(std::unique_ptr<aggregator::HostTable> table) noexcept {
  rte_ring_sp_enqueue(tables_.get(), table.release());
  ++tables_in_reserve_;
}

}  // namespace hostscope::dataplane
