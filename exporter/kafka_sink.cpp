#include "exporter/kafka_sink.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

#include "exporter/address_text.h"
#include "exporter/json_text.h"
#include "exporter/kafka_producer.h"
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

class KafkaSink final : public Sink, private KafkaListener {
 public:
  KafkaSink(const KafkaOptions& options, LogFunction log)
      : options_(options),
        name_("kafka " + options.brokers),
        log_(std::move(log)),
        encoder_(options.format, options.observer, options.schema, options.sketches),
        levels_(encoder_.LevelsToWrite(options.networks)),
        buffer_(encoder_.max_record_size()) {}

  /// Returns why there is no producer, or an empty string.
  std::string MakeProducer() {
    std::string problem;
    producer_ = KafkaProducer::Make(options_, *this, log_, problem);
    return problem;
  }

  std::string_view name() const noexcept override { return name_; }
  std::string Write(const aggregator::ClosedWindow& window) override;
  std::string Flush(int) override { return {}; }  // Write() leaves nothing behind
  void Cancel() noexcept override { cancelled_.store(true, std::memory_order_relaxed); }
  std::uint64_t RecordsIn(const aggregator::ClosedWindow& window) const noexcept override {
    return window.size() + NetworksIn(window) + encoder_.window_records();
  }
  SinkStatus status() const noexcept override {
    return {.delivered = delivered_.Get(),
            .retried = retried_.Get(),
            .rejected = rejected_.Get(),
            .dropped = dropped_.Get(),
            .windows = windows_.Get()};
  }

 private:
  /// The records of one kind, by their numbers in is_open_.
  struct Part {
    KafkaTopic topic;
    std::size_t first;
    std::size_t end;
  };
  void OnFate(std::size_t record, KafkaFate fate, const char* reason) noexcept override;
  std::uint64_t NetworksIn(const aggregator::ClosedWindow& window) const {
    return levels_ ? window.CountNetworks(*levels_) : 0;
  }
  void Deliver(const aggregator::ClosedWindow& window, const Part& part);
  void SendOpen(const aggregator::ClosedWindow& window, const Part& part, bool is_first_round);
  template <typename Encode>
  bool SendIfOpen(KafkaTopic topic, std::size_t record, bool is_first_round, Encode encode);
  bool SendOne(KafkaTopic topic, std::string_view key, const char* end, std::size_t record);
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
  std::vector<char> buffer_;
  std::atomic<bool> cancelled_{false};

  // The window under way: host records by their index, then network records, then the window record.
  std::vector<bool> is_open_;  // neither acknowledged nor refused
  std::size_t open_ = 0;
  std::string refusal_;
  steady_clock::time_point last_progress_;

  Counter delivered_;
  Counter retried_;
  Counter rejected_;
  Counter dropped_;
  Counter windows_;
  std::unique_ptr<KafkaProducer> producer_;  // goes first: its callbacks use the rest
};

std::string KafkaSink::Write(const aggregator::ClosedWindow& window) {
  const std::size_t hosts = window.size();
  const std::size_t networks = NetworksIn(window);
  const std::uint64_t refused_before = rejected_.Get();
  encoder_.SetWindow(window.span(), window.partial());
  open_ = hosts + networks + encoder_.window_records();
  is_open_.assign(open_, true);
  last_progress_ = steady_clock::now();
  Deliver(window, {KafkaTopic::kHosts, 0, hosts});
  Deliver(window, {KafkaTopic::kNetworks, hosts, hosts + networks});
  Deliver(window, {KafkaTopic::kWindows, hosts + networks, is_open_.size()});

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
      while (send([&](std::size_t i, char*& end) {
        const aggregator::HostRecord host = window.At(i);
        end = encoder_.EncodeHost(host, end, {window, i});
        return until(FormatRecordKey(host, key));
      })) {
      }
      return;
    case KafkaTopic::kNetworks:
      // They are made anew each round, also those that are not open any more: rare, and no memory.
      window.ForEachNetwork(*levels_, [&](const aggregator::NetworkRecord& network) {
        return send([&](std::size_t, char*& end) {
          end = encoder_.EncodeNetwork(network, end);
          return until(FormatRecordKey(network, key));
        });
      });
      return;
    case KafkaTopic::kWindows:
      send([&](std::size_t i, char*& end) {
        end = encoder_.EncodeWindow(window.summary(), end, i - window.size());
        return std::string_view(options_.observer);
      });
  }
}

// `encode(record, end)` writes at `end`, moves it, and returns the key. False where it makes no sense to go
// on with the next record.
template <typename Encode>
bool KafkaSink::SendIfOpen(KafkaTopic topic, std::size_t record, bool is_first_round, Encode encode) {
  if (!is_open_[record]) return true;
  char* end = buffer_.data();
  const std::string_view key = encode(record, end);
  if (!SendOne(topic, key, end, record)) return false;
  if (!is_first_round) retried_.Add(1);
  if (record % kSendsPerPoll == 0) producer_->Poll(0);
  return true;
}

bool KafkaSink::SendOne(KafkaTopic topic, std::string_view key, const char* end, std::size_t record) {
  if (end == buffer_.data()) {
    Close(record);  // not in this schema
    return true;
  }
  const std::string_view value(buffer_.data(), static_cast<std::size_t>(end - buffer_.data()));
  while (!IsCancelled() && !producer_->is_broken()) {
    switch (producer_->Send(topic, key, value, record)) {
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
