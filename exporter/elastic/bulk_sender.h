#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/elastic/backoff.h"
#include "exporter/elastic/bulk_answer.h"
#include "exporter/elastic/bulk_body.h"
#include "exporter/elastic/gzip.h"
#include "exporter/elastic/http_client.h"
#include "exporter/sink.h"

namespace hostscope::exporter {

/// Learns what became of documents; on the sender's thread.
class BulkListener {
 public:
  virtual ~BulkListener() = default;
  virtual void OnDelivered(std::size_t documents) = 0;
  virtual void OnRetry(std::size_t documents) = 0;
  virtual void OnRejected(std::string_view stream, std::string_view id, std::string_view document,
                          const ItemAnswer& why) = 0;
};

struct BulkSenderOptions {
  std::size_t batch_bytes = std::size_t{4} << 20;  ///< of a body, before it is packed
  std::size_t max_document = 0;                    ///< no document is longer
  std::size_t max_id = 0;                          ///< nor any id
  bool gzip = true;
  BackoffOptions backoff;
};

/// Sends documents in `_bulk` requests over all connections of a client, until each is delivered or rejected.
///
/// A request that fails as a whole (no connection, no answer in time, an answer that makes no sense, any
/// status but 200) is sent again after a pause, as are single documents that the server could not take now;
/// for ever, until cancelled. A body that is too large for the server (413) is sent in parts, and bodies are
/// smaller from then on; a single document that is too large is rejected. Sending again is harmless, since
/// `create` refuses an id that is there.
///
/// Memory: one body for each connection, and the same packed. One thread.
class BulkSender {
 public:
  /// What has to be true before documents are sent: tries to make it so, and returns why it is not, or an
  /// empty string. Called before the first document, and again when a connection failed, since the server may
  /// have lost everything; with no request under way.
  using Prepare = std::function<std::string()>;

  BulkSender(HttpClient& client, const BulkSenderOptions& options, BulkListener& listener, Prepare prepare,
             const std::atomic<bool>& cancelled, LogFunction log);

  /// The body to be filled, with room for one document at least; waits until there is one. Null where
  /// cancelled.
  BulkBody* Body();
  /// Sends that body to this data stream, soon.
  void Post(const std::string& stream);
  /// A body of this size is to be posted.
  std::size_t batch_bytes() const noexcept { return batch_bytes_; }

  /// Waits until nothing is under way. False where cancelled before.
  bool Drain();
  /// Forgets whatever is neither delivered nor rejected, also what is under way.
  void Abandon() noexcept;
  /// Calls Prepare before anything else is sent.
  void NeedsPreparation() noexcept { is_prepared_ = false; }

  /// A request on its own, while nothing is under way. Status 0 and no problem where cancelled.
  HttpAnswer Ask(const HttpRequest& request);

 private:
  using Clock = std::chrono::steady_clock;
  enum class State : std::uint8_t { kFree, kFilling, kWaiting, kUnderWay };
  struct Slot {
    Slot(const BulkSenderOptions& options, std::uint64_t seed)
        : body(options.batch_bytes, options.max_document, options.max_id), backoff(options.backoff, seed) {}

    State state = State::kFree;
    BulkBody body;
    std::string stream;
    std::size_t sent = 0;  // documents of the request under way: the first of the body
    std::size_t most = 0;  // documents that a request may have
    Gzip gzip;
    Backoff backoff;
  };

  void Step();
  void Poll(std::chrono::milliseconds wait);
  void StartDue(Clock::time_point now);
  void TryToPrepare(Clock::time_point now);
  void Start(std::size_t number);
  void Take(Slot& slot, HttpAnswer& answer);
  void TakeItems(Slot& slot);
  void Shrink(Slot& slot);
  void Fail(Slot& slot, const std::string& problem);
  void Note(const std::string& problem);
  std::chrono::milliseconds Wait(Clock::time_point now) const;
  std::size_t CountUnderWay() const noexcept;
  bool IsCancelled() const noexcept { return cancelled_.load(std::memory_order_relaxed); }

  HttpClient& client_;
  BulkListener& listener_;
  Prepare prepare_;
  const std::atomic<bool>& cancelled_;
  LogFunction log_;
  bool gzip_;
  std::size_t batch_bytes_;
  bool is_prepared_ = false;
  std::size_t asked_ = 0;  // how often Body() was called
  Backoff preparation_;
  Clock::time_point last_note_ = Clock::time_point::min();
  BulkAnswerReader reader_;
  std::vector<ItemAnswer> items_;
  std::vector<bool> keep_;
  std::vector<std::unique_ptr<Slot>> slots_;
};

}  // namespace hostscope::exporter
