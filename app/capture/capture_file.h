#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "ipfix/packet_headers.h"
#include "ipfix/time.h"

struct pcap;

namespace hostscope::app {

/// One packet of a capture. The bytes are valid until the next packet is read.
struct CapturedPacket {
  std::span<const std::uint8_t> frame;  ///< what was captured of it
  std::size_t wire_length = 0;          ///< what it had; larger where the capture cut it short
  ReceiveTime time;
};

/// Reads a pcap or pcapng file, or standard input as "-", from its start to its end, through libpcap. Time
/// stamps are to the nanosecond whatever the file's resolution. One thread.
class CaptureFile {
 public:
  /// Throws std::runtime_error, naming the file, where it can't be opened, is no capture, or has packets of a
  /// link type that we can't read.
  explicit CaptureFile(std::string path);
  ~CaptureFile();
  CaptureFile(const CaptureFile&) = delete;
  CaptureFile& operator=(const CaptureFile&) = delete;

  /// False at the end, and where the rest can't be read: then error() says why.
  bool Next(CapturedPacket& packet);

  /// Empty, or what is wrong with the file, with its name and how many packets came before.
  const std::string& error() const noexcept { return error_; }
  LinkType link() const noexcept { return link_; }
  std::uint64_t packets() const noexcept { return packets_; }
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
  std::unique_ptr<char[]> buffer_;  // outlives pcap_, whose stream reads into it
  pcap* pcap_ = nullptr;
  LinkType link_ = LinkType::kEthernet;
  std::uint64_t packets_ = 0;
  std::string error_;
};

}  // namespace hostscope::app
