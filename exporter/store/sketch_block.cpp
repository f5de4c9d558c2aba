#include "exporter/store/sketch_block.h"

#include <cstring>
#include <string_view>
#include <utility>

#include "exporter/store/columns.h"
#include "exporter/store/window_format.h"

namespace hostscope::exporter {
namespace {

using aggregator::DistinctFigure;
using aggregator::Role;

constexpr std::size_t kFiguresPerRole = 3;

constexpr Role RoleOf(std::size_t k) noexcept {
  return static_cast<Role>(k / kFiguresPerRole);
}
constexpr DistinctFigure FigureOf(std::size_t k) noexcept {
  return static_cast<DistinctFigure>(k % kFiguresPerRole);
}
constexpr std::size_t PlaceOf(Role role, DistinctFigure figure) noexcept {
  return static_cast<std::size_t>(role) * kFiguresPerRole + static_cast<std::size_t>(figure);
}
static_assert(PlaceOf(Role::kReceived, DistinctFigure::kDstPorts) == kSketchesPerRow - 1);
static_assert(kMaxBlockBytes <= UINT32_MAX, "offsets in a block are of 32 bits");

}  // namespace

void SketchCollector::Add(const aggregator::ClosedWindow& window, std::size_t i) {
  for (std::size_t k = 0; k < kSketchesPerRow; ++k) {
    const std::size_t length = window.WriteSketch(i, RoleOf(k), FigureOf(k), sketch_.data());
    PutVarint(columns_[k], length);
    columns_[k].append(reinterpret_cast<const char*>(sketch_.data()), length);
    bytes_ += length;
  }
  ++rows_;
}

void SketchCollector::Take(std::string& out) {
  for (std::size_t k = 0; k < kSketchesPerRow; ++k) {
    PutColumn(out, k + 1, columns_[k]);
    columns_[k].clear();
  }
  rows_ = 0;
  bytes_ = 0;
}

bool SketchBlock::Open(std::string columns, std::size_t rows) {
  bytes_ = std::move(columns);
  rows_ = 0;
  for (std::vector<Place>& places : places_) places.clear();
  std::vector<Column> parsed;
  if (bytes_.size() > kMaxBlockBytes || !ParseColumns(bytes_, parsed)) return false;
  for (const Column& column : parsed) {
    if (column.id < 1 || column.id > kSketchesPerRow) continue;
    std::vector<Place>& places = places_[static_cast<std::size_t>(column.id) - 1];
    places.assign(rows, {});
    const char* at = column.bytes.data();
    const char* const end = at + column.bytes.size();
    for (Place& place : places) {
      if (!GetVarint(at, end, place.length)) return false;
      if (place.length > aggregator::kMaxSketchBytes || place.length > static_cast<std::size_t>(end - at))
        return false;
      place.offset = static_cast<std::uint32_t>(at - bytes_.data());
      at += place.length;
    }
  }
  rows_ = rows;
  return true;
}

std::size_t SketchBlock::Write(std::size_t row, Role role, DistinctFigure figure,
                               std::uint8_t* out) const noexcept {
  const std::vector<Place>& places = places_[PlaceOf(role, figure)];
  if (row >= places.size()) return 0;
  const Place place = places[row];
  std::memcpy(out, bytes_.data() + place.offset, place.length);
  return place.length;
}

}  // namespace hostscope::exporter
