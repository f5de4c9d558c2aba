#pragma once

#include <string_view>

/// What request headers ask for (RFC 9110). Texts that break the grammar ask for nothing.
namespace hostscope::http {

/// Whether Accept-Encoding allows gzip: named, or by '*', with a weight above 0 (section 12.5.3).
bool AcceptsGzip(std::string_view accept_encoding) noexcept;

/// Whether If-None-Match names `etag`, or is '*' (section 13.1.2). Compares weakly, as is right for GET.
bool NamesEtag(std::string_view if_none_match, std::string_view etag) noexcept;

/// Whether a content type is worth compressing: text, JSON, JavaScript, SVG, and the like.
bool IsCompressible(std::string_view content_type) noexcept;

/// The host in a Host header or an origin's authority, without port: "[::1]:8080" gives "[::1]".
std::string_view HostIn(std::string_view authority) noexcept;

bool EqualsInAnyCase(std::string_view a, std::string_view b) noexcept;

}  // namespace hostscope::http
