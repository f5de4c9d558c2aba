#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "exporter/kafka/kafka_sink.h"
#include "exporter/sink.h"
#include "ipfix/counter.h"

namespace hostscope::context {

/// Reads topics from their beginning at every start, commits nothing, and goes on for as long as it lives:
/// brokers and topics may come and go, and a rebalance repeats nothing. Its own thread calls `take`.
class TopicReader {
 public:
  /// `told_ns`: when it was written, as the broker has it, in nanoseconds since the Unix epoch; never in the
  /// future.
  using Take = std::function<void(std::size_t topic, std::string_view message, std::int64_t told_ns)>;

  /// Of `kafka` brokers, properties and secrets count. Null with the reason in `problem`.
  static std::unique_ptr<TopicReader> Make(const exporter::KafkaOptions& kafka, const std::string& group,
                                           std::vector<std::string> topics, Take take,
                                           exporter::LogFunction log, std::string& problem);
  ~TopicReader();
  TopicReader(const TopicReader&) = delete;
  TopicReader& operator=(const TopicReader&) = delete;

  void Start();
  void Stop();
  /// Troubles with brokers and topics. Any thread.
  std::uint64_t errors() const noexcept { return errors_.load(std::memory_order_relaxed); }

 private:
  struct Client;
  TopicReader();
  void Run();
  void Note(const std::string& trouble);

  std::unique_ptr<Client> client_;
  std::vector<std::string> topics_;
  Take take_;
  exporter::LogFunction log_;
  std::string last_trouble_;
  std::atomic<std::uint64_t> errors_{0};
  std::atomic<bool> is_stopping_{false};
  std::thread thread_;
};

/// Every problem of the options that can be found without a broker.
std::vector<std::string> CheckReaderOptions(const exporter::KafkaOptions& kafka, bool with_secrets);

}  // namespace hostscope::context
