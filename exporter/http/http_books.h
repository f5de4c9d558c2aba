#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ipfix/counter.h"

namespace hostscope::http {

/// Why a client did not get what it asked for. Each happening counts once.
enum class Refusal : std::uint8_t {
  kTooManyConnections,
  kTlsFailed,
  kMalformed,
  kHeaderTooSlow,
  kBodyTooSlow,
  kRequestLineTooLong,
  kHeaderTooLarge,
  kBodyTooLarge,
  kUnknownVersion,
  kUnknownMethod,
  kExpectation,
  kWrongHost,
  kCrossOrigin,
  kUnauthorized,
  kNotFound,
  kMethodNotAllowed,
  kBusy,
  kTooManyStreams,
  kHandlerTooSlow,
  kHandlerFailed,
  kReaderTooSlow,
  kSubscriberTooSlow,
  kCount
};

/// For metrics and documents; `status` is 0 where the connection just ends; `message` goes to the client.
struct RefusalName {
  std::string_view name;  ///< lower_snake_case, stable
  unsigned status = 0;
  std::string_view message;
  std::string_view help;  ///< one sentence
};
const RefusalName& NameOf(Refusal refusal) noexcept;

inline constexpr std::size_t kRefusals = static_cast<std::size_t>(Refusal::kCount);
inline constexpr std::size_t kStatusClasses = 5;  ///< 1xx to 5xx

/// The server's books: written by its own thread, read by any. Connections accepted = closed + open; requests
/// = the sum of the responses by class + those under way or cut short.
struct HttpBooks {
  Counter accepted;
  Counter closed;
  Counter requests;  ///< whose header was read, or was refused
  std::array<Counter, kStatusClasses> responses;
  std::array<Counter, kRefusals> refused;
  Counter sent_bytes;  ///< of responses and events, headers with them, before TLS
  Counter streams_opened;
  Counter streams_closed;

  void Refuse(Refusal refusal) noexcept { refused[static_cast<std::size_t>(refusal)].Add(1); }
  std::uint64_t RefusedFor(Refusal refusal) const noexcept {
    return refused[static_cast<std::size_t>(refusal)].Get();
  }
};

}  // namespace hostscope::http
