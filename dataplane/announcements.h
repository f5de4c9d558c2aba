#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/neighbours.h"
#include "ipfix/address.h"

/// What a station says of its own addresses without being asked. Each function writes one frame, untagged or
/// with the tag of VLAN `vlan` if that is not 0, and returns its length, at most kMaxAnnouncement.
namespace hostscope::dataplane {

inline constexpr std::size_t kMaxAnnouncement = 128;

/// Asks whether another station has `address`: an ARP probe (RFC 5227 section 2.1.1) or a solicitation from
/// the unspecified address (RFC 4862 section 5.4.2).
std::size_t WriteProbe(const MacAddress& mac, const Address& address, std::uint16_t vlan,
                       std::span<std::uint8_t> frame) noexcept;

/// Tells all that `address` is here: an ARP announcement (RFC 5227 section 2.3) or an unsolicited
/// advertisement (RFC 4861 section 7.2.6).
std::size_t WriteAnnouncement(const MacAddress& mac, const Address& address, std::uint16_t vlan,
                              std::span<std::uint8_t> frame) noexcept;

/// Tells switches that the solicited-node group of `address`, which is IPv6, has a listener here: a report of
/// MLDv2 (RFC 3810 section 5.2). Without one, a switch that looks at such reports may keep solicitations
/// away.
std::size_t WriteGroupReport(const MacAddress& mac, const Address& address, std::uint16_t vlan,
                             std::span<std::uint8_t> frame) noexcept;

}  // namespace hostscope::dataplane
