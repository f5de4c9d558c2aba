#include "exporter/store/window_id.h"

#include <charconv>

#include "exporter/encoding/json_text.h"
#include "exporter/encoding/text_writer.h"

namespace hostscope::exporter {
namespace {

constexpr std::string_view kSuffix = ".win";

/// Takes a number and what follows it off the front of `text`.
template <typename Number>
bool Take(std::string_view& text, std::string_view follows, Number& number) {
  const char* const end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(after - text.data()));
  if (text.substr(0, follows.size()) != follows) return false;
  text.remove_prefix(follows.size());
  return true;
}

}  // namespace

std::string FileNameOf(const WindowId& id) {
  return std::to_string(id.span.start.ns) + "-" + std::to_string(id.span.length_ns) + "-" +
         std::to_string(id.part) + std::string(kSuffix);
}

std::optional<WindowId> ParseFileName(std::string_view name) {
  WindowId id;
  std::string_view text = name;
  if (!Take(text, "-", id.span.start.ns) || !Take(text, "-", id.span.length_ns) ||
      !Take(text, kSuffix, id.part))
    return std::nullopt;
  if (id.span.length_ns <= 0 || FileNameOf(id) != name) return std::nullopt;
  return id;
}

std::string Describe(const WindowId& id) {
  constexpr unsigned kNanosecondDigits = 9;
  char text[kTimeText + 2 * kMaxNumberText + 1];
  char* end = FormatTime(id.span.start, text);
  end = Put(end, ", ");
  const auto length = static_cast<std::uint64_t>(id.span.length_ns);
  constexpr auto kSecond = static_cast<std::uint64_t>(kNanosecondsPerSecond);
  end = PutDecimal(end, length / kSecond, length % kSecond, kNanosecondDigits);
  return "the window of " + std::string(text, end) + " s";
}

}  // namespace hostscope::exporter
