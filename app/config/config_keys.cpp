#include "app/config/config_keys.h"

namespace hostscope::app {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kSecond = 1000 * kMillisecond;
constexpr std::int64_t kHour = 3600 * kSecond;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::size_t kMiB = std::size_t{1} << 20;
constexpr std::size_t kTiB = std::size_t{1} << 40;

Value Schema(SchemaChoice& schema) {
  return OneOf(schema,
               {{"hostscope", SchemaChoice::kHostscope}, {"stream4flow", SchemaChoice::kStream4flow}});
}
constexpr std::string_view kSchemaHelp =
    "Layout of the records: hostscope, or stream4flow for consumers of the older one.";

void DescribeObserver(KeyVisitor& visitor, Config& config) {
  visitor.One({"name", "Name of this appliance; stands in every record."},
              Text(config.observer_name, "any text"));
}

void DescribePort(KeyVisitor& visitor, PortConfig& port) {
  visitor.One(
      {"device",
       "PCI address (0000:3b:00.0) of a NIC bound to a DPDK driver, or a DPDK virtual device with its\n"
       "arguments (net_af_xdp0,iface=eth1).",
       true},
      Text(port.device, "a PCI address, or a DPDK virtual device with its arguments"));
  visitor.Many(
      {"addresses",
       "Addresses of this port, to which exporters send. It answers ARP, neighbour solicitation and ping.",
       true},
      ListOf(port.addresses, [](InterfaceAddress& address) { return OwnAddress(address); }));
  visitor.Many({"udp_ports", "Destination ports of export datagrams."},
               ListOf(port.udp_ports,
                      [](std::uint16_t& number) { return Whole<std::uint16_t>(number, 1, UINT16_MAX); }));
  visitor.One({"queues", "Receive queues; they are dealt out to the workers."}, Whole(port.queues, 1U, 128U));
  visitor.One(
      {"descriptors", "Receive descriptors of each queue: how many packets wait while a worker is busy."},
      Whole(port.descriptors, 64U, 32768U));
}

void DescribeDpdk(KeyVisitor& visitor, DpdkConfig& dpdk) {
  visitor.One(
      {"hugepages", "auto: use hugepages where there are enough, else do without, which is slower."},
      OneOf(dpdk.hugepages, {{"auto", Hugepages::kAuto}, {"yes", Hugepages::kYes}, {"no", Hugepages::kNo}}));
  visitor.One({"memory", "Memory for packet buffers, of all ports together."},
              Bytes(dpdk.memory_bytes, 64 * kMiB, kTiB));
}

void DescribeWorkers(KeyVisitor& visitor, WorkersConfig& workers) {
  visitor.One({"count", "Threads that receive, decode and count; each has a core of its own."},
              Whole(workers.count, 1U, 128U));
  visitor.Many(
      {"cores", "Cores for the workers, one each. Empty: the first ones that the process may run on."},
      ListOf(workers.cores, [](std::uint32_t& core) { return Whole(core, 0U, 1023U); }));
}

void DescribeMemory(KeyVisitor& visitor, MemoryConfig& memory) {
  visitor.One(
      {"hosts",
       "Hosts that each table has room for, about 335 bytes each. Further hosts of a window go to their\n"
       "network's `other` record."},
      Whole(memory.max_hosts, std::size_t{1000}, std::size_t{1'000'000'000}));
  visitor.One({"sketches", "Memory of each table for distinct counts of more than a few members."},
              Bytes(memory.sketch_bytes, kMiB, kTiB));
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
}

void DescribeExporters(KeyVisitor& visitor, ipfix::Settings& settings) {
  visitor.One({"only_listed", "Decode only exporters that one of the rules matches."},
              Switch(settings.only_listed_exporters));
  visitor.One({"max", "Exporters (address, port, observation domain) tracked at once."},
              Whole(settings.max_exporters, std::size_t{1}, std::size_t{1'000'000}));
  visitor.One({"lifetime", "An exporter silent for so long gives its place away when all are taken."},
              DurationOrNever(settings.exporter_lifetime_ns, kSecond, 365 * kDay));
  visitor.One({"max_samplers", "Sampling rates by selector, of all exporters together."},
              Whole(settings.max_samplers, std::size_t{1}, std::size_t{10'000'000}));
  visitor.Section({"defaults", "How records of an exporter are read that no rule matches."},
                  [&](KeyVisitor& inner) { DescribeExporterSettings(inner, settings.default_exporter); });
  // A rule starts from the defaults above, so it says only what differs; visitors go in this order, not the
  // file's.
  const ipfix::ExporterRule initial{{}, settings.default_exporter};
  visitor.Sections(
      {"rules",
       "Exporters that differ, by address prefix; the longest that matches counts. Keys are those of\n"
       "`defaults`, from which a rule takes what it does not say."},
      SectionsOf(settings.exporters, initial, [](KeyVisitor& inner, ipfix::ExporterRule& rule) {
        inner.One({"prefix", "Addresses of the exporters.", true}, NetworkPrefix(rule.prefix));
        DescribeExporterSettings(inner, rule.settings);
      }));
}

void DescribeTemplates(KeyVisitor& visitor, ipfix::Settings& settings) {
  visitor.One({"max", "Templates of all exporters together, about 1.5 KiB each."},
              Whole(settings.max_templates, std::size_t{1}, std::size_t{10'000'000}));
  visitor.One({"max_per_exporter", "So that one exporter can't use up all."},
              Whole(settings.max_templates_per_exporter, std::size_t{1}, std::size_t{65'280}));
  visitor.One({"max_fields", "Fields of one template."},
              Whole(settings.max_fields_per_template, std::size_t{1}, std::size_t{16'384}));
  visitor.One({"lifetime", "A template that was not sent again for so long is dropped."},
              DurationOrNever(settings.template_lifetime_ns, kSecond, 365 * kDay));
}

void DescribeNdjson(KeyVisitor& visitor, NdjsonConfig& sink) {
  visitor.One({"path", "File to append to; \"-\" is standard output.", true},
              Text(sink.path, "a path, or \"-\""));
  visitor.One({"schema", kSchemaHelp}, Schema(sink.schema));
}

void DescribeKafka(KeyVisitor& visitor, KafkaConfig& sink) {
  visitor.Many({"brokers", "host:port of one or more brokers.", true},
               ListOf(sink.brokers, [](std::string& broker) { return Text(broker, "host:port"); }));
  visitor.Section({"topics", "Where records go."}, [&](KeyVisitor& inner) {
    inner.One({"hosts", "Host records, keyed by the host's address."},
              Text(sink.host_topic, "the name of a topic"));
    inner.One({"windows", "Window records."}, Text(sink.window_topic, "the name of a topic"));
  });
  visitor.One({"schema", kSchemaHelp}, Schema(sink.schema));
  visitor.Names({"properties", "Handed to librdkafka as they are, for TLS, SASL, compression and the like."},
                sink.properties);
}

void DescribeSinks(KeyVisitor& visitor, SinksConfig& sinks) {
  static const NdjsonConfig new_ndjson;
  static const KafkaConfig new_kafka;
  visitor.Sections({"ndjson", "Files of one JSON object a line."},
                   SectionsOf(sinks.ndjson, new_ndjson, DescribeNdjson));
  visitor.Sections({"kafka", "Apache Kafka."}, SectionsOf(sinks.kafka, new_kafka, DescribeKafka));
}

void DescribeLogging(KeyVisitor& visitor, Config& config) {
  visitor.One({"level", "What is logged, on standard error."},
              OneOf(config.log_level, {{"debug", LogLevel::kDebug},
                                       {"info", LogLevel::kInfo},
                                       {"warning", LogLevel::kWarning},
                                       {"error", LogLevel::kError}}));
}

}  // namespace

void DescribeConfig(KeyVisitor& visitor, Config& config) {
  static const PortConfig new_port;
  visitor.Section({"observer", "Who says so."}, [&](KeyVisitor& inner) { DescribeObserver(inner, config); });
  visitor.Many({"windows",
                "Lengths of the windows. The shortest is the base window; every other is a multiple of it."},
               ListOf(config.window_lengths_ns,
                      [](std::int64_t& length) { return Duration(length, 100 * kMillisecond, 31 * kDay); }));
  visitor.Many({"networks", "Monitored networks: addresses in them are hosts. The most specific one counts."},
               ListOf(config.networks, [](Prefix& network) { return NetworkPrefix(network); }));
  visitor.Sections({"ports", "Network ports that export datagrams arrive on."},
                   SectionsOf(config.ports, new_port, DescribePort));
  visitor.Section({"dpdk", "The packet framework."},
                  [&](KeyVisitor& inner) { DescribeDpdk(inner, config.dpdk); });
  visitor.Section({"workers", "Threads on the datagrams' way."},
                  [&](KeyVisitor& inner) { DescribeWorkers(inner, config.workers); });
  visitor.Section({"memory",
                   "Bounds of the host tables. There are three tables for each worker, and two for each\n"
                   "window length; memory is reserved at start and taken as hosts come."},
                  [&](KeyVisitor& inner) { DescribeMemory(inner, config.memory); });
  visitor.Section({"exporters", "Who may send, and how to read what they send."},
                  [&](KeyVisitor& inner) { DescribeExporters(inner, config.decoder); });
  visitor.Section({"templates", "Bounds of what exporters may make us remember."},
                  [&](KeyVisitor& inner) { DescribeTemplates(inner, config.decoder); });
  visitor.Section({"sinks", "Where host records go. With none, to standard output as NDJSON."},
                  [&](KeyVisitor& inner) { DescribeSinks(inner, config.sinks); });
  visitor.Section({"logging", "What the program says of itself."},
                  [&](KeyVisitor& inner) { DescribeLogging(inner, config); });
}

}  // namespace hostscope::app
