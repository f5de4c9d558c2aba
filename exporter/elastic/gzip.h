#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace hostscope::exporter {

/// Packs request bodies as gzip (RFC 1952), at zlib's fastest level. Keeps its memory. One thread.
class Gzip {
 public:
  Gzip();
  ~Gzip();

  /// Valid until the next call.
  std::string_view Pack(std::string_view text);

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
  std::vector<char> packed_;
};

}  // namespace hostscope::exporter
