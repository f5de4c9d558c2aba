#include "exporter/kafka/kafka_sink.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "exporter/encoding/address_text.h"
#include "exporter/encoding/json_text.h"
#include "exporter/encoding/record_id.h"
#include "exporter/encoding/text_writer.h"
#include "exporter/kafka/kafka_producer.h"
#include "exporter/kafka/kafka_statistics.h"
#include "ipfix/counter.h"

namespace hostscope::exporter {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kPollMs = 100;
constexpr std::size_t kSendsPerPoll = 256;
constexpr milliseconds kFirstPause{100};
constexpr milliseconds kLongestPause{10'000};
constexpr std::chrono::seconds kSilence{10};

enum class KafkaTopic : std::uint8_t { kHosts, kNetworks, kEvents, kWindows };

/// The headers of a message: what is the same for all of a window, then the record's id.
class MessageHeaders {
 public:
  /// `options` lives longer.
  explicit MessageHeaders(const KafkaOptions& options)
      : is_used_(options.headers),
        id_maker_(options.observer),
        headers_{{{"schema", options.schema == Schema::kHostscope ? "hostscope" : "stream4flow"},
                  {"observer", options.observer},
                  {"window_start", {}},
                  {"window_seconds", {}},
                  {"record_id", {id_.data(), id_.size()}}}} {}
  MessageHeaders(const MessageHeaders&) = delete;
  MessageHeaders& operator=(const MessageHeaders&) = delete;

  void SetWindow(const aggregator::WindowSpan& span) noexcept {
    FormatTime(span.start, start_.data());
    headers_[2].value = {start_.data(), start_.size()};
    headers_[3].value = {
        seconds_.data(),
        static_cast<std::size_t>(FormatSeconds(span.length_ns, seconds_.data()) - seconds_.data())};
    id_maker_.SetWindow(span);
  }
  template <typename Record>
  std::span<const KafkaHeader> Of(const Record& record) noexcept {
    if (!is_used_) return {};
    id_maker_.Format(record, id_.data());
    return headers_;
  }
  std::span<const KafkaHeader> OfWindow() const noexcept {
    if (!is_used_) return {};
    return std::span(headers_).first(headers_.size() - 1);
  }

 private:
  const bool is_used_;
  RecordIdMaker id_maker_;
  std::array<char, RecordIdMaker::kTextLength> id_{};
  std::array<char, kTimeText> start_{};
  std::array<char, kMaxSecondsText> seconds_{};
  std::array<KafkaHeader, 5> headers_;
};

class KafkaSink final : public Sink, private KafkaListener {
 public:
  KafkaSink(const KafkaOptions& options, LogFunction log)
      : options_(options),
        name_("kafka " + options.brokers),
        log_(std::move(log)),
        encoder_(options.format, options.observer, options.schema, options.sketches, options.context),
        levels_(encoder_.LevelsToWrite(options.networks)),
        headers_(options_),
        buffer_(encoder_.max_record_size()) {}

  /// Returns why there is no producer, or an empty string.
  std::string MakeProducer() {
    std::string problem;
    const std::array topics = {options_.hosts_topic, options_.networks_topic, options_.events_topic,
                               options_.windows_topic};
    producer_ = KafkaProducer::Make(options_, topics, *this, log_, problem);
    return problem;
  }

  std::string_view name() const noexcept override { return name_; }
  std::string Write(const aggregator::ClosedWindow& window) override;
  std::string Flush(int) override { return {}; }  // Write() leaves nothing behind
  void Idle() noexcept override;
  void Cancel() noexcept override { cancelled_.store(true, std::memory_order_relaxed); }
  std::uint64_t RecordsIn(const aggregator::ClosedWindow& window) const noexcept override {
    return window.size() + NetworksIn(window) + encoder_.AnomaliesIn(window) + encoder_.window_records();
  }
  SinkStatus status() const noexcept override {
    const std::lock_guard lock(statistics_mutex_);
    return {.delivered = delivered_.Get(),
            .retried = retried_.Get(),
            .rejected = rejected_.Get(),
            .dropped = dropped_.Get(),
            .windows = windows_.Get(),
            .numbers = NumbersOf(statistics_, replaced_statistics_)};
  }

 private:
  /// The records of one kind, by their numbers in is_open_.
  struct Part {
    KafkaTopic topic;
    std::size_t first;
    std::size_t end;
  };
  /// A record's; the value is in buffer_.
  struct Message {
    std::string_view key;
    const char* end;
    std::span<const KafkaHeader> headers;
  };
  void OnFate(std::size_t record, KafkaFate fate, const char* reason) noexcept override;
  void OnStatistics(std::string_view json) noexcept override;
  std::uint64_t NetworksIn(const aggregator::ClosedWindow& window) const {
    return levels_ ? window.CountNetworks(*levels_) : 0;
  }
  void Deliver(const aggregator::ClosedWindow& window, const Part& part);
  void SendOpen(const aggregator::ClosedWindow& window, const Part& part, bool is_first_round);
  template <typename Encode>
  bool SendIfOpen(KafkaTopic topic, std::size_t record, bool is_first_round, Encode encode);
  bool SendOne(KafkaTopic topic, const Message& message, std::size_t record);
  void AwaitFates();
  void PollWaiting();
  void ReplaceIfBroken();
  void Pause(unsigned round);
  void Close(std::size_t record) noexcept;
  void Refuse(std::size_t record, const char* reason) noexcept;
  bool IsCancelled() const noexcept { return cancelled_.load(std::memory_order_relaxed); }
  std::string Report(const aggregator::ClosedWindow& window, std::uint64_t refused, std::uint64_t lost) const;

  KafkaOptions options_;
  std::string name_;
  LogFunction log_;
  RecordEncoder encoder_;
  std::optional<aggregator::NetworkLevels> levels_;  // of network records, where there are any
  MessageHeaders headers_;
  std::vector<char> buffer_;
  std::atomic<bool> cancelled_{false};

  // The window under way: host records by their index, then network, anomaly and window records.
  std::vector<bool> is_open_;  // neither acknowledged nor refused
  std::size_t open_ = 0;
  std::size_t networks_ = 0;  // network records
  std::string refusal_;
  steady_clock::time_point last_progress_;

  Counter delivered_;
  Counter retried_;
  Counter rejected_;
  Counter dropped_;
  Counter windows_;
  mutable std::mutex statistics_mutex_;  // guards the two; taken once a second
  KafkaStatistics statistics_;
  KafkaStatistics replaced_statistics_;      // sums over producers that were replaced
  std::unique_ptr<KafkaProducer> producer_;  // goes first: its callbacks use the rest
};

std::string KafkaSink::Write(const aggregator::ClosedWindow& window) {
  const std::size_t hosts = window.size();
  const std::size_t networks = NetworksIn(window);
  const std::size_t anomalies = encoder_.AnomaliesIn(window);
  const std::uint64_t refused_before = rejected_.Get();
  encoder_.SetWindow(window.span(), window.partial());
  headers_.SetWindow(window.span());
  networks_ = networks;
  open_ = hosts + networks + anomalies + encoder_.window_records();
  is_open_.assign(open_, true);
  last_progress_ = steady_clock::now();
  Deliver(window, {KafkaTopic::kHosts, 0, hosts});
  Deliver(window, {KafkaTopic::kNetworks, hosts, hosts + networks});
  Deliver(window, {KafkaTopic::kEvents, hosts + networks, hosts + networks + anomalies});
  Deliver(window, {KafkaTopic::kWindows, hosts + networks + anomalies, is_open_.size()});

  const std::uint64_t lost = open_;
  const std::uint64_t refused = rejected_.Get() - refused_before;
  dropped_.Add(lost);
  if (lost == 0 && refused == 0) windows_.Add(1);
  return Report(window, refused, lost);
}

// Rounds of sending whatever is open, until nothing of the part is.
void KafkaSink::Deliver(const aggregator::ClosedWindow& window, const Part& part) {
  const std::size_t open_after = is_open_.size() - part.end;
  for (unsigned round = 0; open_ > open_after && !IsCancelled(); ++round) {
    if (round > 0) Pause(round);
    if (producer_ == nullptr) {
      const std::string problem = MakeProducer();
      if (producer_ == nullptr) {
        log_(name_ + ": no producer: " + problem);
        continue;
      }
    }
    SendOpen(window, part, round == 0);
    AwaitFates();
    ReplaceIfBroken();
  }
}

void KafkaSink::SendOpen(const aggregator::ClosedWindow& window, const Part& part, bool is_first_round) {
  char key[kMaxPrefixText];
  const auto until = [&key](const char* end) {
    return std::string_view(key, static_cast<std::size_t>(end - key));
  };
  std::size_t record = part.first;
  const auto send = [&](auto encode) {
    return SendIfOpen(part.topic, record++, is_first_round, encode) && record < part.end;
  };
  if (record == part.end) return;
  switch (part.topic) {
    case KafkaTopic::kHosts:
      while (send([&](std::size_t i, char* out) -> Message {
        const aggregator::HostRecord host = window.At(i);
        const char* const end = encoder_.EncodeHost(host, out, {window, i});
        return {until(FormatRecordKey(host, key)), end, headers_.Of(host)};
      })) {
      }
      return;
    case KafkaTopic::kNetworks:
      // They are made anew each round, also those that are not open any more: rare, and no memory.
      window.ForEachNetwork(*levels_, [&](const aggregator::NetworkRecord& network) {
        return send([&](std::size_t, char* out) -> Message {
          const char* const end = encoder_.EncodeNetwork(network, out);
          return {until(FormatRecordKey(network, key)), end, headers_.Of(network)};
        });
      });
      return;
    case KafkaTopic::kEvents:
      for (const aggregator::ProfileEvent& event : window.Events()) {
        const bool goes_on = send([&](std::size_t, char* out) -> Message {
          const char* const end = encoder_.EncodeAnomaly(event, out);
          return {until(FormatRecordKey(event, key)), end, headers_.Of(event)};
        });
        if (!goes_on) return;
      }
      return;
    case KafkaTopic::kWindows:
      send([&](std::size_t, char* out) -> Message {
        const char* const end = encoder_.EncodeWindow(window.summary(), out, networks_);
        return {options_.observer, end, headers_.OfWindow()};
      });
  }
}

// `encode(record, out)` writes the value at `out` and returns the message. False where it makes no sense to
// go on with the next record.
template <typename Encode>
bool KafkaSink::SendIfOpen(KafkaTopic topic, std::size_t record, bool is_first_round, Encode encode) {
  if (!is_open_[record]) return true;
  if (!SendOne(topic, encode(record, buffer_.data()), record)) return false;
  if (!is_first_round) retried_.Add(1);
  if (record % kSendsPerPoll == 0) producer_->Poll(0);
  return true;
}

bool KafkaSink::SendOne(KafkaTopic topic, const Message& message, std::size_t record) {
  if (message.end == buffer_.data()) {
    Close(record);  // not in this schema
    return true;
  }
  const std::string_view value(buffer_.data(), static_cast<std::size_t>(message.end - buffer_.data()));
  while (!IsCancelled() && !producer_->is_broken()) {
    switch (producer_->Send(static_cast<std::size_t>(topic), message.key, value, message.headers, record)) {
      case KafkaQueued::kYes:
        return true;
      case KafkaQueued::kFull:
        PollWaiting();
        break;
      case KafkaQueued::kRefused:
        Refuse(record, producer_->last_error().c_str());
        return true;
      case KafkaQueued::kNotNow:
        return false;
    }
  }
  return false;
}

void KafkaSink::AwaitFates() {
  while (producer_->outstanding() > 0 && !producer_->is_broken() && !IsCancelled()) PollWaiting();
  if (producer_->outstanding() > 0) producer_->Abandon();
}

void KafkaSink::PollWaiting() {
  producer_->Poll(kPollMs);
  const auto now = steady_clock::now();
  if (now - last_progress_ < kSilence) return;
  last_progress_ = now;
  const std::string& error = producer_->last_error();
  log_(name_ + ": " + std::to_string(open_) +
       " records wait, none acknowledged for 10 s: " + (error.empty() ? "no answer" : error) + "; trying on");
}

// After Abandon() only: the fates of all its records are known.
void KafkaSink::ReplaceIfBroken() {
  if (!producer_->is_broken()) return;
  log_(name_ + ": the producer is replaced after a fatal error: " + producer_->last_error());
  producer_.reset();
  const std::lock_guard lock(statistics_mutex_);
  AddCounts(std::exchange(statistics_, {}), replaced_statistics_);
}

// Statistics and errors come while it is polled.
void KafkaSink::Idle() noexcept {
  if (producer_ != nullptr) producer_->Poll(0);
}

void KafkaSink::OnStatistics(std::string_view json) noexcept {
  KafkaStatistics statistics;
  if (!ReadKafkaStatistics(json, statistics)) return;
  const std::lock_guard lock(statistics_mutex_);
  statistics_ = statistics;
}

void KafkaSink::Pause(unsigned round) {
  const milliseconds pause = std::min(kFirstPause * (1U << std::min(round - 1, 10U)), kLongestPause);
  const auto end = steady_clock::now() + pause;
  while (!IsCancelled() && steady_clock::now() < end) {
    if (producer_ != nullptr) {
      PollWaiting();
    } else {
      std::this_thread::sleep_for(milliseconds{kPollMs});
    }
  }
}

void KafkaSink::OnFate(std::size_t record, KafkaFate fate, const char* reason) noexcept {
  if (fate == KafkaFate::kUndelivered) return;  // stays open
  last_progress_ = steady_clock::now();
  if (fate == KafkaFate::kRefused) {
    Refuse(record, reason);
  } else {
    delivered_.Add(1);
    Close(record);
  }
}

void KafkaSink::Refuse(std::size_t record, const char* reason) noexcept {
  refusal_ = reason;
  rejected_.Add(1);
  Close(record);
}

void KafkaSink::Close(std::size_t record) noexcept {
  is_open_[record] = false;
  --open_;
}

std::string KafkaSink::Report(const aggregator::ClosedWindow& window, std::uint64_t refused,
                              std::uint64_t lost) const {
  if (refused == 0 && lost == 0) return {};
  char start[kTimeText];
  std::string text = name_ + ": window of ";
  text.append(start, FormatTime(window.span().start, start));
  if (refused != 0) text += ": " + std::to_string(refused) + " records refused: " + refusal_;
  if (lost != 0) text += ": cancelled with " + std::to_string(lost) + " records not acknowledged";
  return text;
}

}  // namespace

OpenedSink OpenKafkaSink(const KafkaOptions& options, LogFunction log) {
  if (!log) log = [](std::string_view) {};
  auto sink = std::make_unique<KafkaSink>(options, std::move(log));
  std::string problem = sink->MakeProducer();
  if (!problem.empty()) return {nullptr, problem};
  return {std::move(sink), {}};
}

}  // namespace hostscope::exporter
