#include "app/capture/capture_merge.h"

#include <algorithm>

namespace hostscope::app {

CaptureMerge::CaptureMerge(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) files_.push_back(std::make_unique<CaptureFile>(path));
  if (files_.size() == 1) return;
  for (std::size_t i = 0; i < files_.size(); ++i) Refill(i);
}

void CaptureMerge::Refill(std::size_t file) {
  Head head{{}, file};
  if (!files_[file]->Next(head.packet)) return;
  heads_.push_back(head);
  std::push_heap(heads_.begin(), heads_.end(), ComesLater);
}

bool CaptureMerge::NextOfSeveral(CapturedPacket& packet, LinkType& link) {
  if (given_ != SIZE_MAX) Refill(given_);
  given_ = SIZE_MAX;
  if (heads_.empty()) return false;
  std::pop_heap(heads_.begin(), heads_.end(), ComesLater);
  packet = heads_.back().packet;
  given_ = heads_.back().file;
  link = files_[given_]->link();
  heads_.pop_back();
  return true;
}

std::vector<std::string> CaptureMerge::Errors() const {
  std::vector<std::string> errors;
  for (const auto& file : files_) {
    if (!file->error().empty()) errors.push_back(file->error());
  }
  return errors;
}

std::uint64_t CaptureMerge::packets() const noexcept {
  std::uint64_t packets = 0;
  for (const auto& file : files_) packets += file->packets();
  return packets;
}

}  // namespace hostscope::app
