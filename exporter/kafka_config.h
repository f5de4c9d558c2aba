#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>
#include <vector>

#include "exporter/kafka_sink.h"

namespace hostscope::exporter {

struct KafkaConfDeleter {
  void operator()(rd_kafka_conf_t* conf) const noexcept { rd_kafka_conf_destroy(conf); }
};
using KafkaConf = std::unique_ptr<rd_kafka_conf_t, KafkaConfDeleter>;

/// The producer's configuration without callbacks. Adds to `problems` what librdkafka says of each property.
KafkaConf MakeKafkaConf(const KafkaOptions& options, std::vector<std::string>& problems);

}  // namespace hostscope::exporter
