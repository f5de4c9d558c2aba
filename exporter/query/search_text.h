#pragma once

#include <optional>
#include <string_view>

#include "ipfix/prefix.h"

namespace hostscope::exporter {

/// What somebody typed to find; at most one of both.
struct SearchTarget {
  std::optional<Address> host;
  std::optional<Prefix> prefix;
};

/// An address; a prefix, also with bits beyond its length, which are dropped: 10.1.2.3/8 is 10.0.0.0/8; or
/// how either begins: "10.1" and "10.1." are 10.1.0.0/16, "2001:db8:" is 2001:db8::/32. Blanks around it are
/// ignored. Nothing where it is none of these.
SearchTarget ReadSearch(std::string_view text);

}  // namespace hostscope::exporter
