#include "app/capture/fragments.h"

#include <algorithm>

#include "ipfix/wire.h"

namespace hostscope::app {
namespace {

using ipfix::LoadBe16;
using ipfix::LoadBe32;

constexpr std::size_t kMaxPayload = 65535;
constexpr std::size_t kIpv6HeaderLength = 40;
constexpr std::size_t kFragmentHeaderLength = 8;
constexpr std::uint8_t kFragmentHeader = 44;

/// Offset of the IPv6 fragment header; 0 if there is none. WalkToTransport() went over the same headers
/// before, so they are in the frame and their number is bounded.
std::size_t FindFragmentHeader(std::span<const std::uint8_t> frame, const IpPacket& packet) noexcept {
  std::uint8_t next = frame[packet.ip_offset + 6];
  std::size_t offset = packet.ip_offset + kIpv6HeaderLength;
  while (next != kFragmentHeader) {
    if (offset + kFragmentHeaderLength > packet.transport_offset) return 0;
    next = frame[offset];
    offset += (frame[offset + 1] + 1U) * 8U;  // hop-by-hop, routing or destination options: AH comes after
  }
  return offset + kFragmentHeaderLength <= packet.transport_offset ? offset : 0;
}

}  // namespace

bool ReadFragment(std::span<const std::uint8_t> frame, const IpPacket& packet, Fragment& fragment) noexcept {
  if (packet.end_offset > frame.size()) return false;
  fragment.source = packet.source;
  fragment.destination = packet.destination;
  std::size_t start = packet.transport_offset;
  if (packet.is_ipv6) {
    const std::size_t header = FindFragmentHeader(frame, packet);
    if (header == 0) return false;
    fragment.protocol = frame[header];
    const std::uint16_t word = LoadBe16(&frame[header + 2]);
    fragment.offset = word & 0xfff8U;
    fragment.is_last = (word & 1U) == 0;
    fragment.id = LoadBe32(&frame[header + 4]);
    start = header + kFragmentHeaderLength;
  } else {
    const std::uint8_t* header = &frame[packet.ip_offset];
    fragment.protocol = packet.protocol;
    const std::uint16_t word = LoadBe16(header + 6);
    fragment.offset = (word & 0x1fffU) * 8U;
    fragment.is_last = (word & 0x2000U) == 0;
    fragment.id = LoadBe16(header + 4);
  }
  if (start > packet.end_offset) return false;
  fragment.bytes = frame.subspan(start, packet.end_offset - start);
  return true;
}

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
  // Every piece but the last is a multiple of eight bytes, or the next one could not follow it.
  if (length == 0 || end > kMaxPayload || (!fragment.is_last && length % 8 != 0)) return Result::kRefused;
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
