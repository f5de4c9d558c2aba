#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "app/capture/capture_file.h"

namespace hostscope::app {

/// Several captures as one, by time stamp; of equal ones the file named first comes first. Each file is taken
/// to be in order, and where it is not, its packets still come in its own order. One thread.
class CaptureMerge {
 public:
  /// Throws as CaptureFile does.
  explicit CaptureMerge(const std::vector<std::string>& paths);

  /// The bytes are valid until the next call. False at the end of all files.
  bool Next(CapturedPacket& packet, LinkType& link) {
    if (files_.size() == 1) {  // no heap for what is nearly always the case
      link = files_[0]->link();
      return files_[0]->Next(packet);
    }
    return NextOfSeveral(packet, link);
  }

  /// What was wrong with files so far, a message each.
  std::vector<std::string> Errors() const;
  std::uint64_t packets() const noexcept;

 private:
  struct Head {
    CapturedPacket packet;
    std::size_t file = 0;
  };
  static bool ComesLater(const Head& a, const Head& b) noexcept {
    return a.packet.time != b.packet.time ? a.packet.time > b.packet.time : a.file > b.file;
  }

  bool NextOfSeveral(CapturedPacket& packet, LinkType& link);
  void Refill(std::size_t file);

  std::vector<std::unique_ptr<CaptureFile>> files_;
  std::vector<Head> heads_;       // a heap: the next packet of each file that has one
  std::size_t given_ = SIZE_MAX;  // whose packet was given out last: to be read on, now that it is done with
};

}  // namespace hostscope::app
