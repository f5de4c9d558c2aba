#include "exporter/raw_flow/raw_flow_publisher.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

#include "exporter/kafka/kafka_config.h"
#include "exporter/kafka/kafka_producer.h"
#include "exporter/kafka/kafka_statistics.h"
#include "exporter/raw_flow/raw_flow_encoder.h"

namespace hostscope::exporter {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kPiece = 512;
// While there is nothing to send: how much later a record may leave.
constexpr int kRestMs = 10;
constexpr milliseconds kReplacePause{1'000};
constexpr std::chrono::seconds kReportInterval{10};

}  // namespace

class RawFlowPublisher::Impl final : private KafkaListener {
 public:
  Impl(const RawFlowOptions& options, std::size_t workers, LogFunction log)
      : options_(options),
        name_("raw flows to kafka " + options.kafka.brokers + " " + options.topic),
        log_(std::move(log)) {
    for (std::size_t i = 0; i < workers; ++i)
      queues_.push_back(std::make_unique<RawFlowQueue>(options.queue_records));
  }

  /// Returns why there is no producer, or an empty string.
  std::string MakeProducer() {
    std::string problem;
    producer_ = KafkaProducer::Make(options_.kafka, std::span(&options_.topic, 1), *this, log_, problem);
    return problem;
  }
  void Start() {
    thread_ = std::thread([this] { Run(); });
  }
  void Stop(milliseconds deadline);
  std::vector<FlowTap*> taps() const;
  RawFlowStatus status() const;

 private:
  void OnFate(std::size_t record, KafkaFate fate, const char* reason) noexcept override;
  void OnStatistics(std::string_view json) noexcept override;

  void Run();
  bool IsOutOfTime() const { return is_out_of_time_.load(std::memory_order_relaxed); }
  bool SendFrom(RawFlowQueue& queue);
  bool SendOne(const FlowRecord& record, const FlowTimes& times);
  void ReplaceIfBroken();
  void ReportNowAndThen();
  void GiveUpTheRest();

  const RawFlowOptions options_;
  const std::string name_;
  const LogFunction log_;
  std::vector<std::unique_ptr<RawFlowQueue>> queues_;
  std::array<char, kMaxRawFlow> buffer_;
  std::atomic<bool> is_stopping_{false};
  std::atomic<bool> is_out_of_time_{false};
  std::atomic<bool> is_done_{false};
  steady_clock::time_point next_report_;
  std::uint64_t reported_ = 0;  // of queue_full, rejected and lost

  Counter delivered_;  // the publisher's
  Counter rejected_;
  Counter lost_;
  mutable std::mutex statistics_mutex_;  // guards the two; taken once a second
  KafkaStatistics statistics_;
  KafkaStatistics replaced_statistics_;
  std::unique_ptr<KafkaProducer> producer_;  // its callbacks use all but the thread
  std::thread thread_;
};

void RawFlowPublisher::Impl::Run() {
  for (bool is_over = false; !is_over;) {
    // Asked before the queues are, so that what the workers put there last is found.
    const bool is_stopping = is_stopping_.load(std::memory_order_acquire);
    bool found_some = false;
    for (const auto& queue : queues_) found_some |= SendFrom(*queue);
    if (producer_ != nullptr) producer_->Poll(found_some ? 0 : kRestMs);
    ReplaceIfBroken();
    ReportNowAndThen();
    const bool is_all_sent = !found_some && (producer_ == nullptr || producer_->outstanding() == 0);
    is_over = IsOutOfTime() || (is_stopping && is_all_sent);
  }
  GiveUpTheRest();
  is_done_.store(true, std::memory_order_release);
}

// False where the queue was empty.
bool RawFlowPublisher::Impl::SendFrom(RawFlowQueue& queue) {
  const RawFlowQueue::Piece piece = queue.Front(kPiece);
  std::size_t sent = 0;
  while (sent < piece.records.size() && SendOne(piece.records[sent], piece.times[sent])) ++sent;
  if (sent != 0) queue.Pop(sent);
  return !piece.records.empty();
}

// False where it has to stay in the queue.
bool RawFlowPublisher::Impl::SendOne(const FlowRecord& record, const FlowTimes& times) {
  if (producer_ == nullptr) return false;
  const char* const end = EncodeRawFlow(record, times, buffer_.data());
  const std::string_view value(buffer_.data(), static_cast<std::size_t>(end - buffer_.data()));
  switch (producer_->Send(0, {}, value, {}, 0)) {
    case KafkaQueued::kYes:
      return true;
    case KafkaQueued::kRefused:
      rejected_.Add(1);
      return true;
    case KafkaQueued::kFull:
    case KafkaQueued::kNotNow:
      producer_->Poll(kRestMs);
      return false;
  }
  return false;
}

void RawFlowPublisher::Impl::ReplaceIfBroken() {
  if (producer_ != nullptr && producer_->is_broken()) {
    log_(name_ + ": the producer is replaced after a fatal error: " + producer_->last_error());
    producer_->Abandon();
    producer_.reset();
    const std::lock_guard lock(statistics_mutex_);
    AddCounts(std::exchange(statistics_, {}), replaced_statistics_);
  }
  if (producer_ != nullptr) return;
  if (const std::string problem = MakeProducer(); producer_ == nullptr) {
    log_(name_ + ": no producer: " + problem);
    std::this_thread::sleep_for(kReplacePause);
  }
}

void RawFlowPublisher::Impl::ReportNowAndThen() {
  const auto now = steady_clock::now();
  if (now < next_report_) return;
  next_report_ = now + kReportInterval;
  const RawFlowStatus counts = status();
  const std::uint64_t undelivered = counts.queue_full + counts.rejected + counts.lost;
  if (undelivered == reported_) return;
  const std::string& error = producer_ == nullptr ? name_ : producer_->last_error();
  log_(name_ + ": " + std::to_string(undelivered - reported_) +
       " flow records were not delivered: " + std::to_string(counts.queue_full) +
       " of all found the queue full, " + std::to_string(counts.rejected) + " were refused, " +
       std::to_string(counts.lost) + " lost" + (error.empty() ? "" : "; last error: " + error));
  reported_ = undelivered;
}

void RawFlowPublisher::Impl::GiveUpTheRest() {
  if (producer_ != nullptr) producer_->Abandon();
  for (const auto& queue : queues_) {
    for (std::size_t left = 0; (left = queue->Front(SIZE_MAX).records.size()) != 0;) {
      lost_.Add(left);
      queue->Pop(left);
    }
  }
  next_report_ = {};
  ReportNowAndThen();
}

void RawFlowPublisher::Impl::OnFate(std::size_t, KafkaFate fate, const char*) noexcept {
  switch (fate) {
    case KafkaFate::kAcknowledged:
      delivered_.Add(1);
      return;
    case KafkaFate::kRefused:
      rejected_.Add(1);
      return;
    case KafkaFate::kUndelivered:
      lost_.Add(1);
      return;
  }
}

void RawFlowPublisher::Impl::OnStatistics(std::string_view json) noexcept {
  KafkaStatistics statistics;
  if (!ReadKafkaStatistics(json, statistics)) return;
  const std::lock_guard lock(statistics_mutex_);
  statistics_ = statistics;
}

void RawFlowPublisher::Impl::Stop(milliseconds deadline) {
  if (!thread_.joinable()) return;
  is_stopping_.store(true, std::memory_order_release);
  const auto end = steady_clock::now() + deadline;
  while (!is_done_.load(std::memory_order_acquire) && steady_clock::now() < end)
    std::this_thread::sleep_for(milliseconds{kRestMs});
  is_out_of_time_.store(true, std::memory_order_relaxed);
  thread_.join();
}

std::vector<FlowTap*> RawFlowPublisher::Impl::taps() const {
  std::vector<FlowTap*> taps;
  for (const auto& queue : queues_) taps.push_back(queue.get());
  return taps;
}

RawFlowStatus RawFlowPublisher::Impl::status() const {
  RawFlowStatus status;
  for (const auto& queue : queues_) {
    status.queue_full += queue->dropped();
    status.seen += queue->taken() + queue->dropped();
    status.waiting += queue->waiting();
  }
  status.delivered = delivered_.Get();
  status.rejected = rejected_.Get();
  status.lost = lost_.Get();
  const std::lock_guard lock(statistics_mutex_);
  status.numbers = NumbersOf(statistics_, replaced_statistics_);
  return status;
}

RawFlowPublisher::RawFlowPublisher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RawFlowPublisher::~RawFlowPublisher() {
  Stop(milliseconds{0});
}

OpenedRawFlows RawFlowPublisher::Open(const RawFlowOptions& options, std::size_t workers, LogFunction log) {
  if (!log) log = [](std::string_view) {};
  auto impl = std::make_unique<Impl>(options, workers, std::move(log));
  if (std::string problem = impl->MakeProducer(); !problem.empty()) return {nullptr, std::move(problem)};
  impl->Start();
  return {std::unique_ptr<RawFlowPublisher>(new RawFlowPublisher(std::move(impl))), {}};
}

std::vector<FlowTap*> RawFlowPublisher::taps() const {
  return impl_->taps();
}
void RawFlowPublisher::Stop(milliseconds deadline) {
  impl_->Stop(deadline);
}
RawFlowStatus RawFlowPublisher::status() const {
  return impl_->status();
}

std::vector<std::string> CheckRawFlowOptions(const RawFlowOptions& options) {
  std::vector<std::string> problems = CheckKafkaOptions(options.kafka);
  CheckTopic("topic", options.topic, problems);
  return problems;
}

}  // namespace hostscope::exporter
