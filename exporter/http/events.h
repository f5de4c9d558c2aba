#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hostscope::http {

/// One server-sent event as it goes over the wire. `data` may have several lines, `event` none.
std::string FormatEvent(std::string_view event, std::string_view data);

struct EventStatus {
  std::uint64_t subscribers = 0;  ///< now
  std::uint64_t published = 0;
  std::uint64_t cut_off = 0;  ///< subscribers that had too much waiting
};

/// What one subscriber has not taken yet. Its destruction ends it.
class EventSubscription {
 public:
  using Text = std::shared_ptr<const std::string>;  ///< shared by all subscribers

  virtual ~EventSubscription() = default;
  /// `wake` is called by publishing threads whenever there is something to take; it must not block, nor call
  /// back into here. Once, before the first Take().
  virtual void OnEvents(std::function<void()> wake) = 0;
  /// All that waits.
  virtual std::vector<Text> Take() = 0;
  /// Whether this subscriber was too slow: it gets nothing any more.
  virtual bool IsCutOff() const = 0;
  /// Whether nothing comes any more behind what Take() gave.
  virtual bool IsOver() const { return false; }
  /// What a silent stream is kept awake with; null: nothing.
  virtual Text Heartbeat() const { return std::make_shared<const std::string>(":\n\n"); }
};

/// Gives events to all who have subscribed. Any thread. Publishing never waits for a subscriber: one that
/// has more than `max_waiting_bytes` waiting is cut off. Kept alive by its subscriptions.
class EventBroadcaster {
 public:
  explicit EventBroadcaster(std::size_t max_waiting_bytes = 1 << 20);
  ~EventBroadcaster();
  EventBroadcaster(const EventBroadcaster&) = delete;
  EventBroadcaster& operator=(const EventBroadcaster&) = delete;

  void Publish(std::string_view event, std::string_view data);
  std::shared_ptr<EventSubscription> Subscribe();
  EventStatus status() const;

 private:
  class Subscription;
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace hostscope::http
