#include "exporter/context/attributes.h"

#include <simdjson.h>

#include <algorithm>

#include "exporter/encoding/json_text.h"

namespace hostscope::context {
namespace {

constexpr std::size_t kMaxName = 64;

/// Items with commas between, in brackets; `format` makes one.
template <typename Items, typename Format>
std::string JsonList(char open, char close, const Items& items, Format format) {
  std::string json(1, open);
  for (const auto& item : items) {
    if (json.size() > 1) json += ',';
    json += format(item);
  }
  return json += close;
}

}  // namespace

bool IsAttributeName(std::string_view name) noexcept {
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
  return !name.empty() && name.size() <= kMaxName &&
         name.find_first_not_of(kAllowed) == std::string_view::npos;
}

std::string WhyNoValue(std::string_view value, const Limits& limits) {
  if (value.empty()) return "is empty";
  if (value.size() > limits.value_bytes)
    return "is longer than " + std::to_string(limits.value_bytes) + " bytes";
  if (!simdjson::validate_utf8(value.data(), value.size())) return "is not UTF-8";
  return {};
}

std::string_view TextOf(const Value& value) noexcept {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* counts = std::get_if<Counts>(&value))
    return counts->empty() ? "" : std::string_view(counts->front().first);
  const auto& texts = *std::get_if<Texts>(&value);
  return texts.empty() ? std::string_view() : texts.front();
}

std::string JsonOf(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return exporter::JsonString(*text);
  if (const auto* counts = std::get_if<Counts>(&value)) {
    return JsonList('{', '}', *counts, [](const auto& count) {
      return exporter::JsonString(count.first) + ":" + std::to_string(count.second);
    });
  }
  return JsonList('[', ']', std::get<Texts>(value),
                  [](const std::string& text) { return exporter::JsonString(text); });
}

std::string JsonOf(const Attributes& attributes) {
  return JsonList('{', '}', attributes, [](const auto& attribute) {
    return exporter::JsonString(attribute.first) + ":" + JsonOf(attribute.second);
  });
}

}  // namespace hostscope::context
