#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "exporter/store/window_format.h"

struct ZSTD_CCtx_s;

namespace hostscope::exporter {

/// Makes a frame of columns: zstd, level 1. One thread. Throws std::bad_alloc, std::runtime_error.
class FrameWriter {
 public:
  FrameWriter();
  ~FrameWriter();
  FrameWriter(const FrameWriter&) = delete;
  FrameWriter& operator=(const FrameWriter&) = delete;

  /// Appends it to `out`, and returns its length.
  std::size_t Append(std::string_view columns, std::string& out);

 private:
  ZSTD_CCtx_s* context_;
};

/// Makes columns of a frame, `column_bytes` of them; false where it is not one. Any thread.
[[nodiscard]] bool Decompress(std::string_view frame, std::size_t column_bytes, std::string& columns);

}  // namespace hostscope::exporter
