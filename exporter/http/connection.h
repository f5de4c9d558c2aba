#pragma once

#include <array>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporter/http/answer.h"
#include "exporter/http/events.h"
#include "exporter/http/exchange.h"
#include "exporter/http/server_state.h"

namespace hostscope::http {

using PlainStream = boost::asio::ip::tcp::socket;
using TlsStream = boost::asio::ssl::stream<PlainStream>;

/// One client's connection: requests one after the other, in the order in which they come (also where they
/// are pipelined), then perhaps an event stream. Lives as long as something of it is under way. The server's
/// thread; only handlers and compression run on a worker.
template <typename Stream>
class Connection final : public OpenConnection, public std::enable_shared_from_this<Connection<Stream>> {
 public:
  Connection(ServerState& state, Stream stream, std::string peer);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Start();
  /// Only says that there are too many.
  void TurnAway();
  void GiveUp() noexcept override;

 private:
  using Error = boost::system::error_code;
  enum class Phase : std::uint8_t {
    kHandshake,
    kIdle,
    kHeader,
    kBody,
    kHandling,
    kWriting,
    kStreaming,
    kClosing
  };

  // Reading.
  void Arm(std::int64_t ns, Phase phase);
  void OnDeadline();
  void ReadRequest();
  void ReadHeader();
  void OnHeader(Error error);
  void OnBadHeader(Error error);
  void OnGoodHeader();
  void ReadBody();
  void OnBody(Error error);

  // Answering.
  void Dispatch();
  void DispatchToWorker();
  void OnAnswer(std::uint64_t request, Answer answer);
  void Refuse(Refusal refusal, std::vector<NamedText> headers = {});
  void Write(Answer answer);
  void OnWritten(Error error, std::size_t bytes);

  // Event streams, and the end.
  void StartStream();
  void WatchReader();
  void SendEvents();
  void SendStreamText(std::vector<EventSubscription::Text> texts);
  void Finish();
  void Drain();
  void Close();

  PlainStream& socket() noexcept;

  ServerState& state_;
  Stream stream_;
  std::string peer_;
  boost::asio::steady_timer deadline_;
  Phase phase_ = Phase::kIdle;
  bool is_late_ = false;
  bool is_closed_ = false;
  bool is_first_request_ = true;
  bool is_turned_away_ = false;

  boost::beast::flat_buffer buffer_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser_;
  AcceptedRequest accepted_;
  bool is_counted_ = false;      // among the requests
  bool needs_password_ = false;  // who it is will be known when the password is hashed
  std::uint64_t request_number_ = 0;
  std::shared_ptr<std::atomic<bool>> is_given_up_;

  Answer answer_;  // being written
  bool is_stream_ = false;
  bool is_sending_ = false;
  std::shared_ptr<EventSubscription> events_;
  std::vector<EventSubscription::Text> sending_;
  std::array<char, 512> ignored_{};
  std::size_t drained_bytes_ = 0;
};

extern template class Connection<PlainStream>;
extern template class Connection<TlsStream>;

}  // namespace hostscope::http
