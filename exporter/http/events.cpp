#include "exporter/http/events.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace hostscope::http {

std::string FormatEvent(std::string_view event, std::string_view data) {
  std::string text;
  text.reserve(event.size() + data.size() + 24);
  if (!event.empty()) text.append("event: ").append(event).append("\n");
  while (true) {
    const std::size_t end = data.find('\n');
    text.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == std::string_view::npos) break;
    data.remove_prefix(end + 1);
  }
  return text += '\n';
}

/// One mutex for all: events come a few times a second, and each is a pointer to be copied.
struct EventBroadcaster::Shared {
  std::size_t max_waiting_bytes = 0;
  mutable std::mutex mutex;
  std::vector<Subscription*> subscriptions;
  std::uint64_t published = 0;
  std::uint64_t cut_off = 0;
};

class EventBroadcaster::Subscription final : public EventSubscription {
 public:
  explicit Subscription(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {
    const std::lock_guard lock(shared_->mutex);
    shared_->subscriptions.push_back(this);
  }
  ~Subscription() override {
    const std::lock_guard lock(shared_->mutex);
    std::erase(shared_->subscriptions, this);
  }
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

  void OnEvents(std::function<void()> wake) override {
    const std::lock_guard lock(shared_->mutex);
    wake_ = std::move(wake);
    if (!waiting_.empty() || is_cut_off_) wake_();
  }

  std::vector<Text> Take() override {
    const std::lock_guard lock(shared_->mutex);
    bytes_ = 0;
    return std::exchange(waiting_, {});
  }

  bool IsCutOff() const override {
    const std::lock_guard lock(shared_->mutex);
    return is_cut_off_;
  }

  /// With the mutex held.
  void Add(const Text& event) {
    if (is_cut_off_) return;
    if (bytes_ + event->size() > shared_->max_waiting_bytes) {
      is_cut_off_ = true;
      waiting_.clear();
      ++shared_->cut_off;
    } else {
      waiting_.push_back(event);
      bytes_ += event->size();
    }
    if (wake_) wake_();
  }

 private:
  std::shared_ptr<Shared> shared_;
  std::function<void()> wake_;
  std::vector<Text> waiting_;
  std::size_t bytes_ = 0;
  bool is_cut_off_ = false;
};

EventBroadcaster::EventBroadcaster(std::size_t max_waiting_bytes) : shared_(std::make_shared<Shared>()) {
  shared_->max_waiting_bytes = max_waiting_bytes;
}
EventBroadcaster::~EventBroadcaster() = default;

void EventBroadcaster::Publish(std::string_view event, std::string_view data) {
  const auto text = std::make_shared<const std::string>(FormatEvent(event, data));
  const std::lock_guard lock(shared_->mutex);
  ++shared_->published;
  for (Subscription* subscription : shared_->subscriptions) subscription->Add(text);
}

std::shared_ptr<EventSubscription> EventBroadcaster::Subscribe() {
  return std::make_shared<Subscription>(shared_);
}

EventStatus EventBroadcaster::status() const {
  const std::lock_guard lock(shared_->mutex);
  return {shared_->subscriptions.size(), shared_->published, shared_->cut_off};
}

}  // namespace hostscope::http
