#include "app/config/elastic_keys.h"

#include "app/config/units.h"

namespace hostscope::app {
namespace {

void DescribeElasticHosts(KeyVisitor& visitor, exporter::HostSelection& hosts) {
  using Kind = exporter::HostSelection::Kind;
  using Metric = exporter::HostSelection::Metric;
  visitor.One({"select", "all; those in some networks; or the top of each window."},
              OneOf(hosts.kind, {{"all", Kind::kAll}, {"networks", Kind::kNetworks}, {"top", Kind::kTop}}));
  visitor.Many({"networks", "With select: networks."},
               ListOf(hosts.networks, [](Prefix& network) { return NetworkPrefix(network); }));
  visitor.One({"top", "With select: top, how many hosts of a window."},
              Whole(hosts.top, std::size_t{1}, std::size_t{1'000'000'000}));
  visitor.One({"by", "And what they are ranked by, sent and received together."},
              OneOf(hosts.by, {{"bytes", Metric::kBytes},
                               {"packets", Metric::kPackets},
                               {"flows", Metric::kFlows},
                               {"peers", Metric::kPeers},
                               {"dst_ports", Metric::kDstPorts}}));
}

void DescribeElasticIndex(KeyVisitor& visitor, exporter::IndexOptions& index) {
  visitor.One(
      {"install",
       "Put index templates and lifecycle policies into the cluster where they are missing, older or\n"
       "of other settings; no: somebody else does."},
      Switch(index.install));
  visitor.One({"shards", "Primary shards of an index."}, Whole(index.shards, 1U, 1024U));
  visitor.One({"replicas", "Copies of each; 0 where there is one node."}, Whole(index.replicas, 0U, 100U));
  visitor.One({"rollover_size", "Begin a new index when one is so large."},
              Bytes(index.rollover_bytes, kMiB, kTiB));
  visitor.One({"rollover_age", "Or so old."}, Duration(index.rollover_age_ns, 60 * kSecond, 3650 * kDay));
  visitor.One({"delete_after", "Delete an index so long after the next was begun."},
              DurationOrNever(index.delete_after_ns, 60 * kSecond, 3650 * kDay));
}

void DescribeElasticTls(KeyVisitor& visitor, exporter::HttpOptions& http) {
  visitor.One({"ca", "Certificate authorities, PEM; none: those of the system."},
              TextOrNone(http.ca_file, "a file"));
  visitor.One({"certificate", "Ours, PEM, where the server asks for one."},
              TextOrNone(http.certificate_file, "a file"));
  visitor.One({"key", "Its key, PEM, not encrypted."}, TextOrNone(http.key_file, "a file"));
}

}  // namespace

ElasticConfig ExampleElastic() {
  ElasticConfig sink;
  sink.options.http.urls = {"https://search1.example.net:9200", "https://search2.example.net:9200"};
  return sink;
}

void DescribeElastic(KeyVisitor& visitor, ElasticConfig& sink) {
  exporter::ElasticOptions& options = sink.options;
  visitor.Many({"urls", "http:// or https://, host and port of one or more nodes of one cluster.", true},
               ListOf(options.http.urls, [](std::string& url) { return Text(url, "a URL"); }));
  visitor.One({"connections", "Requests at the same time."},
              Whole(options.connections, std::size_t{1}, std::size_t{64}));
  visitor.One({"data_stream", "What names of data streams, templates and policies begin with."},
              Text(options.data_stream, "the beginning of a data stream's name"));
  visitor.Many({"windows", "Lengths of the windows that go there. Empty: all."},
               ListOf(options.window_lengths_ns,
                      [](std::int64_t& length) { return Duration(length, 100 * kMillisecond, 31 * kDay); }));
  visitor.Section({"hosts", "Which host records go there; network and window records all do."},
                  [&](KeyVisitor& inner) { DescribeElasticHosts(inner, options.hosts); });
  visitor.One({"batch", "Size of a request, before it is compressed."},
              Bytes(options.batch_bytes, 64 * kKiB, 64 * kMiB));
  visitor.One({"compression", "Of requests."}, OneOf(options.gzip, {{"gzip", true}, {"none", false}}));
  visitor.One({"timeout", "Of a request; after it, it is sent again."},
              Duration(sink.timeout_ns, kSecond, kHour));
  visitor.One({"user", "For basic authentication."}, TextOrNone(options.http.credentials.user, "a user"));
  visitor.One(
      {"password_file",
       "File with that user's password. Of these files, and those of `tls`, a name without / is one of\n"
       "systemd's credentials."},
      TextOrNone(options.http.credentials.password_file, "a file"));
  visitor.One({"api_key_file", "File with an encoded API key, instead of user and password."},
              TextOrNone(options.http.credentials.api_key_file, "a file"));
  visitor.Section({"tls", "For https://. Servers are always verified."},
                  [&](KeyVisitor& inner) { DescribeElasticTls(inner, options.http); });
  visitor.Section({"index", "How indices are made and how long they are kept."},
                  [&](KeyVisitor& inner) { DescribeElasticIndex(inner, options.index); });
  visitor.One({"dead_letters", "File to which documents are appended that the server refuses for good."},
              TextOrNone(options.dead_letters.path, "a path"));
  visitor.One({"dead_letters_size", "How large it may become."},
              Bytes(options.dead_letters.max_bytes, kMiB, kTiB));
}

}  // namespace hostscope::app
