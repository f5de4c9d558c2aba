#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "aggregator/host_record.h"
#include "aggregator/network_record.h"
#include "aggregator/profile/profile_event.h"

namespace hostscope::exporter {

/// Makes `record_id`: the same for the same (observer, window, host) whenever and however often it is made,
/// on any machine, different otherwise. Of a network record likewise, with its prefix. It is XXH3-128 (xxHash
/// 0.8, seed 0) of
///
///   8 bytes   window start, nanoseconds since the Unix epoch, two's complement, big-endian
///   8 bytes   window length, nanoseconds, big-endian
///   1 byte    0: a host; 1: the `other` record of a network; 2: the network record of a prefix; 3: the
///   window
///             record; 4: the anomaly record of a host
///   16 bytes  the host's address, or the network's or prefix's, in network order, IPv4 as ::ffff:a.b.c.d; of
///   a
///             window record zeros
///   1 byte    0, or the network's or prefix's length in bits of these 16 bytes; of an anomaly record 0:
///   open, 1:
///             update, 2: close
///   the rest  the observer's name, as configured
///
/// written as 32 lower-case hexadecimal digits, the most significant first, which is what `xxhsum -H2`
/// prints. One thread.
class RecordIdMaker {
 public:
  static constexpr std::size_t kTextLength = 32;
  using Id = std::array<std::uint8_t, kTextLength / 2>;

  explicit RecordIdMaker(std::string_view observer);

  /// Of the records that follow.
  void SetWindow(const aggregator::WindowSpan& span) noexcept;

  /// The hash itself, most significant byte first.
  Id Make(const aggregator::HostRecord& record) noexcept;
  Id Make(const aggregator::NetworkRecord& record) noexcept;
  Id Make(const aggregator::ProfileEvent& event) noexcept;
  /// Writes it as kTextLength characters; returns the end.
  template <typename Record>
  char* Format(const Record& record, char* out) noexcept {
    return PutId(Make(record), out);
  }
  /// The same for all records of one anomaly: the record_id of the one that opened it.
  Id MakeAnomaly(const aggregator::ProfileEvent& event) noexcept;
  char* FormatAnomaly(const aggregator::ProfileEvent& event, char* out) noexcept;
  /// Of the window record, which has none in it: for stores that need an id of each record.
  char* FormatWindow(char* out) noexcept;

 private:
  enum class Kind : char { kHost = 0, kOther = 1, kNetwork = 2, kWindow = 3, kAnomaly = 4 };
  static char* PutId(const Id& id, char* out) noexcept;
  Id Make(Kind kind, const Address& address, std::uint8_t length) noexcept;

  ReceiveTime window_start_;
  std::string key_;  // as above: kept, so that of each record only what differs is written
};

}  // namespace hostscope::exporter
