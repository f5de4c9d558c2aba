#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "aggregator/host_record.h"

namespace hostscope::exporter {

/// Names one stored window. Ordered as windows close: by end, of equal ends the shortest first.
struct WindowId {
  aggregator::WindowSpan span;
  /// A window may be stored in parts, from 0 on: what one run had of it when it was told to end, and what the
  /// next run saw.
  unsigned part = 0;

  friend bool operator==(const WindowId&, const WindowId&) = default;
  friend std::strong_ordering operator<=>(const WindowId& a, const WindowId& b) noexcept {
    if (const auto order = a.span.end() <=> b.span.end(); order != 0) return order;
    if (const auto order = a.span.length_ns <=> b.span.length_ns; order != 0) return order;
    return a.part <=> b.part;
  }
};

/// `<start>-<length>-<part>.win`, both in nanoseconds.
std::string FileNameOf(const WindowId& id);
/// Nothing where the name is not exactly what FileNameOf() makes.
std::optional<WindowId> ParseFileName(std::string_view name);

/// For the log: "the window of 2026-11-23T21:00:10.000Z, 10 s".
std::string Describe(const WindowId& id);

}  // namespace hostscope::exporter
