#include "exporter/elastic/elastic_names.h"

#include <utility>

namespace hostscope::exporter {
namespace {

constexpr std::int64_t kMicrosecond = 1000;
constexpr std::int64_t kMillisecond = 1000 * kMicrosecond;
constexpr std::int64_t kSecond = 1000 * kMillisecond;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

constexpr std::pair<std::int64_t, const char*> kUnits[] = {
    {kDay, "d"}, {kHour, "h"}, {kMinute, "m"}, {kSecond, "s"}, {kMillisecond, "ms"}, {kMicrosecond, "us"}};

std::string_view KindName(ElasticStream stream) noexcept {
  switch (stream) {
    case ElasticStream::kHosts:
      return "-hosts-";
    case ElasticStream::kNetworks:
      return "-networks-";
    case ElasticStream::kWindows:
      return "-windows-";
    case ElasticStream::kEvents:
      return "-events-";
  }
  return "-";
}

}  // namespace

std::string LengthName(std::int64_t length_ns) {
  for (const auto& [unit, name] : kUnits) {
    if (length_ns % unit == 0) return std::to_string(length_ns / unit) + name;
  }
  return std::to_string(length_ns) + "ns";
}

std::string CheckStreamPrefix(std::string_view prefix) {
  constexpr std::size_t kLongest = 200;
  constexpr std::string_view kFirst = "abcdefghijklmnopqrstuvwxyz0123456789";
  constexpr std::string_view kAll = "abcdefghijklmnopqrstuvwxyz0123456789._-";
  const bool is_good = !prefix.empty() && prefix.size() <= kLongest &&
                       kFirst.find(prefix.front()) != std::string_view::npos &&
                       prefix.find_first_not_of(kAll) == std::string_view::npos;
  return is_good ? "" : "is no name of a data stream";
}

std::string StreamName(std::string_view prefix, ElasticStream stream, std::int64_t length_ns) {
  return std::string(prefix).append(KindName(stream)).append(LengthName(length_ns));
}

std::string SetupName(std::string_view prefix, std::int64_t length_ns) {
  return std::string(prefix).append("-").append(LengthName(length_ns));
}

}  // namespace hostscope::exporter
