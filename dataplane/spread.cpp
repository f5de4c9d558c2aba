#include "dataplane/spread.h"

#include <algorithm>

namespace hostscope::dataplane {

SpreadBoard::SpreadBoard(const std::vector<bool>& gives, const MakeAt& make_at)
    : workers_(gives.size()), rings_(gives.size() * gives.size()) {
  for (std::size_t giver = 0; giver < size(); ++giver) {
    if (!gives[giver]) continue;
    make_at(giver, [&] {
      for (std::size_t taker = 0; taker < size(); ++taker) {
        if (giver != taker) rings_[giver * size() + taker] = std::make_unique<JobRing>();
      }
    });
  }
}

Spreader::Spreader(SpreadBoard& board, std::size_t self)
    : board_(board), mine_(board.worker(self)), self_(self) {
  for (std::size_t other = 0; other < board.size(); ++other) {
    if (JobRing* const ring = board.ring(other, self)) from_.push_back(ring);
    if (JobRing* const ring = board.ring(self, other)) {
      to_.push_back(ring);
      takers_.push_back(&board.worker(other));
    }
  }
  not_before_.resize(to_.size());
}

void Spreader::StartGiving(ReceiveTime now) noexcept {
  if (is_giving_ || to_.empty()) return;
  is_giving_ = true;
  mine_.watermark.store(now.ns, std::memory_order_seq_cst);
  for (std::size_t i = 0; i < takers_.size(); ++i) {
    not_before_[i] = takers_[i]->not_before.load(std::memory_order_seq_cst);
  }
}

void Spreader::StopGiving() noexcept {
  if (!is_giving_) return;
  is_giving_ = false;
  mine_.watermark.store(SpreadBoard::kIdle, std::memory_order_release);
}

void Spreader::End() noexcept {
  StopGiving();
  mine_.has_stopped.store(true, std::memory_order_release);
}

JobRing::Place* Spreader::FreePlace(ReceiveTime now) noexcept {
  for (std::size_t tried = 0; tried < to_.size(); ++tried) {
    if (++next_ >= to_.size()) next_ = 0;
    if (takers_[next_]->is_loaded.load(std::memory_order_relaxed) || now.ns < not_before_[next_]) continue;
    if (JobRing::Place* const place = to_[next_]->FreePlace()) return place;
  }
  return nullptr;
}

void Spreader::Give() noexcept {
  to_[next_]->Give();
  ++under_way_;
  counters_.handed_out.Add(1);
}

void Spreader::SetLoaded(bool is_loaded) noexcept {
  if (is_loaded == is_loaded_) return;
  is_loaded_ = is_loaded;
  mine_.is_loaded.store(is_loaded, std::memory_order_relaxed);
}

ReceiveTime Spreader::Horizon(ReceiveTime now, ReceiveTime not_before) noexcept {
  mine_.not_before.store(not_before.ns, std::memory_order_seq_cst);
  ReceiveTime horizon = now;
  for (std::size_t other = 0; other < board_.size(); ++other) {
    if (other == self_) continue;
    horizon.ns = std::min(horizon.ns, board_.worker(other).watermark.load(std::memory_order_seq_cst));
  }
  // After the watermarks: what was given before one of them is seen now.
  for (JobRing* const ring : from_) {
    if (const JobRing::Place* const place = ring->NextJobNow())
      horizon = std::min(horizon, place->job.received);
  }
  return horizon;
}

bool Spreader::IsOver() noexcept {
  if (under_way_ != 0) return false;
  for (std::size_t other = 0; other < board_.size(); ++other) {
    if (other != self_ && !board_.worker(other).has_stopped.load(std::memory_order_acquire)) return false;
  }
  return std::all_of(from_.begin(), from_.end(), [](JobRing* ring) { return ring->NextJobNow() == nullptr; });
}

}  // namespace hostscope::dataplane
