#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "exporter/kafka/kafka_sink.h"

namespace hostscope::exporter {

struct KafkaConfDeleter {
  void operator()(rd_kafka_conf_t* conf) const noexcept { rd_kafka_conf_destroy(conf); }
};
using KafkaConf = std::unique_ptr<rd_kafka_conf_t, KafkaConfDeleter>;

enum class SecretFiles : std::uint8_t {
  kMustBeThere,
  kMayBeElsewhere,  ///< those of $CREDENTIALS_DIRECTORY, which only a service has
  kAreNotRead,
};

/// Adds to `problems` what is wrong with a topic's name; `key` is the option's.
void CheckTopic(const char* key, const std::string& topic, std::vector<std::string>& problems);

/// Which properties are given, and which are refused.
enum class KafkaRole : std::uint8_t { kProducer, kConsumer };

/// A client's configuration without brokers and callbacks. Adds to `problems` what librdkafka says of each
/// property, and which secret can't be read; no secret's value. `has_all_secrets`: none was left out.
KafkaConf MakeKafkaConf(const KafkaOptions& options, SecretFiles files, std::vector<std::string>& problems,
                        bool* has_all_secrets = nullptr, KafkaRole role = KafkaRole::kProducer);

}  // namespace hostscope::exporter
