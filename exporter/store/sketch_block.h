#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "aggregator/closed_window.h"
#include "aggregator/sketch.h"

/// The sketches of a block of rows, in blocks of their own: so who reads records only does not read the much
/// longer sketches. As columns (columns.h):
///
///   1, 2, 3  sent: peers, source ports, destination ports
///   4, 5, 6  received: the same
///   7 on     not taken yet
///
/// A value is a varint length, 0 where there is no sketch, and so many bytes in the form of sketch_bytes.h.
namespace hostscope::exporter {

inline constexpr std::size_t kSketchesPerRow = 6;

/// Takes sketches row by row until they are to be a block. One thread.
class SketchCollector {
 public:
  /// Adds those of the window's i-th record.
  void Add(const aggregator::ClosedWindow& window, std::size_t i);

  std::size_t rows() const noexcept { return rows_; }
  std::size_t bytes() const noexcept { return bytes_; }
  /// Appends the columns to `out`, and is empty again.
  void Take(std::string& out);

 private:
  std::array<std::string, kSketchesPerRow> columns_;
  std::array<std::uint8_t, aggregator::kMaxSketchBytes> sketch_;
  std::size_t rows_ = 0;
  std::size_t bytes_ = 0;
};

/// The sketches of a block. Reading is any thread's.
class SketchBlock {
 public:
  /// Takes the columns. Safe with bytes of any kind: false where they make no sense.
  [[nodiscard]] bool Open(std::string columns, std::size_t rows);
  std::size_t rows() const noexcept { return rows_; }

  /// As ClosedWindow::WriteSketch(); row < rows().
  std::size_t Write(std::size_t row, aggregator::Role role, aggregator::DistinctFigure figure,
                    std::uint8_t* out) const noexcept;

 private:
  struct Place {
    std::uint32_t offset = 0;  // in bytes_
    std::uint32_t length = 0;
  };

  std::string bytes_;
  std::size_t rows_ = 0;
  std::array<std::vector<Place>, kSketchesPerRow> places_;  // of each row, or of none
};

}  // namespace hostscope::exporter
