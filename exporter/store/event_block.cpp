#include "exporter/store/event_block.h"

#include <bit>
#include <limits>
#include <span>

#include "exporter/store/columns.h"

namespace hostscope::exporter {
namespace {

using aggregator::Confidence;
using aggregator::DeviationKind;
using aggregator::EventEnd;
using aggregator::EventState;
using aggregator::ProfileEvent;
using aggregator::ProfileFigure;

enum ColumnId : std::uint64_t {
  kHost = 1,
  kState,
  kKind,
  kFigure,
  kConfidence,
  kEnd,
  kScore,
  kExpected,
  kSeen,
  kSince
};

bool GetHosts(std::string_view column, std::vector<ProfileEvent>& events) {
  const char* at = column.data();
  const char* const end = at + column.size();
  for (ProfileEvent& event : events) {
    Uint128 number = 0;
    if (!GetVarint(at, end, number)) return false;
    event.host = AddressOf(number);
  }
  return true;
}

/// Values of an enumeration, of which `last` is the last one.
template <typename Enum>
bool GetEnum(std::string_view column, Enum ProfileEvent::*field, Enum last,
             std::vector<ProfileEvent>& events) {
  return GetFigures(column, 0, std::span(events), [field, last](ProfileEvent& event, std::uint64_t value) {
    event.*field = static_cast<Enum>(value);
    return value <= static_cast<std::uint64_t>(last);
  });
}

bool GetDouble(std::string_view column, double ProfileEvent::*field, std::vector<ProfileEvent>& events) {
  return GetFigures(column, 0, std::span(events), [field](ProfileEvent& event, std::uint64_t bits) {
    event.*field = std::bit_cast<double>(bits);
    return true;
  });
}

bool GetColumn(const Column& column, std::vector<ProfileEvent>& events) {
  switch (column.id) {
    case kHost:
      return GetHosts(column.bytes, events);
    case kState:
      return GetEnum(column.bytes, &ProfileEvent::state, EventState::kClose, events);
    case kKind:
      return GetEnum(column.bytes, &ProfileEvent::kind, DeviationKind::kNewHost, events);
    case kFigure:
      return GetEnum(column.bytes, &ProfileEvent::figure, ProfileFigure::kClientSide, events);
    case kConfidence:
      return GetEnum(column.bytes, &ProfileEvent::confidence, Confidence::kFull, events);
    case kEnd:
      return GetEnum(column.bytes, &ProfileEvent::end, EventEnd::kForgotten, events);
    case kScore:
      return GetFigures(column.bytes, 0, std::span(events), [](ProfileEvent& event, std::uint64_t bits) {
        event.score = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
        return bits <= std::numeric_limits<std::uint32_t>::max();
      });
    case kExpected:
      return GetDouble(column.bytes, &ProfileEvent::expected, events);
    case kSeen:
      return GetDouble(column.bytes, &ProfileEvent::seen, events);
    case kSince:
      return GetFigures(column.bytes, 0, std::span(events), [](ProfileEvent& event, std::uint64_t ns) {
        event.since.ns = static_cast<std::int64_t>(ns);
        return true;
      });
    default:
      return true;
  }
}

}  // namespace

void EncodeEvents(const std::vector<ProfileEvent>& events, std::string& out) {
  std::string column;
  for (const ProfileEvent& event : events) PutVarint(column, NumberOf(event.host));
  PutColumn(out, kHost, column);
  const auto put = [&](ColumnId id, auto figure) { PutFigures(out, id, events, figure); };
  put(kState, [](const ProfileEvent& event) { return static_cast<std::uint64_t>(event.state); });
  put(kKind, [](const ProfileEvent& event) { return static_cast<std::uint64_t>(event.kind); });
  put(kFigure, [](const ProfileEvent& event) { return static_cast<std::uint64_t>(event.figure); });
  put(kConfidence, [](const ProfileEvent& event) { return static_cast<std::uint64_t>(event.confidence); });
  put(kEnd, [](const ProfileEvent& event) { return static_cast<std::uint64_t>(event.end); });
  put(kScore,
      [](const ProfileEvent& event) { return std::uint64_t{std::bit_cast<std::uint32_t>(event.score)}; });
  put(kExpected, [](const ProfileEvent& event) { return std::bit_cast<std::uint64_t>(event.expected); });
  put(kSeen, [](const ProfileEvent& event) { return std::bit_cast<std::uint64_t>(event.seen); });
  put(kSince, [](const ProfileEvent& event) { return static_cast<std::uint64_t>(event.since.ns); });
}

bool DecodeEvents(std::string_view columns, ReceiveTime window, std::vector<ProfileEvent>& events) {
  std::vector<Column> parsed;
  if (!ParseColumns(columns, parsed)) return false;
  for (ProfileEvent& event : events) {
    event = ProfileEvent{};
    // A column of zeros is left out.
    event.confidence = Confidence::kWarmUp;
    event.window = window;
  }
  for (const Column& column : parsed) {
    if (!GetColumn(column, events)) return false;
  }
  return true;
}

}  // namespace hostscope::exporter
