#include "exporter/query/parameters.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "exporter/context/attributes.h"
#include "exporter/encoding/address_text.h"
#include "exporter/encoding/json_text.h"

namespace hostscope::exporter {
namespace {

constexpr unsigned kNanosecondDigits = 9;

bool IsDigits(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<std::uint64_t> ParseDigits(std::string_view text) noexcept {
  std::uint64_t value = 0;
  if (!IsDigits(text)) return std::nullopt;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc()) return std::nullopt;
  return value;
}

/// Digits after a point, as nanoseconds.
std::optional<std::int64_t> ParseFraction(std::string_view digits) noexcept {
  if (!IsDigits(digits) || digits.size() > kNanosecondDigits) return std::nullopt;
  std::int64_t ns = 0;
  for (unsigned i = 0; i < kNanosecondDigits; ++i) ns = 10 * ns + (i < digits.size() ? digits[i] - '0' : 0);
  return ns;
}

/// "2026-11-23T21:00:10": each field where it belongs, and its range.
std::optional<std::int64_t> ParseWholeSeconds(std::string_view text) noexcept {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
  if (text.size() != kShape.size()) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == 'd' ? !is_digit : text[i] != kShape[i]) return std::nullopt;
  }
  const auto field = [text](std::size_t at, std::size_t length) {
    return static_cast<unsigned>(*ParseDigits(text.substr(at, length)));
  };
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(field(0, 4))),
                                         std::chrono::month(field(5, 2)), std::chrono::day(field(8, 2))};
  const unsigned hours = field(11, 2);
  const unsigned minutes = field(14, 2);
  const unsigned seconds = field(17, 2);
  if (!date.ok() || hours > 23 || minutes > 59 || seconds > 59) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch();
  return std::chrono::seconds(days).count() + hours * 3600 + minutes * 60 + seconds;
}

// The last year whose nanoseconds fit 64 bits is 2262.
constexpr std::int64_t kLastSecond = 9'214'646'400;

}  // namespace

std::optional<ReceiveTime> ParseTime(std::string_view text) noexcept {
  if (const auto ms = ParseDigits(text)) {
    if (*ms > static_cast<std::uint64_t>(kLastSecond) * 1000) return std::nullopt;
    return ReceiveTime{static_cast<std::int64_t>(*ms) * kNanosecondsPerMillisecond};
  }
  if (text.empty() || text.back() != 'Z') return std::nullopt;
  text.remove_suffix(1);
  const std::size_t point = text.find('.');
  const auto seconds = ParseWholeSeconds(text.substr(0, point));
  if (!seconds || *seconds < 0 || *seconds > kLastSecond) return std::nullopt;
  std::int64_t ns = 0;
  if (point != std::string_view::npos) {
    const auto fraction = ParseFraction(text.substr(point + 1));
    if (!fraction) return std::nullopt;
    ns = *fraction;
  }
  return ReceiveTime{*seconds * kNanosecondsPerSecond + ns};
}

std::optional<std::int64_t> ParseSeconds(std::string_view text) noexcept {
  constexpr std::uint64_t kYear = 366 * 86'400;
  const std::size_t point = text.find('.');
  const auto whole = ParseDigits(text.substr(0, point));
  if (!whole || *whole >= kYear) return std::nullopt;
  std::int64_t ns = static_cast<std::int64_t>(*whole) * kNanosecondsPerSecond;
  if (point != std::string_view::npos) {
    const auto fraction = ParseFraction(text.substr(point + 1));
    if (!fraction) return std::nullopt;
    ns += *fraction;
  }
  return ns > 0 ? std::optional(ns) : std::nullopt;
}

std::string TimeText(ReceiveTime time) {
  std::string text(kTimeText, '\0');
  FormatTime(time, text.data());
  return text;
}

const std::string* Parameters::Find(std::string_view name) const {
  for (const auto& [known, value] : list_) {
    if (known == name) return &value;
  }
  return nullptr;
}

void Parameters::Refuse(std::string_view name, const std::string& allowed) const {
  const std::string* value = Find(name);
  std::string message(name);
  message += value == nullptr ? " is missing" : "=" + *value + " can't be read";
  throw QueryError(QueryFault::kWrongRequest, message + "; it is " + allowed);
}

void Parameters::CheckNames(std::initializer_list<std::string_view> known) const {
  for (std::size_t i = 0; i < list_.size(); ++i) {
    const std::string& name = list_[i].first;
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      std::string allowed;
      for (const std::string_view each : known) (allowed += allowed.empty() ? "" : ", ") += each;
      throw QueryError(QueryFault::kWrongRequest,
                       "there is no parameter " + name + " here; there are: " + allowed);
    }
    for (std::size_t k = 0; k < i; ++k) {
      if (list_[k].first == name) throw QueryError(QueryFault::kWrongRequest, name + " is there twice");
    }
  }
}

const std::string& Parameters::Text(std::string_view name) const {
  const std::string* value = Find(name);
  if (value == nullptr || value->empty()) Refuse(name, "required");
  return *value;
}

std::uint64_t Parameters::Number(std::string_view name, std::uint64_t otherwise, std::uint64_t max) const {
  const std::string* text = Find(name);
  if (text == nullptr) return otherwise;
  const auto value = ParseDigits(*text);
  if (!value || *value > max) Refuse(name, "a number from 0 to " + std::to_string(max));
  return *value;
}

std::optional<ReceiveTime> Parameters::Time(std::string_view name) const {
  const std::string* text = Find(name);
  if (text == nullptr) return std::nullopt;
  const auto time = ParseTime(*text);
  if (!time) Refuse(name, "a time, 2026-11-23T21:00:10Z or milliseconds since 1970");
  return time;
}

std::int64_t Parameters::Length() const {
  const auto length = ParseSeconds(Find("seconds") == nullptr ? "" : *Find("seconds"));
  if (!length) Refuse("seconds", "the length of windows, 10 or 0.5");
  return *length;
}

aggregator::Role Parameters::Role() const {
  const std::string* text = Find("role");
  if (text == nullptr || *text == "sent") return aggregator::Role::kSent;
  if (*text != "received") Refuse("role", "sent or received");
  return aggregator::Role::kReceived;
}

std::optional<aggregator::DeviationKind> Parameters::Kind() const {
  const std::string* const text = Find("kind");
  if (text == nullptr) return std::nullopt;
  std::string names;
  for (std::size_t i = 0; i < aggregator::kDeviationKinds; ++i) {
    const auto kind = static_cast<aggregator::DeviationKind>(i);
    if (NameOf(kind) == *text) return kind;
    names.append(i == 0 ? "" : ", ").append(NameOf(kind));
  }
  Refuse("kind", "one of " + names);
}

std::size_t Parameters::Choice(std::string_view name, std::initializer_list<std::string_view> allowed) const {
  const std::string* const text = Find(name);
  if (text == nullptr) return 0;
  const auto* const found = std::find(allowed.begin(), allowed.end(), *text);
  if (found != allowed.end()) return static_cast<std::size_t>(found - allowed.begin());
  std::string names;
  for (const std::string_view each : allowed) (names += names.empty() ? "" : " or ") += each;
  Refuse(name, names);
}

Metric Parameters::MetricBy(std::string_view name, Metric otherwise) const {
  const std::string* text = Find(name);
  if (text == nullptr) return otherwise;
  const auto metric = MetricOf(*text);
  if (metric) return *metric;
  std::string allowed = "one of";
  for (const MetricName& known : kMetricNames) (allowed += ' ') += known.name;
  Refuse(name, allowed);
}

std::vector<Metric> Parameters::Metrics() const {
  const std::string* text = Find("metrics");
  if (text == nullptr) return {Metric::kFlows};
  std::vector<Metric> metrics;
  for (std::size_t at = 0; at <= text->size();) {
    const std::size_t comma = std::min(text->find(',', at), text->size());
    const auto metric = MetricOf(std::string_view(*text).substr(at, comma - at));
    if (!metric) {
      std::string allowed = "some of these, with commas between:";
      for (const MetricName& known : kMetricNames) (allowed += ' ') += known.name;
      Refuse("metrics", allowed);
    }
    if (std::find(metrics.begin(), metrics.end(), *metric) == metrics.end()) metrics.push_back(*metric);
    at = comma + 1;
  }
  return metrics;
}

std::vector<std::string> Parameters::Attributes() const {
  const std::string* text = Find("attributes");
  std::vector<std::string> names;
  if (text == nullptr) return names;
  for (std::size_t at = 0; at <= text->size();) {
    const std::size_t comma = std::min(text->find(',', at), text->size());
    std::string name = text->substr(at, comma - at);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
    if (!context::IsAttributeName(names.back()) || names.size() > kMaxAttributes)
      Refuse("attributes",
             "up to " + std::to_string(kMaxAttributes) + " names of attributes, with commas between");
    at = comma + 1;
  }
  return names;
}

std::optional<Prefix> Parameters::PrefixIn(std::string_view name) const {
  const std::string* text = Find(name);
  if (text == nullptr) return std::nullopt;
  const auto prefix = ParsePrefix(*text);
  if (!prefix) Refuse(name, "a prefix without bits beyond its length, 10.0.0.0/8 or 2001:db8::/32");
  return prefix;
}

std::optional<Address> Parameters::Host() const {
  const std::string* text = Find("host");
  if (text == nullptr) return std::nullopt;
  const auto address = ParseAddress(*text);
  if (!address) Refuse("host", "an address");
  return address;
}

}  // namespace hostscope::exporter
