#include "app/config/sink_keys.h"

#include "app/config/elastic_keys.h"

namespace hostscope::app {
namespace {

Value Schema(exporter::Schema& schema) {
  return OneOf(
      schema, {{"hostscope", exporter::Schema::kHostscope}, {"stream4flow", exporter::Schema::kStream4Flow}});
}
constexpr std::string_view kSchemaHelp =
    "Layout of the records: hostscope, or stream4flow for consumers of the older one.";

constexpr std::string_view kSketchesHelp =
    "Add the sketches behind peers, src_ports and dst_ports, so that others can unite them. Apache\n"
    "DataSketches reads them; up to 33 KiB more for a host.";

NdjsonConfig ExampleNdjson() {
  return {"/var/lib/hostscope/hosts.ndjson"};
}
KafkaConfig ExampleKafka() {
  KafkaConfig sink;
  sink.brokers = {"kafka1.example.net:9092", "kafka2.example.net:9092"};
  return sink;
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
  visitor.One(
      {"format", "json, or protobuf, which is a fifth as long; see exporter/encoding/hostscope.proto."},
      OneOf(sink.options.format,
            {{"json", exporter::RecordFormat::kJson}, {"protobuf", exporter::RecordFormat::kProtobuf}}));
  visitor.One({"sketches", kSketchesHelp}, Switch(sink.options.sketches));
  visitor.One({"headers",
               "Say in each message's headers what it is: schema, observer, window_start, window_seconds,\n"
               "record_id."},
              Switch(sink.options.headers));
  DescribeKafkaClient(visitor, sink.options);
}

}  // namespace

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

}  // namespace hostscope::app
