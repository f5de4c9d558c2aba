#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/config/text.h"
#include "exporter/http/http_options.h"

/// The kinds of values a key may have. Each knows what is allowed in words, how to read itself from text, and
/// how to write itself, so that reader, writer and error messages need no more than this.
namespace hostscope::app {

/// One scalar, bound to its place in the Config.
struct Value {
  std::string allowed;  ///< follows "; " in a message: "a duration from 1s to 1d"
  std::function<std::string(std::string_view)> assign;  ///< what is wrong with the text, or empty
  std::function<std::string()> write;
};

/// A sequence of scalars.
struct ValueList {
  std::string allowed;
  std::function<void()> clear;
  std::function<Value()> append;  ///< binds a new last item
  std::function<std::vector<std::string>()> write;
};

template <typename T>
std::string AssignParsed(T& target, Parsed<T> parsed) {
  if (!parsed.value) return std::move(parsed.wrong);
  target = *std::move(parsed.value);
  return {};
}

/// Text that is not empty. `what` says what it names: "the name of a topic".
Value Text(std::string& target, std::string what);
/// The same or "none", which is held as an empty text.
Value TextOrNone(std::string& target, std::string what);
/// true or false, yes or no, on or off.
Value Switch(bool& target);
Value Duration(std::int64_t& ns, std::int64_t min_ns, std::int64_t max_ns);
/// The same or "never", which is held as 0.
Value DurationOrNever(std::int64_t& ns, std::int64_t min_ns, std::int64_t max_ns);
/// "never", or a duration that is held in microseconds; never is 0.
Value MicrosecondsOrNever(std::uint32_t& us, std::uint32_t max_us);
Value Bytes(std::size_t& bytes, std::size_t min, std::size_t max);
/// The same or "none", which is held as 0.
Value BytesOrNone(std::size_t& bytes, std::size_t min, std::size_t max);
/// "auto", or a size that is held in MiB; auto is 0.
Value SizeOrAuto(std::size_t& mib, std::size_t max_mib);
/// A sampling rate, or "announced", which is held as nothing.
Value RateOrAnnounced(std::optional<std::uint32_t>& rate);
/// A number of at least 1, or a word that is held as 0.
Value WholeOr(std::uint32_t& number, std::uint32_t max, std::string word);
Value NetworkPrefix(Prefix& target);
Value OwnAddress(Address& target);
Value ListenOn(http::ListenAddress& target);

std::string AllowedRange(std::uint64_t min, std::uint64_t max);
std::string AssignWhole(std::string_view text, std::uint64_t min, std::uint64_t max, std::uint64_t& value);

template <std::unsigned_integral T>
Value Whole(T& target, T min, T max) {
  return {AllowedRange(min, max),
          [&target, min, max](std::string_view text) {
            std::uint64_t value = target;
            std::string wrong = AssignWhole(text, min, max, value);
            target = static_cast<T>(value);
            return wrong;
          },
          [&target] { return std::to_string(target); }};
}

std::string AllowedNames(const std::vector<std::string_view>& names);

/// One of a few names.
template <typename Enum>
Value OneOf(Enum& target, std::vector<std::pair<std::string_view, Enum>> names) {
  std::vector<std::string_view> only_names;
  for (const auto& [name, value] : names) only_names.push_back(name);
  return {AllowedNames(only_names),
          [&target, names](std::string_view text) -> std::string {
            for (const auto& [name, value] : names) {
              if (name != text) continue;
              target = value;
              return {};
            }
            return Quote(text) + " is not one of them";
          },
          [&target, names] {
            for (const auto& [name, value] : names) {
              if (value == target) return std::string(name);
            }
            return std::string();
          }};
}

/// `bind` makes the Value of one item: [](T& item) { return Whole(item, …); }.
template <typename T, typename Bind>
ValueList ListOf(std::vector<T>& items, Bind bind) {
  T example{};
  return {"a list; each item " + bind(example).allowed, [&items] { items.clear(); },
          [&items, bind] { return bind(items.emplace_back()); },
          [&items, bind] {
            std::vector<std::string> written;
            for (T& item : items) written.push_back(bind(item).write());
            return written;
          }};
}

}  // namespace hostscope::app
