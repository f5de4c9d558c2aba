#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

/// How things are called in the cluster. A sink's data streams are PREFIX-hosts-LENGTH,
/// PREFIX-networks-LENGTH, PREFIX-windows-LENGTH and PREFIX-events-LENGTH; what says how they are made and
/// kept is PREFIX-LENGTH.
namespace hostscope::exporter {

/// In the largest unit that holds it without a fraction: 10s, 5m, 1500ms.
std::string LengthName(std::int64_t length_ns);

/// What is wrong with the prefix, or an empty string.
std::string CheckStreamPrefix(std::string_view prefix);

enum class ElasticStream : std::uint8_t { kHosts, kNetworks, kWindows, kEvents };
inline constexpr std::array kElasticStreams = {ElasticStream::kHosts, ElasticStream::kNetworks,
                                               ElasticStream::kWindows, ElasticStream::kEvents};
std::string StreamName(std::string_view prefix, ElasticStream stream, std::int64_t length_ns);
/// Of the index template and of the lifecycle policy.
std::string SetupName(std::string_view prefix, std::int64_t length_ns);

}  // namespace hostscope::exporter
