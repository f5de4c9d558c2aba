#include "app/config/context_keys.h"

#include "app/config/units.h"

namespace hostscope::app {
namespace {

using context::AttributeMapping;
using context::Keep;
using context::TopicMapping;

constexpr std::size_t kMaxLength = 100;

void DescribeAttribute(KeyVisitor& visitor, AttributeMapping& attribute) {
  visitor.One({"name", "What the attribute is called.", true}, Text(attribute.name, context::kAllowedNames));
  visitor.One({"field", "The message's field, with points between the names of nested ones.", true},
              Text(attribute.field, "the name of a field"));
  visitor.One({"keep",
               "last: the value told last; count: how often each value was told; list: those told last,\n"
               "newest first."},
              OneOf(attribute.keep, {{"last", Keep::kLast}, {"count", Keep::kCount}, {"list", Keep::kList}}));
  visitor.One({"length",
               "Of a list; of a count, different values, of which the one least told gives way to a new\n"
               "one."},
              Whole(attribute.length, std::size_t{1}, kMaxLength));
}

TopicMapping ExampleTopic() {
  return {"dhcp", "client.ip", {}, {{"name", "client.hostname"}, {"switch_port", "relay.circuit"}}};
}

void DescribeTopic(KeyVisitor& visitor, TopicMapping& topic) {
  static const AttributeMapping kNew;
  static const AttributeMapping kExample{"name", "client.hostname"};
  visitor.One({"topic", "Its name. It is read from its beginning at every start.", true},
              Text(topic.topic, "the name of a topic"));
  visitor.One({"host", "The field with the host's address.", true}, Text(topic.host, "the name of a field"));
  visitor.Names({"when", "Only messages whose fields have these values."}, topic.when);
  visitor.Sections({"attributes", "What is taken from a message."},
                   SectionsOf(topic.attributes, kNew, kExample, DescribeAttribute));
}

void DescribeLogs(KeyVisitor& visitor, ContextConfig& config) {
  static const TopicMapping kNew;
  static const TopicMapping kExample = ExampleTopic();
  visitor.Many({"brokers", "host:port of one or more brokers. Empty: no logs are read."},
               ListOf(config.brokers, [](std::string& broker) { return Text(broker, "host:port"); }));
  visitor.Names({"properties", "Handed to librdkafka as they are; as of a sink."},
                config.options.kafka.properties);
  visitor.Names({"secrets", "Properties whose values are in files; as of a sink."},
                config.options.kafka.secrets);
  visitor.Sections({"topics", "JSON, one object a message."},
                   SectionsOf(config.options.topics, kNew, kExample, DescribeTopic));
}

}  // namespace

void DescribeContext(KeyVisitor& visitor, ContextConfig& config) {
  context::ContextOptions& options = config.options;
  visitor.Many({"files",
                "Attributes of hosts and prefixes, .csv or .json. SIGHUP reads them again; where one has\n"
                "problems the old ones stay."},
               ListOf(options.files, [](std::string& path) { return Text(path, "a file, .csv or .json"); }));
  visitor.One(
      {"check_interval", "How often they are looked at, and read again if changed; never: SIGHUP alone."},
      DurationOrNever(options.check_interval_ns, kSecond, kDay));
  visitor.One({"hosts", "Hosts and prefixes of the files, and as many hosts of logs."},
              Whole(options.limits.hosts, std::size_t{1}, std::size_t{10'000'000}));
  visitor.One({"attributes", "Of one of them."},
              Whole(options.limits.attributes, std::size_t{1}, std::size_t{1000}));
  visitor.One({"value", "Of one attribute's text."}, Bytes(options.limits.value_bytes, 1, 64 * 1024));
  visitor.One({"memory", "For what files say, and as much for logs; while files are read again, twice."},
              Bytes(options.limits.bytes, kMiB, 1024 * 1024 * kMiB));
  visitor.One({"lifetime", "A host of which logs said nothing for so long is forgotten."},
              DurationOrNever(options.lifetime_ns, kSecond, 3650 * kDay));
  visitor.One({"records", "Host records in JSON have it as `context`, in schema hostscope."},
              Switch(options.in_records));
  visitor.Section({"kafka", "Central logging: DHCP, authentication, syslog."},
                  [&](KeyVisitor& inner) { DescribeLogs(inner, config); });
}

}  // namespace hostscope::app
