#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "ipfix/time.h"

/// Captures as pcapng files (draft-ietf-opsawg-pcapng), in the machine's byte order, which is little-endian.
/// Each function appends one block to `to`. Files begin with a section header, then have their interfaces,
/// which are numbered from 0.
namespace hostscope::app {

void AppendSection(std::string_view application, std::string& to);
/// Ethernet, with time stamps in nanoseconds.
void AppendInterface(std::string_view name, std::uint32_t snap_length, std::string& to);

struct PacketBlock {
  std::uint32_t interface = 0;
  ReceiveTime time;
  std::uint32_t length = 0;  ///< on the wire
  std::span<const std::uint8_t> bytes;
};
void AppendPacket(const PacketBlock& packet, std::string& to);
/// `dropped`: frames that are missing in the file, though they came by the interface.
void AppendStatistics(std::uint32_t interface, ReceiveTime time, std::uint64_t dropped, std::string& to);

/// Cuts a pcapng stream that comes in pieces into whole blocks, so that a file ends with one wherever the
/// stream does, and counts. One thread.
class PcapngCutter {
 public:
  using Write = std::function<bool(std::string_view blocks)>;

  /// Gives whole blocks to `write`. False: the stream is no pcapng of the above, or `write` returned false.
  bool Take(std::string_view piece, const Write& write);

  std::uint64_t packets() const noexcept { return packets_; }
  /// Of all interfaces, as the newest statistics say.
  std::uint64_t dropped() const noexcept { return dropped_; }

 private:
  void Count(std::string_view block);

  std::string rest_;
  std::uint64_t packets_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace hostscope::app
