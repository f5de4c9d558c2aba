#include "ipfix/accounting.h"

namespace hostscope::ipfix {
namespace {

template <typename Enum, std::size_t kSize>
const CounterName& Look(const std::array<CounterName, kSize>& names, Enum which) noexcept {
  static_assert(kSize == static_cast<std::size_t>(Enum::kCount), "a name for each value");
  return names[static_cast<std::size_t>(which)];
}

constexpr std::array kDatagramOutcomes{
    CounterName{"decoded",
                "Datagrams whose header was accepted and whose sets were all read or skipped with a reason."},
    CounterName{"too_short", "Datagrams shorter than the header of their version."},
    CounterName{"unknown_version", "Datagrams that are neither NetFlow v5, NetFlow v9 nor IPFIX."},
    CounterName{"bad_length", "IPFIX messages whose Length is under 16 or beyond the datagram."},
    CounterName{"bad_count", "NetFlow v5 datagrams whose record count is 0, over 30 or beyond the datagram."},
    CounterName{"malformed", "Datagrams whose first set was already broken."},
    CounterName{"exporter_refused", "Datagrams of exporters that the configuration does not list."},
    CounterName{"exporter_table_full", "Datagrams of new exporters beyond the configured number."},
    CounterName{"address_full",
                "Datagrams of new source ports or observation domains of an address that has as many as are "
                "configured."},
    CounterName{"rate_limited", "Datagrams beyond the rate that is configured for their exporter."},
};

constexpr std::array kRecordSkips{
    CounterName{"no_addresses", "Flow records that carry no source and destination address."},
    CounterName{"nat_event", "Flow records that report an address translation, not traffic."},
    CounterName{"nsel_event", "Firewall events (ASA NSEL) without traffic of their own."},
    CounterName{"direction", "Flow records of the flowDirection that is not counted for their exporter."},
    CounterName{"malformed", "Flow records with a field that runs beyond its set."},
    CounterName{"unmonitored", "Flow records with neither address in a monitored network."},
};

constexpr std::array kSetSkips{
    CounterName{"unknown_template", "Data sets whose template was not received, or not in time."},
    CounterName{"bad_length", "Sets whose length is under 4 or beyond their message."},
    CounterName{"reserved_id", "Sets with an id that the standard reserves."},
    CounterName{"bad_template", "Template sets that end within a template or describe none."},
    CounterName{"refused_template", "Data sets whose template took another shape, which was refused."},
};

constexpr std::array kEarlySets{
    CounterName{"met", "Data sets that came before their template."},
    CounterName{"read", "Of these, those that were read when it came."},
    CounterName{"expired", "Of these, those whose template did not come in time."},
    CounterName{"no_room", "Of these, those that had to give way."},
};

constexpr std::array kTemplateEvents{
    CounterName{"learned", "Templates that were new or differed from the one before."},
    CounterName{"refreshed", "Templates that repeated what was known."},
    CounterName{"withdrawn", "Template withdrawals, which are ignored over UDP."},
    CounterName{"refused", "Templates that were not taken; templates_refused says why."},
    CounterName{"expired", "Templates dropped because they were not refreshed in time."},
    CounterName{"recalled", "Templates that were known from before a restart."},
    CounterName{"stale", "Of these, those dropped because data did not fit them."},
};

constexpr std::array kTemplateRefusals{
    CounterName{"malformed", "Templates that end within themselves or have a reserved id."},
    CounterName{"unusable", "Templates whose records would be empty, or longer than a datagram."},
    CounterName{"too_many_fields", "Templates with more fields than are configured."},
    CounterName{"exporter_full", "New templates of an exporter that has as many as are configured."},
    CounterName{"exporter_bytes",
                "Templates of an exporter that has as many bytes of them as are configured."},
    CounterName{"table_full", "New templates while there are as many as are configured."},
    CounterName{"table_bytes", "Templates while there are as many bytes of them as are configured."},
    CounterName{"unstable", "Templates that took another shape more often than is configured."},
};

}  // namespace

const CounterName& NameOf(DatagramOutcome outcome) noexcept {
  return Look(kDatagramOutcomes, outcome);
}
const CounterName& NameOf(RecordSkip reason) noexcept {
  return Look(kRecordSkips, reason);
}
const CounterName& NameOf(SetSkip reason) noexcept {
  return Look(kSetSkips, reason);
}
const CounterName& NameOf(EarlySet event) noexcept {
  return Look(kEarlySets, event);
}
const CounterName& NameOf(TemplateEvent event) noexcept {
  return Look(kTemplateEvents, event);
}
const CounterName& NameOf(TemplateRefusal reason) noexcept {
  return Look(kTemplateRefusals, reason);
}

}  // namespace hostscope::ipfix
