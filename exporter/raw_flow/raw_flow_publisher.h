#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "exporter/kafka/kafka_sink.h"
#include "exporter/raw_flow/raw_flow_queue.h"
#include "exporter/sink.h"

namespace hostscope::exporter {

struct RawFlowOptions {
  /// Of these only brokers, compression, properties and secrets.
  KafkaOptions kafka;
  std::string topic = "ipfix.entry";
  std::size_t queue_records = 65'536;  ///< that wait for each worker; 80 bytes each
};

/// What became of the flow records; a snapshot. Once nothing is under way, seen = delivered + rejected +
/// queue_full + lost.
struct RawFlowStatus {
  std::uint64_t seen = 0;        ///< by all workers
  std::uint64_t queue_full = 0;  ///< dropped since the publisher, or the broker, did not keep up
  std::uint64_t waiting = 0;     ///< in the workers' queues
  std::uint64_t delivered = 0;   ///< acknowledged
  std::uint64_t rejected = 0;    ///< refused for good
  std::uint64_t lost = 0;        ///< given up: with a producer that was replaced, or at the end
  std::vector<SinkNumber> numbers;
};

class RawFlowPublisher;

/// A publisher, or why there is none.
struct OpenedRawFlows {
  std::unique_ptr<RawFlowPublisher> publisher;
  std::string problem;
};

/// Every problem of the options that can be found without a broker.
std::vector<std::string> CheckRawFlowOptions(const RawFlowOptions& options);

/// Sends each flow record that the workers decode to a Kafka topic, as raw_flow_encoder.h writes it, without
/// a key. On a thread of its own; the workers only copy. Flow records are not stored: while the broker is
/// away librdkafka's queue fills, then the workers' queues, and what comes then is dropped and counted. A
/// record that was taken is in the log once as long as the producer lives; if librdkafka declares a fatal
/// error, what was not acknowledged is lost, and counted.
class RawFlowPublisher {
 public:
  static OpenedRawFlows Open(const RawFlowOptions& options, std::size_t workers, LogFunction log);
  /// As Stop() without time.
  ~RawFlowPublisher();
  RawFlowPublisher(const RawFlowPublisher&) = delete;
  RawFlowPublisher& operator=(const RawFlowPublisher&) = delete;

  /// One for each worker, which alone may use it. They live as long as the publisher.
  std::vector<FlowTap*> taps() const;

  /// After the workers: sends what waits until the deadline, and gives up the rest.
  void Stop(std::chrono::milliseconds deadline);

  /// Any thread.
  RawFlowStatus status() const;

 private:
  class Impl;
  explicit RawFlowPublisher(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hostscope::exporter
