#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "ipfix/flow_record.h"
#include "ipfix/flow_tap.h"

namespace hostscope::ipfix {

/// Flow records on their way to the consumer, collected over several sets and datagrams so that the consumer
/// can prefetch for many at once. One thread.
class FlowBatch {
 public:
  static constexpr std::size_t kCapacity =
      128;  ///< 8 KiB: leaves room in a 32 KiB L1 for what the consumer touches

  /// Who is shown each record besides the consumer; null: nobody, which costs a comparison for each batch.
  /// Allocates; to be called while the batch is empty. `tap` lives longer.
  void SetTap(FlowTap* tap) {
    tap_ = tap;
    times_ = tap == nullptr ? nullptr : std::make_unique<Times>();
  }
  bool is_tapped() const noexcept { return tap_ != nullptr; }
  /// The places of the times that belong to Next() and those behind it. Only where it is tapped.
  FlowTimes* NextTimes() noexcept { return times_->data() + size_; }

  /// A place for the next record, and behind it for as many as MakeRoom() was asked for; they count once
  /// Commit() is called.
  FlowRecord& Next() noexcept { return records_[size_]; }
  void Commit(std::size_t count = 1) noexcept { size_ += count; }

  std::size_t room() const noexcept { return kCapacity - size_; }

  /// Hands out what is there unless `count` more fit.
  void MakeRoom(std::size_t count, FlowConsumer& consumer) noexcept {
    if (size_ + count > kCapacity) Flush(consumer);
  }

  void Flush(FlowConsumer& consumer) noexcept {
    if (size_ == 0) return;
    if (is_tapped()) tap_->Take({records_.data(), size_}, {times_->data(), size_});
    consumer.Consume({records_.data(), size_});
    size_ = 0;
  }

 private:
  using Times = std::array<FlowTimes, kCapacity>;

  std::array<FlowRecord, kCapacity> records_;
  std::size_t size_ = 0;
  FlowTap* tap_ = nullptr;
  std::unique_ptr<Times> times_;
};

}  // namespace hostscope::ipfix
