#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "ipfix/fragment_header.h"
#include "ipfix/time.h"

namespace hostscope::app {

/// Puts IP datagrams together again, of both families. Bounded: at most kMaxDatagrams at a time, each of at
/// most 64 KiB and kMaxPieces pieces; the oldest gives way, and so does one that is not complete within
/// kTimeout of its first piece, on the capture's clock. A datagram whose pieces overlap is given up (RFC
/// 5722); an exact repetition is not an overlap. One thread.
class FragmentTable {
 public:
  static constexpr std::size_t kMaxDatagrams = 256;
  static constexpr std::size_t kMaxPieces = 64;
  static constexpr std::int64_t kTimeoutNs = 30 * kNanosecondsPerSecond;

  enum class Result : std::uint8_t { kKept, kComplete, kRefused };
  /// Is told how each datagram began that is given up after its first piece came.
  using Lost = std::function<void(std::span<const std::uint8_t> beginning)>;

  explicit FragmentTable(Lost lost) : lost_(std::move(lost)) {}

  /// On kComplete, `payload` is the datagram's IP payload, valid until the next call.
  Result Add(const Fragment& fragment, ReceiveTime now, std::span<const std::uint8_t>& payload);

  /// Gives up all that is incomplete: at the end of the capture.
  void Clear();

 private:
  struct Piece {
    std::size_t offset;
    std::size_t length;
  };
  struct Datagram {
    Fragment key;  // its bytes are not kept
    ReceiveTime first_seen;
    std::vector<std::uint8_t> payload;
    std::vector<Piece> pieces;
    std::size_t received = 0;
    std::size_t total = 0;  // 0 until the last piece came
  };

  std::size_t FindOrAdd(const Fragment& fragment, ReceiveTime now);
  static bool Fits(const Datagram& datagram, const Fragment& fragment) noexcept;
  void GiveUp(std::size_t i);
  void Remove(std::size_t i) { datagrams_.erase(datagrams_.begin() + static_cast<std::ptrdiff_t>(i)); }

  Lost lost_;
  std::vector<Datagram> datagrams_;  // oldest first
  Datagram complete_;
};

}  // namespace hostscope::app
