#pragma once

#include <string>
#include <string_view>

#include "exporter/store/window_id.h"

namespace hostscope::exporter {

/// Where things are in a store's folder.
struct StoreLayout {
  std::string path;

  std::string windows() const { return path + "/windows"; }
  std::string unsent() const { return path + "/unsent"; }
  std::string incoming() const { return path + "/incoming"; }
  std::string damaged() const { return path + "/damaged"; }
  std::string lock() const { return path + "/lock"; }
  std::string WindowsOf(std::int64_t length_ns) const { return windows() + "/" + std::to_string(length_ns); }
  std::string SpoolOf(const std::string& sink) const { return unsent() + "/" + FolderNameOf(sink); }

  std::string Window(const WindowId& id) const { return WindowsOf(id.span.length_ns) + "/" + FileNameOf(id); }
  std::string Incoming(const WindowId& id) const { return incoming() + "/" + FileNameOf(id); }
  std::string Damaged(const WindowId& id) const { return damaged() + "/" + FileNameOf(id); }

  /// A sink's name as a file name: letters, digits, '-', '_' and '.' between them stay, all else is %XX.
  static std::string FolderNameOf(std::string_view sink);
};

}  // namespace hostscope::exporter
