#include "exporter/kafka_config.h"

#include <algorithm>
#include <array>
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
std::string_view WhyRefused(std::string_view name) {
  const auto* refused = std::find_if(std::begin(kRefused), std::end(kRefused),
                                     [name](const auto& entry) { return entry.first == name; });
  return refused == std::end(kRefused) ? std::string_view() : refused->second;
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
std::string WhyNoSecret(const KafkaOptions& options, const std::string& name) {
  if (const std::string_view refused = WhyRefused(name); !refused.empty()) return std::string(refused);
  if (options.properties.contains(name)) return "is in `properties` too; one of the two";
  return IsKnown(name) ? "" : "librdkafka has no such property";
}

// False where some were left out since they are not known here.
bool SetSecrets(rd_kafka_conf_t* conf, const KafkaOptions& options, SecretFiles files,
                std::vector<std::string>& problems) {
  bool has_all = true;
  for (const auto& [name, file] : options.secrets) {
    const std::string where = "kafka: secrets: " + name + " '" + file + "'";
    if (const std::string wrong = WhyNoSecret(options, name); !wrong.empty()) {
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
                        bool* has_all_secrets) {
  KafkaConf conf(rd_kafka_conf_new());
  for (const Property& property : kDefaults) Set(conf.get(), property.name, property.value, problems);
  Set(conf.get(), "compression.codec", options.compression, problems);
  for (const auto& [name, value] : options.properties) {
    const std::string_view refused = WhyRefused(name);
    if (refused.empty()) {
      Set(conf.get(), name.c_str(), value, problems);
    } else {
      problems.push_back(Quoted(name, value) + ": " + std::string(refused));
    }
  }
  const bool has_all = SetSecrets(conf.get(), options, files, problems);
  if (has_all_secrets != nullptr) *has_all_secrets = has_all;
  for (const Property& property : kFixed) Set(conf.get(), property.name, property.value, problems);
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
