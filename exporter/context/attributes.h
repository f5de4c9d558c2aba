#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace hostscope::context {

inline constexpr std::string_view kNameAttribute = "name";  ///< what lists and searches call a host by

using Counts =
    std::vector<std::pair<std::string, std::uint64_t>>;  ///< how often each key was told, most first
using Texts = std::vector<std::string>;                  ///< newest first
using Value = std::variant<std::string, Counts, Texts>;
using Attributes = std::map<std::string, Value, std::less<>>;

/// Bounds of each of the two: what files say, and what logs say.
struct Limits {
  std::size_t hosts = 100'000;  ///< hosts or prefixes
  std::size_t attributes = 32;  ///< of one of them
  std::size_t value_bytes = 256;
  std::size_t bytes = std::size_t{64} << 20;  ///< of texts and what holds them, as CostOf() has it
};

/// What an entry and an attribute take besides their texts, rounded up.
inline constexpr std::size_t kEntryBytes = 192;
inline constexpr std::size_t kTextBytes = 96;
inline std::size_t CostOf(std::string_view text) noexcept {
  return kTextBytes + text.size();
}

/// 1 to 64 letters, digits, and _ . - are a name.
bool IsAttributeName(std::string_view name) noexcept;
inline constexpr const char* kAllowedNames = "1 to 64 letters, digits, '_', '.' or '-'";

/// Why a value is refused, or an empty string: values are text of UTF-8, not empty.
std::string WhyNoValue(std::string_view value, const Limits& limits);

/// One text: of counts the key most often told, of a list the newest.
std::string_view TextOf(const Value& value) noexcept;
/// "…", {"key":n,…} or ["…",…].
std::string JsonOf(const Value& value);
/// {"name":…,…}
std::string JsonOf(const Attributes& attributes);

}  // namespace hostscope::context
