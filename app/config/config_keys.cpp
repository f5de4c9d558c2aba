#include "app/config/config_keys.h"

#include "app/config/context_keys.h"
#include "app/config/dataplane_keys.h"
#include "app/config/exporter_keys.h"
#include "app/config/sink_keys.h"
#include "app/config/units.h"

namespace hostscope::app {
namespace {

void DescribeObserver(KeyVisitor& visitor, Config& config) {
  visitor.One({"name", "Name of this appliance; stands in every record."},
              Text(config.observer_name, "any text"));
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
  visitor.Section({"observer", "Who says so."}, [&](KeyVisitor& inner) { DescribeObserver(inner, config); });
  visitor.Many({"windows",
                "Lengths of the windows. The shortest is the base window; every other is a multiple of it."},
               ListOf(config.window_lengths_ns,
                      [](std::int64_t& length) { return Duration(length, 100 * kMillisecond, 31 * kDay); }));
  visitor.Many({"networks", "Monitored networks: addresses in them are hosts. The most specific one counts."},
               ListOf(config.networks, [](Prefix& network) { return NetworkPrefix(network); }));
  DescribePorts(visitor, config.dataplane.ports);
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
