#include "exporter/elastic/elastic_sink.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <string_view>
#include <utility>

#include "exporter/elastic/bulk_sender.h"
#include "exporter/elastic/elastic_names.h"
#include "exporter/encoding/json_encoder.h"
#include "exporter/encoding/json_text.h"
#include "exporter/encoding/record_id.h"
#include "exporter/encoding/text_writer.h"
#include "ipfix/counter.h"

namespace hostscope::exporter {
namespace {

constexpr std::size_t kMaxId = RecordIdMaker::kTextLength + 2 + kMaxNumberText;

std::string NameOf(const ElasticOptions& options) {
  std::string name = "elasticsearch";
  for (const std::string& url : options.http.urls) name += (name.back() == 'h' ? " " : ",") + url;
  return name + " " + options.data_stream;
}

class ElasticSink final : public Sink, private BulkListener {
 public:
  ElasticSink(const ElasticOptions& options, std::unique_ptr<HttpClient> client,
              std::unique_ptr<DeadLetters> dead_letters, LogFunction log);

  std::string_view name() const noexcept override { return name_; }
  std::string Write(const aggregator::ClosedWindow& window) override;
  std::string Flush(int) override { return {}; }  // Write() leaves nothing behind
  void Cancel() noexcept override { cancelled_.store(true, std::memory_order_relaxed); }
  std::uint64_t RecordsIn(const aggregator::ClosedWindow& window) const noexcept override;
  SinkStatus status() const noexcept override {
    return {.delivered = delivered_.Get(),
            .retried = retried_.Get(),
            .rejected = rejected_.Get(),
            .dropped = dropped_.Get(),
            .windows = windows_.Get()};
  }

 private:
  void OnDelivered(std::size_t documents) override { delivered_.Add(documents); }
  void OnRetry(std::size_t documents) override { retried_.Add(documents); }
  void OnRejected(std::string_view stream, std::string_view id, std::string_view document,
                  const ItemAnswer& why) override;

  bool IsWanted(std::int64_t length_ns) const noexcept;
  void SetWindow(const aggregator::ClosedWindow& window);
  void WriteHosts(const aggregator::ClosedWindow& window);
  std::uint64_t WriteNetworks(const aggregator::ClosedWindow& window);
  void WriteAnomalies(const aggregator::ClosedWindow& window);
  void WriteWindow(const aggregator::ClosedWindow& window, std::uint64_t networks);
  template <typename FormatId, typename Encode>
  bool Put(ElasticStream stream, FormatId format_id, Encode encode);
  bool IsCancelled() const noexcept { return cancelled_.load(std::memory_order_relaxed); }
  std::uint64_t NetworksIn(const aggregator::ClosedWindow& window) const {
    return networks_ ? window.CountNetworks(*networks_) : 0;
  }
  std::string Report(const aggregator::ClosedWindow& window, std::uint64_t refused, std::uint64_t lost) const;

  ElasticOptions options_;
  std::string name_;
  LogFunction log_;
  JsonEncoder encoder_;
  std::optional<aggregator::NetworkLevels> networks_;
  RecordIdMaker ids_;
  HostPicker picker_;
  std::unique_ptr<DeadLetters> dead_letters_;
  std::atomic<bool> cancelled_{false};

  // The window under way.
  std::int64_t length_ns_ = 0;
  std::string id_end_;  // of its documents' ids
  std::array<std::string, kElasticStreams.size()> streams_;
  std::string refusal_;
  std::string unkept_;  // why a dead letter was not kept

  Counter delivered_;
  Counter retried_;
  Counter rejected_;
  Counter dropped_;
  Counter windows_;
  IndexSetup setup_;
  std::unique_ptr<HttpClient> client_;
  BulkSender sender_;
};

BulkSenderOptions SenderOptions(const ElasticOptions& options, std::size_t max_document) {
  return {options.batch_bytes, max_document, kMaxId, options.gzip, options.backoff};
}

ElasticSink::ElasticSink(const ElasticOptions& options, std::unique_ptr<HttpClient> client,
                         std::unique_ptr<DeadLetters> dead_letters, LogFunction log)
    : options_(options),
      name_(NameOf(options)),
      log_(std::move(log)),
      encoder_(options.observer, Schema::kHostscope, false, HostNetwork::kObject, options.context),
      networks_(encoder_.LevelsToWrite(options.networks)),
      ids_(options.observer),
      picker_(options.hosts),
      dead_letters_(std::move(dead_letters)),
      setup_(options.index, options.data_stream, log_),
      client_(std::move(client)),
      sender_(
          *client_, SenderOptions(options, encoder_.max_record_size()), *this,
          [this] {
            return setup_.Ensure(length_ns_,
                                 [this](const HttpRequest& request) { return sender_.Ask(request); });
          },
          cancelled_, log_) {}

bool ElasticSink::IsWanted(std::int64_t length_ns) const noexcept {
  const std::vector<std::int64_t>& wanted = options_.window_lengths_ns;
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), length_ns) != wanted.end();
}

// Of a window without length, which stands for many, it is the most that there can be.
std::uint64_t ElasticSink::RecordsIn(const aggregator::ClosedWindow& window) const noexcept {
  const std::int64_t length_ns = window.span().length_ns;
  if (length_ns != 0 && !IsWanted(length_ns)) return 0;
  return picker_.AtMost(window.size()) + NetworksIn(window) + encoder_.AnomaliesIn(window) +
         encoder_.window_records();
}

std::string ElasticSink::Write(const aggregator::ClosedWindow& window) {
  if (!IsWanted(window.span().length_ns)) return {};
  const std::uint64_t delivered_before = delivered_.Get();
  const std::uint64_t rejected_before = rejected_.Get();
  SetWindow(window);
  const std::uint64_t records =
      picker_.size() + NetworksIn(window) + encoder_.AnomaliesIn(window) + encoder_.window_records();
  WriteHosts(window);
  const std::uint64_t networks = WriteNetworks(window);
  WriteAnomalies(window);
  if (sender_.Drain()) WriteWindow(window, networks);
  if (!sender_.Drain()) sender_.Abandon();

  const std::uint64_t refused = rejected_.Get() - rejected_before;
  const std::uint64_t lost = records - (delivered_.Get() - delivered_before) - refused;
  dropped_.Add(lost);
  if (lost == 0 && refused == 0) windows_.Add(1);
  return Report(window, refused, lost);
}

void ElasticSink::SetWindow(const aggregator::ClosedWindow& window) {
  const aggregator::WindowSpan span = window.span();
  encoder_.SetWindow(span, window.partial());
  ids_.SetWindow(span);
  picker_.Pick(window);
  if (span.length_ns != length_ns_) {
    length_ns_ = span.length_ns;
    for (const ElasticStream stream : kElasticStreams) {
      streams_[static_cast<std::size_t>(stream)] = StreamName(options_.data_stream, stream, length_ns_);
    }
    sender_.NeedsPreparation();
  }
  // The parts of a window that was cut have the same record_ids, and all count.
  id_end_.clear();
  if (window.partial()) id_end_ = "-p" + std::to_string(window.summary().part);
  refusal_.clear();
  unkept_.clear();
}

// One document. `format_id(out)` and `encode(out)` write at `out` and return the end. False where cancelled.
template <typename FormatId, typename Encode>
bool ElasticSink::Put(ElasticStream stream, FormatId format_id, Encode encode) {
  BulkBody* const body = sender_.Body();
  if (body == nullptr) return false;
  std::array<char, kMaxId> id;
  char* const end = PutText(format_id(id.data()), id_end_);
  body->End(encode(body->Begin({id.data(), static_cast<std::size_t>(end - id.data())})));
  if (body->size() >= sender_.batch_bytes()) sender_.Post(streams_[static_cast<std::size_t>(stream)]);
  return true;
}

void ElasticSink::WriteHosts(const aggregator::ClosedWindow& window) {
  for (std::size_t i = 0; i < picker_.size(); ++i) {
    const aggregator::HostRecord host = window.At(picker_[i]);
    const bool goes_on = Put(
        ElasticStream::kHosts, [&](char* out) { return ids_.Format(host, out); },
        [&](char* out) { return encoder_.EncodeHost(host, out); });
    if (!goes_on) return;
  }
  sender_.Post(streams_[static_cast<std::size_t>(ElasticStream::kHosts)]);
}

std::uint64_t ElasticSink::WriteNetworks(const aggregator::ClosedWindow& window) {
  if (!networks_ || IsCancelled()) return 0;
  std::uint64_t count = 0;
  window.ForEachNetwork(*networks_, [&](const aggregator::NetworkRecord& network) {
    ++count;
    return Put(
        ElasticStream::kNetworks, [&](char* out) { return ids_.Format(network, out); },
        [&](char* out) { return encoder_.EncodeNetwork(network, out); });
  });
  sender_.Post(streams_[static_cast<std::size_t>(ElasticStream::kNetworks)]);
  return count;
}

void ElasticSink::WriteAnomalies(const aggregator::ClosedWindow& window) {
  if (encoder_.AnomaliesIn(window) == 0 || IsCancelled()) return;
  for (const aggregator::ProfileEvent& event : window.Events()) {
    const bool goes_on = Put(
        ElasticStream::kEvents, [&](char* out) { return ids_.Format(event, out); },
        [&](char* out) { return encoder_.EncodeAnomaly(event, out); });
    if (!goes_on) return;
  }
  sender_.Post(streams_[static_cast<std::size_t>(ElasticStream::kEvents)]);
}

void ElasticSink::WriteWindow(const aggregator::ClosedWindow& window, std::uint64_t networks) {
  Put(
      ElasticStream::kWindows, [&](char* out) { return ids_.FormatWindow(out); },
      [&](char* out) { return encoder_.EncodeWindow(window.summary(), out, networks); });
  sender_.Post(streams_[static_cast<std::size_t>(ElasticStream::kWindows)]);
}

void ElasticSink::OnRejected(std::string_view stream, std::string_view id, std::string_view document,
                             const ItemAnswer& why) {
  rejected_.Add(1);
  refusal_ = "status " + std::to_string(why.status) + ": " + why.reason;
  std::string problem = dead_letters_->Add({stream, id, document, why.status, why.reason});
  if (!problem.empty()) unkept_ = std::move(problem);
}

std::string ElasticSink::Report(const aggregator::ClosedWindow& window, std::uint64_t refused,
                                std::uint64_t lost) const {
  if (refused == 0 && lost == 0) return {};
  std::array<char, kTimeText> start;
  FormatTime(window.span().start, start.data());
  std::string text = name_ + ": window of " + std::string(start.data(), start.size());
  if (refused != 0) text += ": " + std::to_string(refused) + " records refused: " + refusal_;
  if (!unkept_.empty()) text += ": not all are in the dead letters: " + unkept_;
  if (lost != 0) text += ": cancelled with " + std::to_string(lost) + " records not acknowledged";
  return text;
}

}  // namespace

OpenedSink OpenElasticSink(const ElasticOptions& options, LogFunction log) {
  if (!log) log = [](std::string_view) {};
  std::string problem;
  const auto fail = [&problem](const std::string& where) {
    return OpenedSink{nullptr, "elasticsearch: " + where + problem};
  };
  for (const ElasticProblem& wrong : CheckElasticOptions(options)) {
    problem = wrong.wrong + "; " + wrong.allowed;
    return fail(wrong.key + ": ");
  }
  HttpOptions http = options.http;
  http.slots = options.connections;
  std::unique_ptr<HttpClient> client = HttpClient::Make(http, problem);
  if (client == nullptr) return fail("");
  std::unique_ptr<DeadLetters> dead_letters = DeadLetters::Open(options.dead_letters, problem);
  if (dead_letters == nullptr) return fail("dead_letters: ");
  return {std::make_unique<ElasticSink>(options, std::move(client), std::move(dead_letters), std::move(log)),
          {}};
}

}  // namespace hostscope::exporter
