#include "app/config/config_keys.h"

#include "app/config/context_keys.h"
#include "app/config/elastic_keys.h"
#include "exporter/encoding/address_text.h"

namespace hostscope::app {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kSecond = 1000 * kMillisecond;
constexpr std::int64_t kHour = 3600 * kSecond;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::size_t kMiB = std::size_t{1} << 20;
constexpr std::size_t kTiB = std::size_t{1} << 40;

Value Schema(exporter::Schema& schema) {
  return OneOf(
      schema, {{"hostscope", exporter::Schema::kHostscope}, {"stream4flow", exporter::Schema::kStream4Flow}});
}
constexpr std::string_view kSchemaHelp =
    "Layout of the records: hostscope, or stream4flow for consumers of the older one.";

constexpr std::string_view kSketchesHelp =
    "Add the sketches behind peers, src_ports and dst_ports, so that others can unite them. Apache\n"
    "DataSketches reads them; up to 33 KiB more for a host.";

// Items of lists that are empty by default, as they are shown: nobody's addresses (RFC 5737, RFC 3849) and
// the values that are most often changed.
dataplane::PortConfig ExamplePort() {
  dataplane::PortConfig port;
  port.device = "0000:3b:00.0";
  port.addresses = {*exporter::ParseAddress("192.0.2.10"), *exporter::ParseAddress("2001:db8::10")};
  return port;
}
ipfix::ExporterRule ExampleRule() {
  ipfix::ExporterRule rule{*exporter::ParsePrefix("192.0.2.0/24"), {}, "core routers"};
  rule.settings.sampling_rate = 1000;
  return rule;
}
NdjsonConfig ExampleNdjson() {
  return {"/var/lib/hostscope/hosts.ndjson"};
}
KafkaConfig ExampleKafka() {
  KafkaConfig sink;
  sink.brokers = {"kafka1.example.net:9092", "kafka2.example.net:9092"};
  return sink;
}

void DescribeObserver(KeyVisitor& visitor, Config& config) {
  visitor.One({"name", "Name of this appliance; stands in every record."},
              Text(config.observer_name, "any text"));
}

void DescribePort(KeyVisitor& visitor, dataplane::PortConfig& port) {
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
      ListOf(port.addresses, [](Address& address) { return OwnAddress(address); }));
  visitor.Many(
      {"vlans",
       "VLANs that these addresses are in, by the outermost tag; 0: untagged frames. Empty: any. "
       "Answers\nhave the tags of what they answer."},
      ListOf(port.vlans, [](std::uint16_t& number) { return Whole<std::uint16_t>(number, 0, 4094); }));
  visitor.Many({"udp_ports", "Destination ports of export datagrams."},
               ListOf(port.collector_ports,
                      [](std::uint16_t& number) { return Whole<std::uint16_t>(number, 1, UINT16_MAX); }));
  visitor.One({"queues", "Receive queues; they are dealt out to the workers."},
              Whole<std::uint16_t>(port.queues, 1, 128));
  visitor.One({"rx_descriptors",
               "How many packets a queue holds while its worker is busy; 0: 2048, or what the device has "
               "nearest."},
              Whole<std::uint16_t>(port.rx_descriptors, 0, 32768));
  visitor.One({"buffers", "Packet buffers of each queue; 0: enough for its descriptors."},
              Whole<std::uint32_t>(port.buffers, 0, 16'777'216));
  visitor.One({"mtu",
               "Largest IP packet. Buffers have room for it, and the device is set to it; an interface that "
               "the kernel\nshares (net_af_xdp, net_af_packet) keeps its own."},
              Whole<std::uint16_t>(port.mtu, 1280, 9600));
  visitor.One({"promiscuous", "Also take frames that the NIC's address filter would refuse."},
              Switch(port.promiscuous));
  visitor.One({"verify_udp_checksum", "Drop datagrams with a wrong UDP checksum."},
              Switch(port.verify_udp_checksum));
}

void DescribeDpdk(KeyVisitor& visitor, dataplane::EalConfig& eal) {
  using dataplane::Hugepages;
  visitor.One(
      {"hugepages",
       "auto: use hugepages where there are enough, else do without, which is slower; yes: fail without."},
      OneOf(eal.hugepages,
            {{"auto", Hugepages::kAuto}, {"yes", Hugepages::kRequire}, {"no", Hugepages::kNever}}));
  visitor.One({"memory", "Memory for packet buffers, of all ports together; auto: what the ports need."},
              SizeOrAuto(eal.memory_mib, 1'048'576));
  visitor.One({"telemetry",
               "Answer on DPDK's telemetry socket, /run/dpdk/rte/dpdk_telemetry.v2, also /hostscope/stats,\n"
               "/hostscope/ports, /hostscope/workers and /hostscope/exporters."},
              Switch(eal.telemetry));
  visitor.Many({"arguments", "Further arguments of DPDK's EAL."},
               ListOf(eal.arguments, [](std::string& argument) { return Text(argument, "any text"); }));
}

void DescribeCores(KeyVisitor& visitor, dataplane::DataplaneConfig& config) {
  const auto core = [](unsigned& number) { return Whole(number, 0U, 1023U); };
  visitor.Many(
      {"workers",
       "Cores that each run one worker, which receives, decodes and counts. Empty: all that the program\n"
       "may use but the first."},
      ListOf(config.worker_cpus, core));
  visitor.One(
      {"spread",
       "auto: when a receive queue has more than its worker can do, the others help, so that one large "
       "exporter\n"
       "uses all workers; never: a worker reads only its own queues, and there are no more workers than "
       "queues."},
      OneOf(config.spread, {{"auto", dataplane::Spread::kAuto}, {"never", dataplane::Spread::kNever}}));
  visitor.Many({"others", "Cores of all other threads. Empty: those that no worker has."},
               ListOf(config.control_cpus, core));
  visitor.One(
      {"idle_sleep",
       "How long a worker sleeps that finds its queues empty. never: it keeps its core busy, as suits a\n"
       "machine of its own; otherwise a burst waits that long in the receive queue."},
      MicrosecondsOrNever(config.idle_sleep_us, 100'000));
}

void DescribeFragments(KeyVisitor& visitor, dataplane::FragmentConfig& fragments) {
  visitor.One({"max",
               "Fragments that wait for the rest of their datagram, about 2.3 KiB each. Beyond it the oldest "
               "give way\nto newer ones."},
              Whole(fragments.max_held, std::size_t{64}, std::size_t{1'048'576}));
  visitor.One({"timeout", "How long they wait: whole seconds, and up to one more."},
              Duration(fragments.timeout_ns, kSecond, 120 * kSecond));
}

void DescribeMemory(KeyVisitor& visitor, MemoryConfig& memory) {
  visitor.One({"hosts",
               "Hosts that each table has room for, about 271 bytes each, more where a host is busy. Further "
               "hosts of a\n"
               "window go to their network's `other` record."},
              Whole(memory.max_hosts, std::size_t{1000}, std::size_t{1'000'000'000}));
  visitor.One({"sketches", "Memory of each table for distinct counts of more than a few members."},
              Bytes(memory.sketch_bytes, kMiB, kTiB));
}

void DescribeNetworkRecords(KeyVisitor& visitor, NetworkRecordsConfig& networks) {
  const auto level = [](std::uint8_t longest) {
    return [longest](std::uint8_t& length) { return Whole<std::uint8_t>(length, 1, longest); };
  };
  visitor.One({"enabled", "Write them to every sink whose schema has them."}, Switch(networks.is_enabled));
  visitor.Many(
      {"ipv4",
       "Lengths of IPv4 prefixes within the monitored networks that have a record of their own too;\n"
       "those that are longer than the network. Empty: only the networks themselves."},
      ListOf(networks.levels.ipv4, level(31)));
  visitor.Many({"ipv6", "The same for IPv6."}, ListOf(networks.levels.ipv6, level(127)));
}

void DescribeTop(KeyVisitor& visitor, aggregator::TopOptions& top) {
  const auto length = [](std::size_t& n) { return Whole(n, std::size_t{0}, aggregator::TopOptions::kMax); };
  visitor.One({"peers",
               "Length of `top_peers`. Memory of each table, for each host: 256 bytes up to 5, 640 up to 16, "
               "1024 up\n"
               "to 26, 1408 up to 32; and again up to 192, 576, 960, 1344 where peers are IPv6."},
              length(top.peers));
  visitor.One({"dst_ports",
               "Length of `top_dst_ports`. Memory of each table, for each host: 384 bytes up to 10, 1024 up\n"
               "to 32."},
              length(top.dst_ports));
  visitor.One({"by", "What they are ranked by: flows, or bytes."},
              OneOf(top.by, {{"flows", aggregator::TopBy::kFlows}, {"bytes", aggregator::TopBy::kBytes}}));
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

void DescribeNdjson(KeyVisitor& visitor, NdjsonConfig& sink) {
  visitor.One({"path", "File to append to; \"-\" is standard output.", true},
              Text(sink.path, "a path, or \"-\""));
  visitor.One({"schema", kSchemaHelp}, Schema(sink.schema));
  visitor.One({"sketches", kSketchesHelp}, Switch(sink.sketches));
}

constexpr std::string_view kCompressionHelp = "Of batches: none, gzip, snappy, lz4 or zstd.";
constexpr const char* kCompressions = "none, gzip, snappy, lz4 or zstd";

void DescribeKafkaClient(KeyVisitor& visitor, exporter::KafkaOptions& options) {
  visitor.Names(
      {"properties",
       "Handed to librdkafka as they are, for TLS (security.protocol: ssl, ssl.ca.location) and SASL\n"
       "(sasl.mechanisms: SCRAM-SHA-512, sasl.username), for example."},
      options.properties);
  visitor.Names(
      {"secrets",
       "Properties that no one should read here, such as sasl.password: the file that has the value. A\n"
       "name without \"/\" is of $CREDENTIALS_DIRECTORY, where systemd's LoadCredential= puts it."},
      options.secrets);
}

void DescribeKafka(KeyVisitor& visitor, KafkaConfig& sink) {
  visitor.Many({"brokers", "host:port of one or more brokers.", true},
               ListOf(sink.brokers, [](std::string& broker) { return Text(broker, "host:port"); }));
  visitor.Section({"topics", "Where records go."}, [&](KeyVisitor& inner) {
    inner.One({"hosts", "Host records, keyed by the host's address."},
              Text(sink.options.hosts_topic, "the name of a topic"));
    inner.One({"networks", "Network records, keyed by their prefix."},
              Text(sink.options.networks_topic, "the name of a topic"));
    inner.One({"events", "Anomaly records, keyed by the host's address."},
              Text(sink.options.events_topic, "the name of a topic"));
    inner.One({"windows", "Window records."}, Text(sink.options.windows_topic, "the name of a topic"));
  });
  visitor.One({"compression", kCompressionHelp}, Text(sink.options.compression, kCompressions));
  visitor.One({"schema", kSchemaHelp}, Schema(sink.options.schema));
  visitor.One({"format", "json, or protobuf, which is a fifth as long; see exporter/encoding/hostscope.proto."},
              OneOf(sink.options.format, {{"json", exporter::RecordFormat::kJson},
                                          {"protobuf", exporter::RecordFormat::kProtobuf}}));
  visitor.One({"sketches", kSketchesHelp}, Switch(sink.options.sketches));
  visitor.One({"headers",
               "Say in each message's headers what it is: schema, observer, window_start, window_seconds,\n"
               "record_id."},
              Switch(sink.options.headers));
  DescribeKafkaClient(visitor, sink.options);
}

void DescribeRawFlows(KeyVisitor& visitor, RawFlowsConfig& flows) {
  visitor.Many({"brokers", "host:port of one or more brokers. Empty: no flow records are sent."},
               ListOf(flows.brokers, [](std::string& broker) { return Text(broker, "host:port"); }));
  visitor.One({"topic", "Where they go."}, Text(flows.options.topic, "the name of a topic"));
  visitor.One({"compression", kCompressionHelp}, Text(flows.options.kafka.compression, kCompressions));
  visitor.One(
      {"queue",
       "Flow records of each worker that may wait, 80 bytes each. Those that find no room are dropped,\n"
       "and counted."},
      Whole(flows.options.queue_records, std::size_t{1024}, std::size_t{16'777'216}));
  DescribeKafkaClient(visitor, flows.options.kafka);
}

void DescribeSinks(KeyVisitor& visitor, SinksConfig& sinks) {
  static const NdjsonConfig kNewNdjson;
  static const KafkaConfig kNewKafka;
  static const NdjsonConfig kExampleNdjson = ExampleNdjson();
  static const KafkaConfig kExampleKafka = ExampleKafka();
  static const ElasticConfig kNewElastic;
  static const ElasticConfig kExampleElastic = ExampleElastic();
  visitor.Sections({"ndjson", "Files of one JSON object a line."},
                   SectionsOf(sinks.ndjson, kNewNdjson, kExampleNdjson, DescribeNdjson));
  visitor.Sections({"kafka", "Apache Kafka."},
                   SectionsOf(sinks.kafka, kNewKafka, kExampleKafka, DescribeKafka));
  visitor.Sections({"elasticsearch", "Elasticsearch or OpenSearch: docs/elasticsearch.md."},
                   SectionsOf(sinks.elasticsearch, kNewElastic, kExampleElastic, DescribeElastic));
}

void DescribeRetention(KeyVisitor& visitor, RetentionConfig& rule) {
  visitor.One({"window", "Length of these windows.", true},
              Duration(rule.window_ns, 100 * kMillisecond, 31 * kDay));
  visitor.One({"age", "Remove them when windows are stored that ended so much later."},
              DurationOrNever(rule.retention.max_age_ns, kSecond, 3650 * kDay));
  visitor.One({"size", "Remove the oldest beyond so much."},
              Bytes(rule.retention.max_bytes, kMiB, 1024 * kTiB));
}

RetentionConfig ExampleRetention() {
  RetentionConfig rule;
  rule.window_ns = 10 * kSecond;
  rule.retention.max_age_ns = kDay;
  return rule;
}

void DescribeStore(KeyVisitor& visitor, StoreConfig& store) {
  static const RetentionConfig kNewRule;
  static const RetentionConfig kExampleRule = ExampleRetention();
  visitor.One(
      {"path", "Folder of its own, on a local file system; none: no store, and sinks have short queues."},
      TextOrNone(store.path, "a folder"));
  visitor.Sections(
      {"retention",
       "What is kept for reading, by window length; 7d and 16GiB of a length that is not here. What a sink\n"
       "has not had stays longer, in its spool."},
      SectionsOf(store.retention, kNewRule, kExampleRule, DescribeRetention));
  visitor.One(
      {"spool",
       "What may wait for each sink; sinks share the files. Beyond it the oldest windows are dropped,\n"
       "and counted."},
      Bytes(store.spool_bytes, kMiB, 1024 * kTiB));
  visitor.One(
      {"new_sinks", "What a sink gets first that was not there before: all that is kept, or what comes."},
      OneOf(store.new_sinks_get_everything, {{"everything", true}, {"nothing", false}}));
  visitor.One({"memory",
               "Without a path: what the newest windows of each length may take in memory, about 25 bytes a\n"
               "host and 60 windows at most, for the console and whoever asks over HTTP."},
              Bytes(store.memory_bytes, kMiB, kTiB));
}

void DescribeHttpLimits(KeyVisitor& visitor, http::HttpLimits& limits) {
  constexpr std::size_t kKiB = 1 << 10;
  visitor.One({"connections", "Open at once; further ones are told to come later."},
              Whole(limits.connections, std::size_t{1}, std::size_t{10'000}));
  visitor.One({"streams", "Of these, live event streams, as each open page of the console has one."},
              Whole(limits.streams, std::size_t{1}, std::size_t{10'000}));
  visitor.One({"request_line", "Longest path and query."}, Bytes(limits.request_line_bytes, 256, kMiB));
  visitor.One({"header", "Of a request, its first line with it."}, Bytes(limits.header_bytes, kKiB, kMiB));
  visitor.One({"body", "Of a request."}, Bytes(limits.body_bytes, kKiB, 64 * kMiB));
  visitor.One({"header_time", "For a request's header to come."},
              Duration(limits.header_time_ns, 100 * kMillisecond, kHour));
  visitor.One({"request_time", "For its body to come and its answer to be made."},
              Duration(limits.request_time_ns, 100 * kMillisecond, kHour));
  visitor.One({"idle_time", "Between two requests of a connection."},
              Duration(limits.idle_time_ns, 100 * kMillisecond, kHour));
  visitor.One({"waiting", "Requests that wait for a worker."},
              Whole(limits.waiting, std::size_t{1}, std::size_t{10'000}));
}

void DescribeHttp(KeyVisitor& visitor, http::HttpOptions& options) {
  visitor.One({"enabled", "Serve it at all."}, Switch(options.is_enabled));
  visitor.One(
      {"listen",
       "Address and port. An address that others can reach needs `tokens` or `passwords`, and should have\n"
       "`tls`, or a proxy in front that has it."},
      ListenOn(options.listen));
  visitor.Many(
      {"names",
       "Host names under which browsers reach it, besides localhost and addresses. Without access control\n"
       "a request for another name is refused, as it would come from a page that rebinds DNS."},
      ListOf(options.names, [](std::string& name) { return Text(name, "a host name"); }));
  visitor.One({"tokens", "File of bearer tokens, one a line of 16 or more characters, for programs; none."},
              TextOrNone(options.tokens_path, "a file"));
  visitor.One(
      {"passwords", "File of users, for people: user:hash a line, as `htpasswd -B` writes them; none."},
      TextOrNone(options.passwords_path, "a file"));
  visitor.Section({"tls", "HTTPS instead of HTTP, with files in PEM format."}, [&](KeyVisitor& inner) {
    inner.One({"certificate", "With the chain that leads to it."},
              TextOrNone(options.certificate_path, "a file"));
    inner.One({"key", "Of the certificate, without a passphrase."}, TextOrNone(options.key_path, "a file"));
  });
  visitor.One({"workers", "Threads that make answers."},
              Whole(options.workers, std::size_t{1}, std::size_t{64}));
  visitor.Section({"limits", "What is beyond is refused, and counted."},
                  [&](KeyVisitor& inner) { DescribeHttpLimits(inner, options.limits); });
}

void DescribeProfiles(KeyVisitor& visitor, ProfilesConfig& profiles) {
  aggregator::ProfileOptions& options = profiles.options;
  visitor.One({"enabled", "Keep them, and compare each window with them."}, Switch(profiles.is_enabled));
  visitor.One({"window", "Length of the windows that they are made of; one of `windows`."},
              Duration(options.window_ns, kSecond, kHour));
  visitor.One({"hosts", "Hosts that have a profile, 971 bytes each. Further ones are counted."},
              Whole(options.max_hosts, std::size_t{1000}, std::size_t{100'000'000}));
  visitor.One(
      {"false_events",
       "False events that are accepted in a day of a million hosts. Fewer of them cost later detection."},
      Whole(profiles.false_events_per_million, 1U, 1'000'000U));
  visitor.One({"half_life", "After so long an hour of the week counts half."},
              Duration(options.half_life_ns, kDay, 365 * kDay));
  visitor.One({"warm_up", "From a host's first window until the first event about it."},
              Duration(options.warm_up_ns, kHour, 365 * kDay));
  visitor.One({"accept", "What lasts longer is what is expected from then on."},
              Duration(options.accept_ns, kHour, 365 * kDay));
  visitor.One({"forget", "A host that was silent for longer is forgotten."},
              Duration(options.forget_ns, kDay, 365 * kDay));
  visitor.One({"interval", "How often they are written to the folder of `state`; also at the end."},
              Duration(profiles.save_interval_ns, kSecond, 7 * kDay));
}

void DescribeMetrics(KeyVisitor& visitor, MetricsConfig& metrics) {
  visitor.One({"exporters",
               "Exporters with time series of their own: those that send most. Each has some 40 series; all\n"
               "others together have as many."},
              Whole(metrics.max_exporters, std::size_t{0}, std::size_t{4096}));
}

void DescribeState(KeyVisitor& visitor, StateConfig& state) {
  visitor.One({"path", "Folder of its own, on a local file system; none: templates are learned anew."},
              TextOrNone(state.path, "a folder"));
  visitor.One({"interval", "How often it is written where there is something new; also at the end."},
              Duration(state.interval_ns, kSecond, kHour));
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
  static const dataplane::PortConfig kNewPort;
  static const dataplane::PortConfig kExamplePort = ExamplePort();
  visitor.Section({"observer", "Who says so."}, [&](KeyVisitor& inner) { DescribeObserver(inner, config); });
  visitor.Many({"windows",
                "Lengths of the windows. The shortest is the base window; every other is a multiple of it."},
               ListOf(config.window_lengths_ns,
                      [](std::int64_t& length) { return Duration(length, 100 * kMillisecond, 31 * kDay); }));
  visitor.Many({"networks", "Monitored networks: addresses in them are hosts. The most specific one counts."},
               ListOf(config.networks, [](Prefix& network) { return NetworkPrefix(network); }));
  visitor.Sections({"ports", "Network ports that export datagrams arrive on."},
                   SectionsOf(config.dataplane.ports, kNewPort, kExamplePort, DescribePort));
  visitor.Section({"dpdk", "The packet framework."},
                  [&](KeyVisitor& inner) { DescribeDpdk(inner, config.dataplane.eal); });
  visitor.Section(
      {"fragments", "Datagrams that come in several IP fragments are put together, for each port."},
      [&](KeyVisitor& inner) { DescribeFragments(inner, config.dataplane.fragments); });
  visitor.Section({"cores", "Who runs where."},
                  [&](KeyVisitor& inner) { DescribeCores(inner, config.dataplane); });
  visitor.Section({"memory",
                   "Bounds of the host tables. There are three tables for each worker, and two for each\n"
                   "window length; memory is reserved at start and taken as hosts come."},
                  [&](KeyVisitor& inner) { DescribeMemory(inner, config.memory); });
  visitor.Section(
      {"top", "The peers and destination ports with most flows or bytes, for each host and role. 0: none."},
      [&](KeyVisitor& inner) { DescribeTop(inner, config.top); });
  visitor.Section(
      {"exporters",
       "Who may send, and how to read what they send. An exporter is on one worker, and each worker has\n"
       "`max` places: however a NIC spreads exporters, so many are sure to find one."},
      [&](KeyVisitor& inner) { DescribeExporters(inner, config.dataplane.decoder); });
  visitor.Section(
      {"templates",
       "Bounds of what exporters may make us remember: of each worker, so that all together may take as\n"
       "many times that as there are workers."},
      [&](KeyVisitor& inner) { DescribeTemplates(inner, config.dataplane.decoder); });
  visitor.Section(
      {"network_records",
       "Records of whole networks, besides those of hosts: of each monitored network, and of the\n"
       "prefixes in it at every level of detail."},
      [&](KeyVisitor& inner) { DescribeNetworkRecords(inner, config.network_records); });
  visitor.Section({"sinks", "Where host records go. With none, to standard output as NDJSON."},
                  [&](KeyVisitor& inner) { DescribeSinks(inner, config.sinks); });
  visitor.Section(
      {"raw_flows",
       "Each flow record that is decoded, as JSON in the names of the collector IPFIXcol, to Kafka: for\n"
       "applications that read its feed. They are not stored."},
      [&](KeyVisitor& inner) { DescribeRawFlows(inner, config.raw_flows); });
  visitor.Section(
      {"store",
       "Closed windows on disk: what sinks that are behind or away get later, also after a restart,\n"
       "and what is kept for reading."},
      [&](KeyVisitor& inner) { DescribeStore(inner, config.store); });
  visitor.Section({"profiles",
                   "What is normal for each host, by hour of the week: docs/profiles.md. Windows of that "
                   "length then say\n"
                   "how far each host is from it, and have events."},
                  [&](KeyVisitor& inner) { DescribeProfiles(inner, config.profiles); });
  visitor.Section({"http", "The HTTP interface."},
                  [&](KeyVisitor& inner) { DescribeHttp(inner, config.http); });
  visitor.Section({"metrics", "For Prometheus, at /metrics of the HTTP interface."},
                  [&](KeyVisitor& inner) { DescribeMetrics(inner, config.metrics); });
  visitor.Section(
      {"state",
       "Templates and sampling rates of exporters, for the next start: else nothing of an exporter\n"
       "can be read until it repeats its templates."},
      [&](KeyVisitor& inner) { DescribeState(inner, config.state); });
  visitor.Section(
      {"context",
       "What is known of hosts beside their traffic, for the console and whoever asks: names,\n"
       "administrators, switch ports. Of each attribute the longest prefix counts: docs/context.md."},
      [&](KeyVisitor& inner) { DescribeContext(inner, config.context); });
  visitor.Section({"logging", "What the program says of itself."},
                  [&](KeyVisitor& inner) { DescribeLogging(inner, config); });
}

}  // namespace hostscope::app
