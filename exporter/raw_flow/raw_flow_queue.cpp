#include "exporter/raw_flow/raw_flow_queue.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace hostscope::exporter {
namespace {

template <typename T>
void Copy(T* to, std::span<const T> from) noexcept {
  std::memcpy(to, from.data(), from.size_bytes());
}

}  // namespace

RawFlowQueue::RawFlowQueue(std::size_t capacity)
    : records_(std::bit_ceil(std::max<std::size_t>(capacity, 1))), times_(records_.size()) {}

void RawFlowQueue::Take(std::span<const FlowRecord> records, std::span<const FlowTimes> times) noexcept {
  const auto room = [this] { return records_.size() - static_cast<std::size_t>(written_ - read_seen_); };
  if (room() < records.size()) read_seen_ = read_published_.load(std::memory_order_acquire);
  const std::size_t count = std::min(records.size(), room());
  if (count != records.size()) [[unlikely]]
    dropped_.Add(records.size() - count);
  if (count == 0) return;
  CopyIn(records.first(count), times.first(count));
  written_ += count;
  written_published_.store(written_, std::memory_order_release);
  taken_.Add(count);
}

void RawFlowQueue::CopyIn(std::span<const FlowRecord> records, std::span<const FlowTimes> times) noexcept {
  const std::size_t at = PlaceOf(written_);
  const std::size_t first = std::min(records.size(), records_.size() - at);
  Copy(&records_[at], records.first(first));
  Copy(&times_[at], times.first(first));
  if (first == records.size()) return;
  Copy(records_.data(), records.subspan(first));
  Copy(times_.data(), times.subspan(first));
}

RawFlowQueue::Piece RawFlowQueue::Front(std::size_t max) noexcept {
  if (read_ == written_seen_) written_seen_ = written_published_.load(std::memory_order_acquire);
  const std::size_t at = PlaceOf(read_);
  const std::size_t count =
      std::min({max, static_cast<std::size_t>(written_seen_ - read_), records_.size() - at});
  return {std::span(records_).subspan(at, count), std::span(times_).subspan(at, count)};
}

void RawFlowQueue::Pop(std::size_t count) noexcept {
  read_ += count;
  read_published_.store(read_, std::memory_order_release);
}

std::size_t RawFlowQueue::waiting() const noexcept {
  const std::uint64_t read = read_published_.load(std::memory_order_relaxed);
  const std::uint64_t written = written_published_.load(std::memory_order_relaxed);
  return written > read ? static_cast<std::size_t>(written - read) : 0;
}

}  // namespace hostscope::exporter
