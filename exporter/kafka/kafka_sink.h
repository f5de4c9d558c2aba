#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/network_record.h"
#include "exporter/context_source.h"
#include "exporter/encoding/record_encoder.h"
#include "exporter/sink.h"

namespace hostscope::exporter {

struct KafkaOptions {
  std::string brokers;  ///< host:port, separated by commas
  std::string hosts_topic = "hostscope.hosts";
  std::string networks_topic = "hostscope.networks";
  std::string windows_topic = "hostscope.windows";
  std::string events_topic = "hostscope.events";  ///< of anomaly records
  /// Each message says in its headers what it is, so that consumers can select and count without reading it.
  bool headers = true;
  std::string compression = "lz4";  ///< none, gzip, snappy, lz4, zstd
  std::string observer;
  Schema schema = Schema::kHostscope;
  RecordFormat format = RecordFormat::kJson;  ///< Protobuf has no schema but hostscope
  bool sketches = false;                      ///< adds the sketches of distinct counts to each role
  /// Levels of the network records; nothing: none are sent. Schema stream4flow has none in any case.
  std::optional<aggregator::NetworkLevels> networks = std::nullopt;
  /// Further properties of librdkafka (security.protocol, sasl.username, linger.ms …). Those that the
  /// guarantees below rest on are refused.
  std::map<std::string, std::string> properties;
  /// Further properties whose values are secret: the name of a file that has no more than the value and one
  /// line feed. A name without "/" is of the folder $CREDENTIALS_DIRECTORY (systemd's LoadCredential=).
  std::map<std::string, std::string> secrets;
  const ContextSource* context = nullptr;  ///< host records in JSON have it; lives longer. Null: none
};

/// Every problem of the options that can be found without a broker, and without reading secrets; each names
/// the key and the value.
std::vector<std::string> CheckKafkaOptions(const KafkaOptions& options);
/// The same of options that have none, with their secrets; those of $CREDENTIALS_DIRECTORY may be missing
/// where that is not set.
std::vector<std::string> CheckKafkaFiles(const KafkaOptions& options);

/// A sink that produces to Apache Kafka through librdkafka.
///
/// A host record's key is the host's address, or the network of an `other` record; the partitioner is
/// murmur2_random, so that a Java program finds the same host in the same partition. A network record's key
/// is its prefix; an anomaly record's is its host's address; the window record's is the observer's name.
///
/// Headers, all text: `schema`, `observer`, `window_start` and `window_seconds` as records have them, and of
/// all but window records `record_id`, also where the schema has none.
///
/// The producer is idempotent and waits for all in-sync replicas, so a record is in the log once, whatever
/// happens to broker and connections, as long as the producer lives. If librdkafka declares a fatal error, a
/// new producer sends what was not acknowledged: at least once, with the same record_id. The window record is
/// produced when every other record of its window is acknowledged (or refused), so whoever sees it
/// can read the whole window.
///
/// Write() returns when all of the window is acknowledged. While the broker is away it waits and tries, with
/// pauses of at most 10 s, until Cancel(); nothing is given up before. librdkafka's queue
/// (queue.buffering.max.messages and .max.kbytes) bounds the memory. Refused is a record that can never be
/// accepted: too large, or invalid to a broker. SinkStatus::numbers are librdkafka's own, once a second:
/// kafka_statistics.h. Secrets are in no message. `log` gets librdkafka's messages, and every 10 s without
/// any progress how much waits for what.
OpenedSink OpenKafkaSink(const KafkaOptions& options, LogFunction log);

}  // namespace hostscope::exporter
