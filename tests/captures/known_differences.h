#pragma once

#include <cstdint>
#include <string_view>

namespace hostscope {

/// A capture of which our reading differs from the independent decoders', and why, from the bytes and the
/// standard. Nothing in the decoder knows of any of these.
struct KnownDifference {
  std::string_view capture;
  std::string_view reason;
  /// What we make of it instead, summed over all source addresses; worked out by hand from the bytes.
  std::uint64_t hosts = 0;
  std::uint64_t flows = 0;
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
};

inline constexpr KnownDifference kKnownDifferences[] = {
    {"ipfix-datalink-frame",
     "The record has no address fields but a dataLinkFrameSection (element 315) with Ethernet, 802.1Q, IPv4 "
     "and UDP "
     "headers, total length 96. The other decoders don't look inside.",
     1, 1, 1, 96},
    {"ipfix-juniper-cpid", "As above, with an IPv6 packet of 64 + 40 bytes in the dataLinkFrameSection.", 1,
     1, 1, 104},
    {"ipfix-yaf",
     "Both records are biflows (RFC 5103) with reverse packets: two flow records each. The other decoders "
     "count the "
     "forward direction only.",
     3, 4, 10, 596},
    {"v5-invalid-01",
     "The header announces 55,582 records in a datagram that holds 30, and a v5 datagram has at most 30: the "
     "header "
     "contradicts the bytes, so none of them is believed.",
     0, 0, 0, 0},
    {"v9-h3c",
     "The template gives two fields the length 0xFFFF, which H3C means as IPFIX does: a length byte before "
     "the value. "
     "Read so, the data set's 16 records fill it exactly, and so does the second of the other decoders.",
     10, 16, 6113, 8729687},
    {"v9-invalid-01",
     "The header's count is 2 where the datagram has two templates, an options template and their data. The "
     "count is "
     "advisory (RFC 3954 section 5.1 counts records, exporters count anything); the sets' own lengths are "
     "consistent.",
     2, 2, 2, 194},
};

}  // namespace hostscope
