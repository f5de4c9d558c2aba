#include "app/capture/fragments.h"

#include <algorithm>

namespace hostscope::app {

std::size_t FragmentTable::FindOrAdd(const Fragment& fragment, ReceiveTime now) {
  for (std::size_t i = datagrams_.size(); i-- > 0;) {  // the newest is nearly always the one
    const Fragment& key = datagrams_[i].key;
    if (key.id == fragment.id && key.source == fragment.source && key.destination == fragment.destination &&
        key.protocol == fragment.protocol) {
      return i;
    }
  }
  if (datagrams_.size() == kMaxDatagrams) GiveUp(0);
  Datagram& datagram = datagrams_.emplace_back();
  datagram.key = fragment;
  datagram.key.bytes = {};
  datagram.first_seen = now;
  return datagrams_.size() - 1;
}

bool FragmentTable::Fits(const Datagram& datagram, const Fragment& fragment) noexcept {
  const std::size_t end = fragment.offset + fragment.bytes.size();
  for (const Piece& piece : datagram.pieces) {
    if (fragment.offset < piece.offset + piece.length && piece.offset < end) return false;
  }
  const bool is_beyond_end = datagram.total != 0 && (end > datagram.total || fragment.is_last);
  const bool is_short_end = fragment.is_last && end < datagram.payload.size();
  return !is_beyond_end && !is_short_end && datagram.pieces.size() < kMaxPieces;
}

FragmentTable::Result FragmentTable::Add(const Fragment& fragment, ReceiveTime now,
                                         std::span<const std::uint8_t>& payload) {
  while (!datagrams_.empty() && now.ns - datagrams_.front().first_seen.ns > kTimeoutNs) GiveUp(0);
  const std::size_t length = fragment.bytes.size();
  const std::size_t end = fragment.offset + length;
  if (!fragment.IsPossible()) return Result::kRefused;
  const std::size_t index = FindOrAdd(fragment, now);
  Datagram& datagram = datagrams_[index];
  for (const Piece& piece : datagram.pieces) {
    if (piece.offset == fragment.offset && piece.length == length) return Result::kKept;
  }
  if (!Fits(datagram, fragment)) {
    GiveUp(index);
    return Result::kRefused;
  }
  if (datagram.payload.size() < end) datagram.payload.resize(end);
  std::copy(fragment.bytes.begin(), fragment.bytes.end(),
            datagram.payload.begin() + static_cast<std::ptrdiff_t>(fragment.offset));
  datagram.pieces.push_back({fragment.offset, length});
  datagram.received += length;
  if (fragment.is_last) datagram.total = end;
  if (datagram.received != datagram.total) return Result::kKept;
  complete_ = std::move(datagram);
  Remove(index);
  payload = complete_.payload;
  return Result::kComplete;
}

void FragmentTable::GiveUp(std::size_t i) {
  const Datagram& datagram = datagrams_[i];
  for (const Piece& piece : datagram.pieces) {
    if (piece.offset == 0) lost_(std::span<const std::uint8_t>(datagram.payload.data(), piece.length));
  }
  Remove(i);
}

void FragmentTable::Clear() {
  while (!datagrams_.empty()) GiveUp(datagrams_.size() - 1);
}

}  // namespace hostscope::app
