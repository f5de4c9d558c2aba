#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hostscope::http {

/// `bytes` as one gzip member (RFC 1952), without time and name, so that it is the same each time. `level` is
/// zlib's, 1 to 9. Nothing where memory is short.
std::optional<std::string> Gzip(std::string_view bytes, int level);

}  // namespace hostscope::http
