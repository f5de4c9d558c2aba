#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "ipfix/settings.h"
#include "tests/ipfix/message_builder.h"

/// The exporters that fuzzing plays. Between them every setting of an exporter is on somewhere, and two
/// differ in the port alone, since sampling rates hold for an address whatever the port.
namespace hostscope::fuzz {

struct Sender {
  Address address;
  std::uint16_t port;
};

inline constexpr std::size_t kSenders = 8;
inline constexpr std::size_t kRefusedSender = 7;  // in no rule of SettingsOfSenders()

inline const std::array<Sender, kSenders>& Senders() {
  using ipfix::test::AddressOf;
  static const std::array<Sender, kSenders> kAll{{{AddressOf("192.0.2.1"), 2055},
                                                  {AddressOf("192.0.2.1"), 2056},
                                                  {AddressOf("192.0.2.2"), 2055},
                                                  {AddressOf("192.0.2.3"), 2055},
                                                  {AddressOf("192.0.2.4"), 2055},
                                                  {AddressOf("2001:db8::1"), 4739},
                                                  {AddressOf("192.0.2.5"), 2055},
                                                  {AddressOf("198.51.100.1"), 2055}}};
  return kAll;
}

/// Nothing expires, templates change as often as they like, and the caps are the defaults.
inline ipfix::Settings SettingsOfSenders() {
  using ipfix::ExporterSettings;
  ipfix::Settings settings;
  settings.only_listed_exporters = true;
  settings.template_lifetime_ns = 0;
  settings.exporter_lifetime_ns = 0;
  settings.max_template_changes = 0;
  const auto add = [&](std::size_t sender, const ExporterSettings& exporter) {
    settings.exporters.push_back({{Senders()[sender].address, 128}, exporter});
  };
  settings.exporters.push_back({Prefix::Ipv4(Senders()[0].address.ipv4_bits(), 24), {}});
  settings.exporters.push_back({Prefix::Ipv6(Senders()[5].address, 64), {}});
  add(2, {.post_counters_are_reverse = true,
          .direction = ExporterSettings::Direction::kEgress,
          .nsel = ExporterSettings::Nsel::kUpdates});
  add(3, {.sampling_rate = 100,
          .direction = ExporterSettings::Direction::kIngress,
          .nsel = ExporterSettings::Nsel::kTeardowns,
          .uptime_in_seconds = true});
  add(4, {.apply_sampling = false, .v5_sampling_uses_16_bits = true});
  add(6, {.v5_sampling_uses_16_bits = true, .post_counters_are_reverse = true});
  return settings;
}

}  // namespace hostscope::fuzz
