#include "exporter/elastic/bulk_sender.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace hostscope::exporter {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongestWait{100};  // so that Cancel() is heard
constexpr std::chrono::seconds kNotesApart{10};
constexpr std::size_t kAskedPerPoll = 256;  // documents after which what is under way is moved on
constexpr std::size_t kLeastBatch = std::size_t{64} << 10;
constexpr long kOk = 200;
constexpr long kTooLarge = 413;

// An item of an answer: its status, and where it failed a type and a reason, which may repeat values of the
// document.
constexpr std::size_t kMaxAnswerPerDocument = 8192;
constexpr std::size_t kMaxAnswer = std::size_t{1} << 20;

std::uint64_t Seed(std::size_t slot) {
  return std::random_device{}() + slot;
}

}  // namespace

BulkSender::BulkSender(HttpClient& client, const BulkSenderOptions& options, BulkListener& listener,
                       Prepare prepare, const std::atomic<bool>& cancelled, LogFunction log)
    : client_(client),
      listener_(listener),
      prepare_(std::move(prepare)),
      cancelled_(cancelled),
      log_(std::move(log)),
      gzip_(options.gzip),
      batch_bytes_(options.batch_bytes),
      preparation_(options.backoff, Seed(0)) {
  for (std::size_t i = 0; i < client.slots(); ++i) slots_.push_back(std::make_unique<Slot>(options, Seed(i)));
}

BulkBody* BulkSender::Body() {
  if (++asked_ % kAskedPerPoll == 0) Poll(milliseconds{0});
  while (!IsCancelled()) {
    Slot* free = nullptr;
    for (const auto& slot : slots_) {
      if (slot->state == State::kFilling) return &slot->body;
      if (slot->state == State::kFree) free = slot.get();
    }
    if (free != nullptr) {
      free->state = State::kFilling;
      free->body.Clear();
      return &free->body;
    }
    Step();
  }
  return nullptr;
}

void BulkSender::Post(const std::string& stream) {
  for (const auto& slot : slots_) {
    if (slot->state != State::kFilling) continue;
    slot->stream = stream;
    slot->most = slot->body.documents();
    slot->backoff.Reset();
    slot->state = slot->body.empty() ? State::kFree : State::kWaiting;
  }
  StartDue(Clock::now());
  Poll(milliseconds{0});
}

bool BulkSender::Drain() {
  const auto is_busy = [](const auto& slot) {
    return slot->state == State::kWaiting || slot->state == State::kUnderWay;
  };
  while (std::any_of(slots_.begin(), slots_.end(), is_busy)) {
    if (IsCancelled()) return false;
    Step();
  }
  return true;
}

void BulkSender::Abandon() noexcept {
  client_.Abort();
  for (const auto& slot : slots_) slot->state = State::kFree;
}

void BulkSender::Step() {
  const Clock::time_point now = Clock::now();
  if (!is_prepared_ && CountUnderWay() == 0) TryToPrepare(now);
  StartDue(now);
  if (CountUnderWay() == 0) {
    std::this_thread::sleep_for(Wait(now));
    return;
  }
  Poll(Wait(now));
}

void BulkSender::Poll(milliseconds wait) {
  client_.Poll(wait, [this](std::size_t number, HttpAnswer& answer) { Take(*slots_[number], answer); });
}

void BulkSender::StartDue(Clock::time_point now) {
  if (!is_prepared_) return;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i]->state == State::kWaiting && slots_[i]->backoff.IsDue(now)) Start(i);
  }
}

void BulkSender::TryToPrepare(Clock::time_point now) {
  if (!preparation_.IsDue(now)) return;
  const std::string problem = prepare_();
  if (IsCancelled()) return;
  is_prepared_ = problem.empty();
  if (is_prepared_) {
    preparation_.Reset();
  } else {
    preparation_.Fail(Clock::now());
    Note(problem);
  }
}

void BulkSender::Start(std::size_t number) {
  Slot& slot = *slots_[number];
  slot.sent = std::min(slot.most, slot.body.documents());
  const std::string_view text = slot.body.text(slot.sent);
  HttpRequest request;
  request.method = "POST";
  request.path = "/" + slot.stream + "/_bulk?" + std::string(kBulkQuery);
  request.body = gzip_ ? slot.gzip.Pack(text) : text;
  request.is_gzip = gzip_;
  request.is_ndjson = true;
  request.max_answer = kMaxAnswer + slot.sent * kMaxAnswerPerDocument;
  slot.state = State::kUnderWay;
  client_.Start(number, request);
}

void BulkSender::Take(Slot& slot, HttpAnswer& answer) {
  slot.state = State::kWaiting;
  if (answer.status == 0) {
    is_prepared_ = false;
    Fail(slot, answer.problem);
  } else if (answer.status == kTooLarge) {
    Shrink(slot);
  } else if (answer.status != kOk) {
    Fail(slot, DescribeFailure("POST /" + slot.stream + "/_bulk", answer));
  } else if (const std::string wrong = reader_.Read(answer.body, slot.sent, items_); !wrong.empty()) {
    Fail(slot, "POST /" + slot.stream + "/_bulk: " + wrong);
  } else {
    TakeItems(slot);
  }
}

void BulkSender::TakeItems(Slot& slot) {
  keep_.assign(slot.body.documents(), true);
  std::size_t delivered = 0;
  std::size_t again = 0;
  const ItemAnswer* trouble = nullptr;
  for (std::size_t i = 0; i < slot.sent; ++i) {
    ItemAnswer& item = items_[i];
    if (!item.reason.empty()) item.reason = client_.Scrub(std::move(item.reason));
    keep_[i] = item.fate == ItemFate::kAgain;
    if (item.fate == ItemFate::kDelivered) ++delivered;
    if (item.fate == ItemFate::kRejected) {
      listener_.OnRejected(slot.stream, slot.body.id(i), slot.body.document(i), item);
    }
    if (item.fate != ItemFate::kAgain) continue;
    ++again;
    trouble = &item;
  }
  listener_.OnDelivered(delivered);
  slot.body.Keep(keep_);
  if (trouble == nullptr) {
    slot.backoff.Reset();
    if (slot.body.empty()) slot.state = State::kFree;
    return;
  }
  listener_.OnRetry(again);
  slot.backoff.Fail(Clock::now());
  Note(std::to_string(again) + " of " + std::to_string(slot.sent) + " documents for " + slot.stream +
       " are not taken now: status " + std::to_string(trouble->status) + ": " + trouble->reason);
}

void BulkSender::Shrink(Slot& slot) {
  batch_bytes_ = std::max(kLeastBatch, std::min(batch_bytes_, slot.body.text(slot.sent).size()) / 2);
  if (slot.sent > 1) {
    slot.most = slot.sent / 2;
    listener_.OnRetry(slot.sent);
    return;
  }
  listener_.OnRejected(slot.stream, slot.body.id(0), slot.body.document(0),
                       {ItemFate::kRejected, static_cast<int>(kTooLarge), "too large for the server"});
  keep_.assign(slot.body.documents(), true);
  keep_[0] = false;
  slot.body.Keep(keep_);
  if (slot.body.empty()) slot.state = State::kFree;
}

void BulkSender::Fail(Slot& slot, const std::string& problem) {
  listener_.OnRetry(slot.sent);
  slot.backoff.Fail(Clock::now());
  Note(problem);
}

// So that the log is not flooded; what is not said now is said again if it stays.
void BulkSender::Note(const std::string& problem) {
  const Clock::time_point now = Clock::now();
  if (last_note_ != Clock::time_point::min() && now - last_note_ < kNotesApart) return;
  last_note_ = now;
  std::size_t waiting = 0;
  for (const auto& slot : slots_) {
    if (slot->state != State::kFree) waiting += slot->body.documents();
  }
  log_(problem + "; " + std::to_string(waiting) + " records wait; trying on");
}

milliseconds BulkSender::Wait(Clock::time_point now) const {
  milliseconds wait = kLongestWait;
  const auto shorten = [&](Clock::time_point due) {
    if (due <= now) return;
    wait = std::min(wait, std::chrono::ceil<milliseconds>(due - now));
  };
  if (!is_prepared_) shorten(preparation_.due());
  for (const auto& slot : slots_) {
    if (is_prepared_ && slot->state == State::kWaiting) shorten(slot->backoff.due());
  }
  return wait;
}

std::size_t BulkSender::CountUnderWay() const noexcept {
  return static_cast<std::size_t>(std::count_if(
      slots_.begin(), slots_.end(), [](const auto& slot) { return slot->state == State::kUnderWay; }));
}

HttpAnswer BulkSender::Ask(const HttpRequest& request) {
  HttpAnswer result;
  bool is_done = false;
  client_.Start(0, request);
  while (!is_done && !IsCancelled()) {
    client_.Poll(kLongestWait, [&](std::size_t, HttpAnswer& answer) {
      result = std::move(answer);
      is_done = true;
    });
  }
  if (!is_done) client_.Abort();
  return result;
}

}  // namespace hostscope::exporter
