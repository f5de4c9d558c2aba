#include "exporter/kafka/kafka_config.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "exporter/secret.h"

namespace hostscope::exporter {
namespace {

struct Property {
  const char* name;
  const char* value;
};

// What the sink's guarantees rest on.
constexpr Property kFixed[] = {
    {"enable.idempotence", "true"},
    {"acks", "all"},
    {"partitioner", "murmur2_random"},
};

// May be overridden. A record never times out in the queue: it is the caller who gives up, by Cancel(). A
// window is some hundred thousand records at once, so a batch has better reasons to leave than 5 ms of
// silence.
constexpr Property kDefaults[] = {
    {"client.id", "hostscope"},
    {"message.timeout.ms", "0"},
    {"linger.ms", "20"},
    {"queue.buffering.max.kbytes", "131072"},
    {"statistics.interval.ms", "1000"},
};

constexpr std::pair<std::string_view, std::string_view> kRefused[] = {
    {"bootstrap.servers", "set by `brokers`"},
    {"metadata.broker.list", "set by `brokers`"},
    {"compression.codec", "set by `compression`"},
    {"compression.type", "set by `compression`"},
    {"enable.idempotence", "always true, so that no record is doubled"},
    {"acks", "always all, so that an acknowledged record is safe"},
    {"request.required.acks", "always all, so that an acknowledged record is safe"},
    {"partitioner", "always murmur2_random, as in Java clients"},
};

// A consumer that reads a topic from its beginning at every start.
constexpr Property kFixedOfConsumer[] = {
    {"enable.auto.commit", "false"},
    {"auto.offset.reset", "earliest"},
};
constexpr Property kDefaultsOfConsumer[] = {
    {"client.id", "hostscope"},
    {"topic.metadata.refresh.interval.ms", "10000"},  // topics may come later
    {"queued.max.messages.kbytes", "8192"},
    {"fetch.message.max.bytes", "262144"},
};
constexpr std::pair<std::string_view, std::string_view> kRefusedOfConsumer[] = {
    {"bootstrap.servers", "set by `brokers`"},
    {"metadata.broker.list", "set by `brokers`"},
    {"enable.auto.commit", "always false, so that each start reads from the beginning"},
    {"auto.offset.reset", "always earliest, so that each start reads from the beginning"},
};

struct RoleProperties {
  std::span<const Property> fixed;
  std::span<const Property> defaults;
  std::span<const std::pair<std::string_view, std::string_view>> refused;
};
RoleProperties PropertiesOf(KafkaRole role) {
  if (role == KafkaRole::kConsumer) return {kFixedOfConsumer, kDefaultsOfConsumer, kRefusedOfConsumer};
  return {kFixed, kDefaults, kRefused};
}

bool IsSecret(std::string_view name) {
  const auto has = [name](std::string_view part) { return name.find(part) != std::string_view::npos; };
  return has("password") || has("secret") || has(".key") || has(".pem") || has("oauthbearer.config");
}

std::string Quoted(std::string_view name, std::string_view value) {
  std::string text = "kafka: ";
  text += name;
  if (IsSecret(name)) return text;
  text += " '";
  text += value;
  return text += "'";
}

void Set(rd_kafka_conf_t* conf, const char* name, const std::string& value,
         std::vector<std::string>& problems) {
  std::array<char, 512> reason{};
  if (rd_kafka_conf_set(conf, name, value.c_str(), reason.data(), reason.size()) != RD_KAFKA_CONF_OK) {
    problems.push_back(Quoted(name, value) + ": " + reason.data());
  }
}

// Nothing where the property may be set.
std::string_view WhyRefused(KafkaRole role, std::string_view name) {
  const auto list = PropertiesOf(role).refused;
  const auto refused =
      std::find_if(list.begin(), list.end(), [name](const auto& entry) { return entry.first == name; });
  return refused == list.end() ? std::string_view() : refused->second;
}

// librdkafka's own words could repeat the value, so they are not used.
void SetSecret(rd_kafka_conf_t* conf, const std::string& name, const std::string& value,
               const std::string& where, std::vector<std::string>& problems) {
  std::array<char, 512> reason{};
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason.data(), reason.size()) != RD_KAFKA_CONF_OK)
    problems.push_back(where + ": librdkafka refuses what the file has");
}

// By trying: what is known but not set can't be asked for.
bool IsKnown(const std::string& name) {
  const KafkaConf scratch(rd_kafka_conf_new());
  std::array<char, 512> reason{};
  return rd_kafka_conf_set(scratch.get(), name.c_str(), "x", reason.data(), reason.size()) !=
         RD_KAFKA_CONF_UNKNOWN;
}

// Why it can't be set whatever the file has, or an empty string.
std::string WhyNoSecret(const KafkaOptions& options, KafkaRole role, const std::string& name) {
  if (const std::string_view refused = WhyRefused(role, name); !refused.empty()) return std::string(refused);
  if (options.properties.contains(name)) return "is in `properties` too; one of the two";
  return IsKnown(name) ? "" : "librdkafka has no such property";
}

// False where some were left out since they are not known here.
bool SetSecrets(rd_kafka_conf_t* conf, const KafkaOptions& options, KafkaRole role, SecretFiles files,
                std::vector<std::string>& problems) {
  bool has_all = true;
  for (const auto& [name, file] : options.secrets) {
    const std::string where = "kafka: secrets: " + name + " '" + file + "'";
    if (const std::string wrong = WhyNoSecret(options, role, name); !wrong.empty()) {
      problems.push_back(where + ": " + wrong);
      continue;
    }
    const Secret secret = files == SecretFiles::kAreNotRead ? Secret{} : ReadSecret(file);
    const bool is_elsewhere = files == SecretFiles::kAreNotRead ||
                              (files == SecretFiles::kMayBeElsewhere && secret.is_of_the_service);
    if (is_elsewhere) {
      has_all = false;
    } else if (secret.problem.empty()) {
      SetSecret(conf, name, secret.value, where, problems);
    } else {
      problems.push_back(where + ": " + secret.problem);
    }
  }
  return has_all;
}

}  // namespace

void CheckTopic(const char* key, const std::string& topic, std::vector<std::string>& problems) {
  constexpr std::size_t kMaxTopicName = 249;
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  if (topic.empty() || topic.size() > kMaxTopicName || topic == "." || topic == ".." ||
      topic.find_first_not_of(kAllowed) != std::string::npos) {
    problems.push_back(Quoted(key, topic) +
                       ": a topic's name has 1 to 249 of the characters A-Z a-z 0-9 . _ -");
  }
}

KafkaConf MakeKafkaConf(const KafkaOptions& options, SecretFiles files, std::vector<std::string>& problems,
                        bool* has_all_secrets, KafkaRole role) {
  const RoleProperties given = PropertiesOf(role);
  KafkaConf conf(rd_kafka_conf_new());
  for (const Property& property : given.defaults) Set(conf.get(), property.name, property.value, problems);
  if (role == KafkaRole::kProducer) Set(conf.get(), "compression.codec", options.compression, problems);
  for (const auto& [name, value] : options.properties) {
    const std::string_view refused = WhyRefused(role, name);
    if (refused.empty()) {
      Set(conf.get(), name.c_str(), value, problems);
    } else {
      problems.push_back(Quoted(name, value) + ": " + std::string(refused));
    }
  }
  const bool has_all = SetSecrets(conf.get(), options, role, files, problems);
  if (has_all_secrets != nullptr) *has_all_secrets = has_all;
  for (const Property& property : given.fixed) Set(conf.get(), property.name, property.value, problems);
  return conf;
}

namespace {

// What contradicts each other is found only when a producer is made. Without brokers it connects to nothing,
// which it would warn of.
void CheckByMaking(const KafkaOptions& options, SecretFiles files, std::vector<std::string>& problems) {
  bool has_all_secrets = false;
  KafkaConf conf = MakeKafkaConf(options, files, problems, &has_all_secrets);
  if (!problems.empty() || !has_all_secrets) return;
  rd_kafka_conf_set_log_cb(conf.get(), [](const rd_kafka_t*, int, const char*, const char*) {});
  std::array<char, 512> reason{};
  rd_kafka_t* producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), reason.data(), reason.size());
  if (producer == nullptr) {
    problems.push_back(std::string("kafka: properties: ") + reason.data());
  } else {
    static_cast<void>(conf.release());  // the producer's now
    rd_kafka_destroy(producer);
  }
}

}  // namespace

std::vector<std::string> CheckKafkaOptions(const KafkaOptions& options) {
  std::vector<std::string> problems;
  if (options.brokers.empty()) problems.emplace_back("kafka: brokers '': at least one host:port");
  CheckTopic("hosts_topic", options.hosts_topic, problems);
  CheckTopic("networks_topic", options.networks_topic, problems);
  CheckTopic("windows_topic", options.windows_topic, problems);
  if (options.schema == Schema::kStream4Flow && options.format == RecordFormat::kProtobuf) {
    problems.emplace_back("kafka: format 'protobuf': with schema stream4flow there is only json");
  }
  if (options.schema == Schema::kStream4Flow && options.sketches) {
    problems.emplace_back("kafka: sketches 'true': schema stream4flow has no place for them");
  }
  CheckByMaking(options, SecretFiles::kAreNotRead, problems);
  return problems;
}

std::vector<std::string> CheckKafkaFiles(const KafkaOptions& options) {
  std::vector<std::string> problems;
  if (!options.secrets.empty()) CheckByMaking(options, SecretFiles::kMayBeElsewhere, problems);
  return problems;
}

}  // namespace hostscope::exporter
