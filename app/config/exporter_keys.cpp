#include "app/config/exporter_keys.h"

#include "app/config/units.h"
#include "exporter/encoding/address_text.h"

namespace hostscope::app {
namespace {

ipfix::ExporterRule ExampleRule() {
  ipfix::ExporterRule rule{*exporter::ParsePrefix("192.0.2.0/24"), {}, "core routers"};
  rule.settings.sampling_rate = 1000;
  return rule;
}

void DescribeExporterSettings(KeyVisitor& visitor, ipfix::ExporterSettings& settings) {
  using Direction = ipfix::ExporterSettings::Direction;
  using Nsel = ipfix::ExporterSettings::Nsel;
  visitor.One({"sampling_rate", "One packet in how many was looked at, or what the exporter announces."},
              RateOrAnnounced(settings.sampling_rate));
  visitor.One({"apply_sampling", "Multiply packets and bytes by that rate."},
              Switch(settings.apply_sampling));
  visitor.One({"v5_16_bit_sampling",
               "NetFlow v5: all 16 bits of the sampling word are the interval (Juniper), not the low 14."},
              Switch(settings.v5_sampling_uses_16_bits));
  visitor.One({"post_counters_are_reverse",
               "Elements 23 and 24 count the reverse direction (some ASA and WLC releases)."},
              Switch(settings.post_counters_are_reverse));
  visitor.One(
      {"direction", "Count only records of one flowDirection, where both are exported."},
      OneOf(settings.direction,
            {{"both", Direction::kBoth}, {"ingress", Direction::kIngress}, {"egress", Direction::kEgress}}));
  visitor.One(
      {"nsel", "Cisco ASA: which events carry the bytes. auto: teardowns, until a first update is seen."},
      OneOf(settings.nsel,
            {{"auto", Nsel::kAuto}, {"updates", Nsel::kUpdates}, {"teardowns", Nsel::kTeardowns}}));
  visitor.One({"uptime_in_seconds", "sysUptime and switched times are in seconds (SonicWall)."},
              Switch(settings.uptime_in_seconds));
  visitor.One({"rate_limit",
               "Datagrams a second that each worker takes of all these exporters together; those beyond are\n"
               "dropped and counted (rate_limited). One exporter is on one worker."},
              WholeOr(settings.rate_limit, 100'000'000, "none"));
  visitor.One({"rate_burst", "How many of them may come at once; auto: a second's worth."},
              WholeOr(settings.rate_burst, 100'000'000, "auto"));
}

}  // namespace

void DescribeExporters(KeyVisitor& visitor, ipfix::Settings& settings) {
  visitor.One({"only_listed", "Decode only exporters that one of the rules matches."},
              Switch(settings.only_listed_exporters));
  visitor.One({"max", "Exporters (address, port, observation domain) that each worker has room for."},
              Whole(settings.max_exporters, std::size_t{1}, std::size_t{1'000'000}));
  visitor.One({"max_per_address",
               "So many of them with one address, which differ in port or domain, so that one address can't\n"
               "use up all of a worker's."},
              Whole(settings.max_exporters_per_address, std::size_t{1}, std::size_t{10'000'000}));
  visitor.One({"lifetime", "An exporter silent for so long gives its place away when all are taken."},
              DurationOrNever(settings.exporter_lifetime_ns, kSecond, 365 * kDay));
  visitor.One({"max_samplers", "Sampling rates by selector, of all exporters of a worker together."},
              Whole(settings.max_samplers, std::size_t{1}, std::size_t{10'000'000}));
  visitor.Section({"defaults", "How records of an exporter are read that no rule matches."},
                  [&](KeyVisitor& inner) { DescribeExporterSettings(inner, settings.default_exporter); });
  // A rule starts from the defaults above, so it says only what differs; visitors go in this order, not the
  // file's.
  const ipfix::ExporterRule initial{{}, settings.default_exporter, {}};
  static const ipfix::ExporterRule kExample = ExampleRule();
  visitor.Sections(
      {"rules",
       "Exporters that differ, by address prefix; the longest that matches counts. Keys are those of\n"
       "`defaults`, from which a rule takes what it does not say."},
      SectionsOf(settings.exporters, initial, kExample, [](KeyVisitor& inner, ipfix::ExporterRule& rule) {
        inner.One({"prefix", "Addresses of the exporters.", true}, NetworkPrefix(rule.prefix));
        inner.One(
            {"name", "What they are called in the accounting; rules may share a name. none: the prefix."},
            TextOrNone(rule.name, "any text"));
        DescribeExporterSettings(inner, rule.settings);
      }));
}

void DescribeTemplates(KeyVisitor& visitor, ipfix::Settings& settings) {
  visitor.One({"max", "Templates of all exporters of a worker together, about 1.5 KiB each."},
              Whole(settings.max_templates, std::size_t{1}, std::size_t{10'000'000}));
  visitor.One({"max_per_exporter", "So that one exporter can't use up all."},
              Whole(settings.max_templates_per_exporter, std::size_t{1}, std::size_t{65'280}));
  visitor.One({"max_bytes", "Of their records, as they are sent and as `state` keeps them."},
              Bytes(settings.max_template_bytes, 64 * 1024, 64 * 1024 * kMiB));
  visitor.One({"max_bytes_per_exporter", "The same of one exporter."},
              Bytes(settings.max_template_bytes_per_exporter, 1024, 64 * 1024 * kMiB));
  visitor.One({"max_fields", "Fields of one template."},
              Whole(settings.max_fields_per_template, std::size_t{1}, std::size_t{16'384}));
  visitor.One(
      {"changes",
       "How often a template may take another shape: so many times at once, and once more for each\n"
       "change_interval. One that changes faster is refused and counted (unstable), and its data are\n"
       "skipped (refused_template), until it is sent when it may change again. none: any number."},
      WholeOr(settings.max_template_changes, 1000, "none"));
  visitor.One({"change_interval", "See there."},
              Duration(settings.template_change_interval_ns, kSecond, kDay));
  visitor.One({"lifetime", "A template that was not sent again for so long is dropped."},
              DurationOrNever(settings.template_lifetime_ns, kSecond, 365 * kDay));
  visitor.Section(
      {"held", "Data that come before their template are held, and counted when it comes."},
      [&](KeyVisitor& inner) {
        inner.One(
            {"size", "Memory of each worker for them; beyond it the oldest go. none: such data are skipped."},
            BytesOrNone(settings.held_bytes, 64 * 1024, 64 * 1024 * kMiB));
        inner.One({"size_per_exporter", "So that one exporter can't use up all of it."},
                  Bytes(settings.held_bytes_per_exporter, 1024, 64 * 1024 * kMiB));
        inner.One(
            {"lifetime", "How long. They count in the window in which they came if it is open, else now."},
            Duration(settings.held_lifetime_ns, kSecond, kHour));
      });
}

}  // namespace hostscope::app
