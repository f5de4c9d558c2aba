#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "exporter/http/message.h"
#include "exporter/http/router.h"

namespace hostscope::http {

/// A file that is part of the program.
struct EmbeddedFile {
  std::string_view path;  ///< "assets/index-4f3a9c1b.js"
  std::string_view bytes;
};

/// Files that are served as they are, held in memory, compressed beforehand where that makes them smaller. A
/// file whose name has a hash of its content may be kept by clients for ever; others they ask for again each
/// time. Immutable, so for any thread.
class StaticFiles {
 public:
  explicit StaticFiles(std::span<const EmbeddedFile> files);
  /// Every regular file below `folder`, as it is now; links are not followed. Throws std::runtime_error where
  /// one can't be read or all together have more than 256 MiB.
  static StaticFiles FromFolder(const std::string& folder);

  /// The file at `path`; "" and paths of the program's own pages (without a dot in their last segment) are
  /// index.html. 404 where there is none.
  Response Get(std::string_view path) const;
  /// Answers everything that no other route does. `files` must outlive the server.
  void AddTo(Router& router) const;

  std::size_t size() const noexcept { return files_.size(); }

 private:
  StaticFiles() = default;
  void Add(std::string path, std::string bytes);

  std::map<std::string, Response, std::less<>> files_;
};

/// Of a file's name: "text/html" for index.html; application/octet-stream where it is not known.
std::string_view ContentTypeOf(std::string_view path) noexcept;
/// Whether a name has a hash of eight or more characters, with a digit, before its last dot:
/// index-4f3a9c1b.js.
bool HasHashedName(std::string_view path) noexcept;

}  // namespace hostscope::http
