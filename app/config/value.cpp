#include "app/config/value.h"

#include <algorithm>
#include <array>

#include "exporter/encoding/address_text.h"

namespace hostscope::app {
namespace {

constexpr std::array<std::string_view, 3> kTrueWords = {"true", "yes", "on"};
constexpr std::array<std::string_view, 3> kFalseWords = {"false", "no", "off"};

bool IsAmong(std::string_view text, const std::array<std::string_view, 3>& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

}  // namespace

Value Text(std::string& target, std::string what) {
  return {std::move(what),
          [&target](std::string_view text) -> std::string {
            if (text.empty()) return "is empty";
            target = text;
            return {};
          },
          [&target] { return target; }};
}

Value TextOrNone(std::string& target, std::string what) {
  Value text = Text(target, std::move(what));
  return {text.allowed + ", or none",
          [&target, assign = text.assign](std::string_view given) -> std::string {
            if (given != "none") return assign(given);
            target.clear();
            return {};
          },
          [&target] { return target.empty() ? std::string("none") : target; }};
}

Value Switch(bool& target) {
  return {"true or false",
          [&target](std::string_view text) -> std::string {
            const bool is_true = IsAmong(text, kTrueWords);
            if (!is_true && !IsAmong(text, kFalseWords)) return Quote(text) + " is neither";
            target = is_true;
            return {};
          },
          [&target] { return std::string(target ? "true" : "false"); }};
}

Value Duration(std::int64_t& ns, std::int64_t min_ns, std::int64_t max_ns) {
  return {"a duration with its unit, from " + FormatDuration(min_ns) + " to " + FormatDuration(max_ns),
          [&ns, min_ns, max_ns](std::string_view text) -> std::string {
            Parsed<std::int64_t> parsed = ParseDuration(text);
            if (!parsed.value) return parsed.wrong;
            if (*parsed.value < min_ns) return Quote(text) + " is too short";
            if (*parsed.value > max_ns) return Quote(text) + " is too long";
            ns = *parsed.value;
            return {};
          },
          [&ns] { return FormatDuration(ns); }};
}

Value DurationOrNever(std::int64_t& ns, std::int64_t min_ns, std::int64_t max_ns) {
  Value duration = Duration(ns, min_ns, max_ns);
  return {duration.allowed + ", or never",
          [&ns, assign = duration.assign](std::string_view text) -> std::string {
            if (text != "never") return assign(text);
            ns = 0;
            return {};
          },
          [&ns] { return ns == 0 ? std::string("never") : FormatDuration(ns); }};
}

Value Bytes(std::size_t& bytes, std::size_t min, std::size_t max) {
  return {"a size with its unit, from " + FormatBytes(min) + " to " + FormatBytes(max),
          [&bytes, min, max](std::string_view text) -> std::string {
            Parsed<std::uint64_t> parsed = ParseBytes(text);
            if (!parsed.value) return parsed.wrong;
            if (*parsed.value < min) return Quote(text) + " is too small";
            if (*parsed.value > max) return Quote(text) + " is too large";
            bytes = *parsed.value;
            return {};
          },
          [&bytes] { return FormatBytes(bytes); }};
}

Value BytesOrNone(std::size_t& bytes, std::size_t min, std::size_t max) {
  Value some = Bytes(bytes, min, max);
  return {some.allowed + ", or none",
          [&bytes, assign = some.assign](std::string_view text) -> std::string {
            if (text != "none") return assign(text);
            bytes = 0;
            return {};
          },
          [&bytes] { return bytes == 0 ? std::string("none") : FormatBytes(bytes); }};
}

Value RateOrAnnounced(std::optional<std::uint32_t>& rate) {
  constexpr std::uint64_t kMax = UINT32_MAX;
  return {AllowedRange(1, kMax) + ", or announced",
          [&rate](std::string_view text) -> std::string {
            if (text == "announced") {
              rate.reset();
              return {};
            }
            std::uint64_t value = 0;
            std::string wrong = AssignWhole(text, 1, kMax, value);
            if (wrong.empty()) rate = static_cast<std::uint32_t>(value);
            return wrong;
          },
          [&rate] { return rate ? std::to_string(*rate) : std::string("announced"); }};
}

Value WholeOr(std::uint32_t& number, std::uint32_t max, std::string word) {
  return {AllowedRange(1, max) + ", or " + word,
          [&number, max, word](std::string_view text) -> std::string {
            std::uint64_t value = 0;
            if (text != word) {
              if (std::string wrong = AssignWhole(text, 1, max, value); !wrong.empty()) return wrong;
            }
            number = static_cast<std::uint32_t>(value);
            return {};
          },
          [&number, word] { return number == 0 ? word : std::to_string(number); }};
}

Value NetworkPrefix(Prefix& target) {
  return {"an IPv4 or IPv6 prefix such as 10.0.0.0/8 or 2001:db8::/32",
          [&target](std::string_view text) { return AssignParsed(target, ParsePrefix(text)); },
          [&target] { return exporter::ToText(target); }};
}

Value OwnAddress(Address& target) {
  return {"an IPv4 or IPv6 address",
          [&target](std::string_view text) { return AssignParsed(target, ParseAddress(text)); },
          [&target] { return exporter::ToText(target); }};
}

Value ListenOn(http::ListenAddress& target) {
  return {"an address and a port, such as 127.0.0.1:8080 or [::1]:8080; port 0: any that is free",
          [&target](std::string_view text) { return AssignParsed(target, ParseListen(text)); },
          [&target] { return http::ToText(target); }};
}

Value SizeOrAuto(std::size_t& mib, std::size_t max_mib) {
  constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
  return {"a size with its unit, whole MiB up to " + FormatBytes(max_mib * kMiB) + ", or auto",
          [&mib, max_mib](std::string_view text) -> std::string {
            if (text == "auto") {
              mib = 0;
              return {};
            }
            Parsed<std::uint64_t> parsed = ParseBytes(text);
            if (!parsed.value) return parsed.wrong;
            if (*parsed.value % kMiB != 0) return Quote(text) + " is not whole MiB";
            if (*parsed.value == 0) return Quote(text) + " is too small";
            if (*parsed.value / kMiB > max_mib) return Quote(text) + " is too large";
            mib = *parsed.value / kMiB;
            return {};
          },
          [&mib] { return mib == 0 ? std::string("auto") : FormatBytes(mib * kMiB); }};
}

Value MicrosecondsOrNever(std::uint32_t& us, std::uint32_t max_us) {
  constexpr std::int64_t kMicrosecond = 1000;
  return {"a duration with its unit, from 1us to " + FormatDuration(max_us * kMicrosecond) + ", or never",
          [&us, max_us](std::string_view text) -> std::string {
            std::int64_t ns = 0;
            std::string wrong = DurationOrNever(ns, kMicrosecond, max_us * kMicrosecond).assign(text);
            if (wrong.empty()) us = static_cast<std::uint32_t>(ns / kMicrosecond);
            return wrong;
          },
          [&us] { return us == 0 ? std::string("never") : FormatDuration(us * kMicrosecond); }};
}

std::string AllowedRange(std::uint64_t min, std::uint64_t max) {
  return "a whole number from " + std::to_string(min) + " to " + std::to_string(max);
}

std::string AssignWhole(std::string_view text, std::uint64_t min, std::uint64_t max, std::uint64_t& value) {
  Parsed<std::uint64_t> parsed = ParseWhole(text);
  if (!parsed.value) return parsed.wrong;
  if (*parsed.value < min) return std::to_string(*parsed.value) + " is too small";
  if (*parsed.value > max) return std::to_string(*parsed.value) + " is too large";
  value = *parsed.value;
  return {};
}

std::string AllowedNames(const std::vector<std::string_view>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
    text += names[i];
  }
  return text;
}

}  // namespace hostscope::app
