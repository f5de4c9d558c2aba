#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/http/message.h"

namespace hostscope::http {

/// A request target (RFC 9112 section 3.2), taken apart.
struct Target {
  std::vector<std::string> segments;  ///< of the path, decoded; "/" has none, "/a/" has "a" and ""
  std::vector<NamedText> query;       ///< name=value pairs, decoded, '+' as a blank
};

/// Of a target in origin or absolute form. Nothing where it has another form, a percent sign that no two hex
/// digits follow, a control character (also an encoded one), or a segment "." or "..".
std::optional<Target> ParseTarget(std::string_view target);

}  // namespace hostscope::http
