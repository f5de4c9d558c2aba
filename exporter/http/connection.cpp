#include "exporter/http/connection.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <chrono>
#include <string_view>
#include <type_traits>
#include <utility>

namespace hostscope::http {
namespace {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kHandshakeNs = 10 * kSecond;
// A reader has so long for a response, and as much more as it needs at the slowest pace that is put up with.
constexpr std::int64_t kWriteNs = 20 * kSecond;
constexpr std::int64_t kSlowestBytesPerSecond = 32 << 10;
// A silent stream gets a comment, so that proxies keep it and a client that is gone is noticed.
constexpr std::int64_t kHeartbeatNs = 15 * kSecond;
// After a refusal what the client still sends is read away: a reset could overtake the response.
constexpr std::int64_t kDrainNs = kSecond;
constexpr std::size_t kMaxDrain = 256 << 10;
constexpr std::size_t kReadBytes = 4096;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

template <typename Stream>
Connection<Stream>::Connection(ServerState& state, Stream stream, std::string peer)
    : state_(state),
      stream_(std::move(stream)),
      peer_(std::move(peer)),
      deadline_(state.io),
      buffer_(state.options.limits.header_bytes + kReadBytes) {
  state_.books.accepted.Add(1);
  state_.connections.insert(this);
}

template <typename Stream>
Connection<Stream>::~Connection() {
  state_.books.closed.Add(1);
  if (is_turned_away_) --state_.turned_away;
  state_.connections.erase(this);
}

template <typename Stream>
PlainStream& Connection<Stream>::socket() noexcept {
  if constexpr (std::is_same_v<Stream, PlainStream>) {
    return stream_;
  } else {
    return stream_.next_layer();
  }
}

template <typename Stream>
void Connection<Stream>::GiveUp() noexcept {
  if (is_given_up_ != nullptr) is_given_up_->store(true, std::memory_order_relaxed);
}

template <typename Stream>
void Connection<Stream>::Start() {
  if constexpr (std::is_same_v<Stream, PlainStream>) {
    ReadRequest();
  } else {
    Arm(kHandshakeNs, Phase::kHandshake);
    stream_.async_handshake(asio::ssl::stream_base::server, [self = this->shared_from_this()](Error error) {
      if (!error) return self->ReadRequest();
      self->state_.books.Refuse(Refusal::kTlsFailed);
      self->Close();
    });
  }
}

template <typename Stream>
void Connection<Stream>::TurnAway() {
  is_turned_away_ = true;
  ++state_.turned_away;
  if constexpr (std::is_same_v<Stream, PlainStream>) {
    Refuse(Refusal::kTooManyConnections);
  } else {
    state_.books.Refuse(Refusal::kTooManyConnections);
    Close();
  }
}

template <typename Stream>
void Connection<Stream>::Arm(std::int64_t ns, Phase phase) {
  phase_ = phase;
  is_late_ = false;
  deadline_.expires_after(std::chrono::nanoseconds(ns));
  deadline_.async_wait([self = this->shared_from_this()](Error error) {
    // One that was about to run when the timer was set again is not ours any more.
    const bool is_current = self->deadline_.expiry() <= std::chrono::steady_clock::now();
    if (!error && is_current && !self->is_closed_) self->OnDeadline();
  });
}

template <typename Stream>
void Connection<Stream>::OnDeadline() {
  switch (phase_) {
    case Phase::kHeader:
    case Phase::kBody: {
      // The read that is cancelled says so to the client.
      is_late_ = true;
      Error ignored;
      socket().cancel(ignored);
      return;
    }
    case Phase::kHandling:
      GiveUp();
      accepted_.facts.keep_alive = false;
      return Refuse(Refusal::kHandlerTooSlow);
    case Phase::kStreaming:
      if (EventSubscription::Text heartbeat = events_->Heartbeat())
        return SendStreamText({std::move(heartbeat)});
      return Arm(kHeartbeatNs, Phase::kStreaming);
    case Phase::kWriting:
      state_.books.Refuse(Refusal::kReaderTooSlow);
      return Close();
    case Phase::kHandshake:
    case Phase::kIdle:
    case Phase::kClosing:
      return Close();
  }
}

template <typename Stream>
void Connection<Stream>::ReadRequest() {
  const HttpLimits& limits = state_.options.limits;
  accepted_ = {};
  is_counted_ = false;
  needs_password_ = false;
  ++request_number_;
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(limits.header_bytes));
  parser_->body_limit(limits.body_bytes);
  if (buffer_.size() > 0) return ReadHeader();
  Arm(is_first_request_ ? limits.header_time_ns : limits.idle_time_ns, Phase::kIdle);
  stream_.async_read_some(buffer_.prepare(kReadBytes),
                          [self = this->shared_from_this()](Error error, std::size_t bytes) {
                            self->buffer_.commit(bytes);
                            return error ? self->Close() : self->ReadHeader();
                          });
}

template <typename Stream>
void Connection<Stream>::ReadHeader() {
  is_first_request_ = false;
  Arm(state_.options.limits.header_time_ns, Phase::kHeader);
  beast_http::async_read_header(
      stream_, buffer_, *parser_,
      [self = this->shared_from_this()](Error error, std::size_t) { self->OnHeader(error); });
}

template <typename Stream>
void Connection<Stream>::OnHeader(Error error) {
  if (is_closed_) return;
  if (error) return OnBadHeader(error);
  const std::optional<HeaderRefusal> refusal =
      AcceptHeader(parser_->get().base(), state_.options, state_.router, accepted_);
  if (refusal) return Refuse(refusal->refusal, refusal->headers);
  OnGoodHeader();
}

template <typename Stream>
void Connection<Stream>::OnBadHeader(Error error) {
  const bool is_http = error.category() == make_error_code(beast_http::error::bad_target).category();
  if (error == asio::error::operation_aborted && is_late_) return Refuse(Refusal::kHeaderTooSlow);
  if (!is_http || error == beast_http::error::end_of_stream || error == beast_http::error::partial_message) {
    return Close();
  }
  if (error == beast_http::error::header_limit || error == beast_http::error::buffer_overflow) {
    // The parser takes the request line as soon as it is whole.
    return Refuse(parser_->get().target().empty() ? Refusal::kRequestLineTooLong : Refusal::kHeaderTooLarge);
  }
  if (error == beast_http::error::body_limit) return Refuse(Refusal::kBodyTooLarge);
  if (error == beast_http::error::bad_version) return Refuse(Refusal::kUnknownVersion);
  Refuse(Refusal::kMalformed);
}

template <typename Stream>
void Connection<Stream>::OnGoodHeader() {
  const Identity identity = state_.access.Know(accepted_.authorization);
  accepted_.request.peer = peer_;
  accepted_.request.user = identity.user;
  if (!identity.is_known) {
    needs_password_ = state_.access.MayLearn(accepted_.authorization);
    if (!needs_password_) {
      if (!parser_->is_done()) accepted_.facts.keep_alive = false;
      return Write(AnswerUnauthorized(state_, accepted_.facts));
    }
  }
  Arm(state_.options.limits.request_time_ns, Phase::kBody);
  if (parser_->is_done() || !parser_->get().count(beast_http::field::expect)) return ReadBody();
  asio::async_write(stream_, asio::buffer(kContinue),
                    [self = this->shared_from_this()](Error error, std::size_t) {
                      return error ? self->Close() : self->ReadBody();
                    });
}

template <typename Stream>
void Connection<Stream>::ReadBody() {
  if (parser_->is_done()) return Dispatch();
  beast_http::async_read(
      stream_, buffer_, *parser_,
      [self = this->shared_from_this()](Error error, std::size_t) { self->OnBody(error); });
}

template <typename Stream>
void Connection<Stream>::OnBody(Error error) {
  if (is_closed_) return;
  if (!error) return Dispatch();
  const bool is_http = error.category() == make_error_code(beast_http::error::bad_target).category();
  if (error == asio::error::operation_aborted && is_late_) return Refuse(Refusal::kBodyTooSlow);
  if (error == beast_http::error::body_limit || error == beast_http::error::buffer_overflow) {
    return Refuse(Refusal::kBodyTooLarge);
  }
  if (!is_http || error == beast_http::error::end_of_stream || error == beast_http::error::partial_message) {
    return Close();
  }
  Refuse(Refusal::kMalformed);
}

template <typename Stream>
void Connection<Stream>::Dispatch() {
  phase_ = Phase::kHandling;  // with what is left of the request's time
  accepted_.request.body = std::move(parser_->get().body());
  is_given_up_ = std::make_shared<std::atomic<bool>>(false);
  accepted_.request.is_given_up = is_given_up_;
  const bool is_quick = accepted_.found.handler == nullptr || accepted_.found.where == RunOn::kServer;
  if (is_quick && !needs_password_) return OnAnswer(request_number_, AnswerTo(state_, accepted_));
  DispatchToWorker();
}

template <typename Stream>
void Connection<Stream>::DispatchToWorker() {
  if (needs_password_ && state_.password_checks > 0) return Refuse(Refusal::kBusy);
  // The connection is let go only by the server's thread, so it is moved on, not copied, to it.
  struct Job {
    std::shared_ptr<Connection> self;
    AcceptedRequest accepted;
    bool needs_password;
    std::uint64_t number;
  };
  auto job =
      std::make_shared<Job>(Job{this->shared_from_this(), accepted_, needs_password_, request_number_});
  const bool is_taken = state_.pool.Run([job = std::move(job)] {
    ServerState& state = job->self->state_;
    Answer answer;
    bool is_known = true;
    if (job->needs_password) {
      const Identity identity = state.access.Authenticate(job->accepted.authorization);
      is_known = identity.is_known;
      job->accepted.request.user = identity.user;
    }
    answer = is_known ? AnswerTo(state, job->accepted) : AnswerUnauthorized(state, job->accepted.facts);
    asio::post(state.io, [self = std::move(job->self), needed_password = job->needs_password,
                          number = job->number, answer = std::move(answer)]() mutable {
      if (needed_password) --self->state_.password_checks;
      self->OnAnswer(number, std::move(answer));
    });
  });
  if (!is_taken) return Refuse(Refusal::kBusy);
  if (needs_password_) ++state_.password_checks;
}

template <typename Stream>
void Connection<Stream>::OnAnswer(std::uint64_t request, Answer answer) {
  // A request that was answered meanwhile: this came too late.
  if (is_closed_ || request != request_number_ || phase_ != Phase::kHandling) return;
  if (answer.events != nullptr && state_.streams >= state_.options.limits.streams) {
    return Refuse(Refusal::kTooManyStreams);
  }
  Write(std::move(answer));
}

template <typename Stream>
void Connection<Stream>::Refuse(Refusal refusal, std::vector<NamedText> headers) {
  if (is_closed_) return;
  // What has not been read whole can't be told from the next request.
  if (!parser_ || !parser_->is_done()) accepted_.facts.keep_alive = false;
  Write(AnswerRefusal(refusal, std::move(headers), accepted_.facts));
}

template <typename Stream>
void Connection<Stream>::Write(Answer answer) {
  if (!is_counted_) state_.books.requests.Add(1);
  is_counted_ = true;
  if (answer.refusal) state_.books.Refuse(*answer.refusal);
  state_.books.responses[answer.wire.status / 100 - 1].Add(1);
  answer_ = std::move(answer);
  const std::size_t body = answer_.wire.body == nullptr ? 0 : answer_.wire.body->size();
  const auto bytes = static_cast<std::int64_t>(answer_.wire.head.size() + body);
  Arm(kWriteNs + bytes * kSecond / kSlowestBytesPerSecond, Phase::kWriting);
  const std::array<asio::const_buffer, 2> buffers{
      asio::buffer(answer_.wire.head), body == 0 ? asio::const_buffer() : asio::buffer(*answer_.wire.body)};
  asio::async_write(stream_, buffers, [self = this->shared_from_this()](Error error, std::size_t written) {
    self->OnWritten(error, written);
  });
}

template <typename Stream>
void Connection<Stream>::OnWritten(Error error, std::size_t bytes) {
  state_.books.sent_bytes.Add(bytes);
  if (is_closed_ || error) return Close();
  if (answer_.events != nullptr && !accepted_.facts.is_head) return StartStream();
  const bool is_last = !accepted_.facts.keep_alive || answer_.events != nullptr;
  answer_ = {};
  return is_last ? Finish() : ReadRequest();
}

template <typename Stream>
void Connection<Stream>::StartStream() {
  is_stream_ = true;
  ++state_.streams;
  state_.books.streams_opened.Add(1);
  events_ = std::move(answer_.events);
  answer_ = {};
  buffer_.consume(buffer_.size());
  Arm(kHeartbeatNs, Phase::kStreaming);
  WatchReader();
  events_->OnEvents([&io = state_.io, weak = this->weak_from_this()] {
    asio::post(io, [weak] {
      if (const auto self = weak.lock()) self->SendEvents();
    });
  });
}

// Nothing more is expected of the client but its end.
template <typename Stream>
void Connection<Stream>::WatchReader() {
  stream_.async_read_some(asio::buffer(ignored_),
                          [self = this->shared_from_this()](Error error, std::size_t) {
                            return error ? self->Close() : self->WatchReader();
                          });
}

template <typename Stream>
void Connection<Stream>::SendEvents() {
  if (is_closed_ || events_ == nullptr) return;
  if (events_->IsCutOff()) {
    state_.books.Refuse(Refusal::kSubscriberTooSlow);
    return Close();
  }
  if (is_sending_) return;
  const bool is_over = events_->IsOver();  // asked before, so that what came last is taken
  std::vector<EventSubscription::Text> texts = events_->Take();
  if (!texts.empty()) return SendStreamText(std::move(texts));
  if (is_over) Finish();
}

template <typename Stream>
void Connection<Stream>::SendStreamText(std::vector<EventSubscription::Text> texts) {
  is_sending_ = true;
  sending_ = std::move(texts);
  std::vector<asio::const_buffer> buffers;
  buffers.reserve(sending_.size());
  for (const EventSubscription::Text& text : sending_) buffers.push_back(asio::buffer(*text));
  Arm(kWriteNs, Phase::kWriting);
  asio::async_write(stream_, buffers, [self = this->shared_from_this()](Error error, std::size_t bytes) {
    self->state_.books.sent_bytes.Add(bytes);
    self->is_sending_ = false;
    self->sending_.clear();
    if (error || self->is_closed_) return self->Close();
    self->Arm(kHeartbeatNs, Phase::kStreaming);
    self->SendEvents();
  });
}

template <typename Stream>
void Connection<Stream>::Finish() {
  Arm(kDrainNs, Phase::kClosing);
  if constexpr (std::is_same_v<Stream, PlainStream>) {
    Error ignored;
    stream_.shutdown(PlainStream::shutdown_send, ignored);
    Drain();
  } else {
    stream_.async_shutdown([self = this->shared_from_this()](Error) { self->Close(); });
  }
}

template <typename Stream>
void Connection<Stream>::Drain() {
  stream_.async_read_some(asio::buffer(ignored_),
                          [self = this->shared_from_this()](Error error, std::size_t bytes) {
                            self->drained_bytes_ += bytes;
                            if (error || self->drained_bytes_ > kMaxDrain) return self->Close();
                            self->Drain();
                          });
}

template <typename Stream>
void Connection<Stream>::Close() {
  if (std::exchange(is_closed_, true)) return;
  GiveUp();
  deadline_.cancel();
  events_ = nullptr;
  if (is_stream_) {
    --state_.streams;
    state_.books.streams_closed.Add(1);
  }
  Error ignored;
  socket().close(ignored);
}

template class Connection<PlainStream>;
template class Connection<TlsStream>;

}  // namespace hostscope::http
