#pragma once

#include <librdkafka/rdkafka.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/kafka/kafka_sink.h"

namespace hostscope::exporter {

/// What librdkafka says of one record.
enum class KafkaFate : std::uint8_t {
  kAcknowledged,  ///< in the log of all in-sync replicas
  kRefused,       ///< can never be accepted
  kUndelivered,   ///< not acknowledged, but it may be the next time
};

/// Learns the fate of each record that was queued; called on the thread that polls.
class KafkaListener {
 public:
  virtual ~KafkaListener() = default;
  virtual void OnFate(std::size_t record, KafkaFate fate, const char* reason) noexcept = 0;
  /// About once a second while polled.
  virtual void OnStatistics(std::string_view json) noexcept = 0;
};

/// A message header (KIP-82).
struct KafkaHeader {
  const char* name;
  std::string_view value;
};

enum class KafkaQueued : std::uint8_t {
  kYes,      ///< its fate will come
  kFull,     ///< the queue is full: poll and try again
  kRefused,  ///< can never be accepted
  kNotNow,   ///< the topic or the producer is not usable; last_error() says why
};

/// One librdkafka producer. One thread, but for `log`.
class KafkaProducer {
 public:
  /// For `topics`, whatever topics `options` has. Null if it can't be made, with the reason in `problem`.
  /// `listener` and `log` must live longer.
  static std::unique_ptr<KafkaProducer> Make(const KafkaOptions& options, std::span<const std::string> topics,
                                             KafkaListener& listener, const LogFunction& log,
                                             std::string& problem);
  /// Whatever still waits is given up without a word.
  ~KafkaProducer();
  KafkaProducer(const KafkaProducer&) = delete;
  KafkaProducer& operator=(const KafkaProducer&) = delete;

  static constexpr std::size_t kMaxHeaders = 8;

  /// To the topic of that index. Copies key, value and headers. Without a key the partition is any.
  KafkaQueued Send(std::size_t topic, std::string_view key, std::string_view value,
                   std::span<const KafkaHeader> headers, std::size_t record) noexcept;

  /// Tells the listener what has become known, waiting up to `timeout_ms` for the first news.
  void Poll(int timeout_ms) noexcept;

  /// Gives up everything that waits: each record's fate comes before this returns.
  void Abandon() noexcept;

  /// Queued records of unknown fate.
  std::size_t outstanding() const noexcept { return outstanding_; }
  /// An error after which this producer can't be used any more.
  bool is_broken() const noexcept { return is_broken_; }
  /// The last trouble with broker, topic or record; empty if there was none.
  const std::string& last_error() const noexcept { return last_error_; }

 private:
  KafkaProducer(KafkaListener& listener, const LogFunction& log) : listener_(listener), log_(log) {}
  static void OnDelivery(rd_kafka_t* producer, const rd_kafka_message_t* message, void* self) noexcept;
  static int OnStatistics(rd_kafka_t* producer, char* json, std::size_t length, void* self) noexcept;
  static void OnError(rd_kafka_t* producer, int error, const char* reason, void* self) noexcept;
  static void OnLog(const rd_kafka_t* producer, int level, const char* facility, const char* text) noexcept;
  void NoteBreakage() noexcept;

  struct TopicDeleter {
    void operator()(rd_kafka_topic_t* topic) const noexcept { rd_kafka_topic_destroy(topic); }
  };
  struct ProducerDeleter {
    void operator()(rd_kafka_t* producer) const noexcept { rd_kafka_destroy(producer); }
  };

  KafkaListener& listener_;
  const LogFunction& log_;
  std::size_t outstanding_ = 0;
  bool is_broken_ = false;
  std::string last_error_;
  std::unique_ptr<rd_kafka_t, ProducerDeleter> producer_;
  std::vector<std::unique_ptr<rd_kafka_topic_t, TopicDeleter>> topics_;  // they go before the producer
};

}  // namespace hostscope::exporter
