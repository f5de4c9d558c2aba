#include "exporter/http/http_server.h"

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "exporter/http/connection.h"
#include "exporter/http/server_state.h"
#include "exporter/http/tls.h"

namespace hostscope::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Error = boost::system::error_code;

// While the address is another program's, or no descriptor is free.
constexpr std::chrono::seconds kListenAgain{5};
constexpr std::chrono::milliseconds kAcceptAgain{100};
// Connections beyond the limit that are told so; further ones are just closed.
constexpr std::size_t kTurnedAwayAtOnce = 32;

tcp::endpoint EndpointOf(const ListenAddress& listen) {
  if (listen.address.IsIpv4()) {
    asio::ip::address_v4::bytes_type bytes{};
    std::memcpy(bytes.data(), &listen.address.bytes[12], bytes.size());
    return {asio::ip::address_v4(bytes), listen.port};
  }
  return {asio::ip::address_v6(listen.address.bytes), listen.port};
}

/// Throws std::runtime_error where there are problems.
Access OpenAccess(const HttpOptions& options) {
  std::string problems;
  for (const auto& found : {CheckHttpOptions(options), CheckHttpFiles(options)}) {
    for (const OptionProblem& problem : found) {
      problems += (problems.empty() ? "http." : "; http.") + problem.key + ": " + problem.wrong;
    }
  }
  if (!problems.empty()) throw std::runtime_error(problems);
  return std::move(Access::Open(options).access);
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(const HttpOptions& options, Router router, exporter::LogFunction log)
      : state_(options, std::move(router), OpenAccess(options), std::move(log)),
        acceptor_(state_.io),
        again_(state_.io) {
    if (options.HasTls()) state_.tls = MakeTlsContext(options);
  }
  ~Impl() { Stop(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void Start() {
    Listen();
    thread_ = std::thread([this] { state_.io.run(); });
  }

  void Stop() {
    if (!thread_.joinable()) return;
    state_.io.stop();
    thread_.join();
    port_.store(0, std::memory_order_relaxed);
    // From here on this is the only thread that knows of connections.
    for (OpenConnection* connection : state_.connections) connection->GiveUp();
    state_.pool.Stop();
    Error ignored;
    acceptor_.close(ignored);
  }

  std::uint16_t port() const noexcept { return port_.load(std::memory_order_relaxed); }
  const HttpBooks& books() const noexcept { return state_.books; }

 private:
  Error TryToListen() {
    const tcp::endpoint endpoint = EndpointOf(state_.options.listen);
    Error error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    return error;
  }

  void Listen() {
    if (const Error error = TryToListen()) {
      if (!std::exchange(has_complained_, true)) {
        state_.log(ToText(state_.options.listen) + ": " + error.message() + "; it is tried again every " +
                   std::to_string(kListenAgain.count()) + " s");
      }
      Error ignored;
      acceptor_.close(ignored);
      return Later(kListenAgain, [this] { Listen(); });
    }
    if (has_complained_) state_.log(ToText(state_.options.listen) + ": listening now");
    Error ignored;
    port_.store(acceptor_.local_endpoint(ignored).port(), std::memory_order_relaxed);
    Accept();
  }

  template <typename Action>
  void Later(std::chrono::milliseconds pause, Action action) {
    again_.expires_after(pause);
    again_.async_wait([action](Error error) {
      if (!error) action();
    });
  }

  void Accept() {
    acceptor_.async_accept([this](Error error, tcp::socket socket) {
      if (error) return Later(kAcceptAgain, [this] { Accept(); });
      Serve(std::move(socket));
      Accept();
    });
  }

  void Serve(tcp::socket socket) {
    Error error;
    const tcp::endpoint peer = socket.remote_endpoint(error);
    if (error) return;  // gone already
    socket.set_option(tcp::no_delay(true), error);
    std::string name = peer.address().to_string();
    if (state_.tls == nullptr) {
      Begin(std::make_shared<Connection<PlainStream>>(state_, std::move(socket), std::move(name)));
    } else {
      Begin(std::make_shared<Connection<TlsStream>>(state_, TlsStream(std::move(socket), *state_.tls),
                                                    std::move(name)));
    }
  }

  template <typename AnyConnection>
  void Begin(std::shared_ptr<AnyConnection> connection) {
    // This one is among them.
    if (state_.connections.size() - state_.turned_away <= state_.options.limits.connections) {
      connection->Start();
    } else if (state_.turned_away < kTurnedAwayAtOnce) {
      connection->TurnAway();
    } else {
      state_.books.Refuse(Refusal::kTooManyConnections);
    }
  }

  ServerState state_;
  tcp::acceptor acceptor_;
  asio::steady_timer again_;
  std::atomic<std::uint16_t> port_{0};
  bool has_complained_ = false;
  std::thread thread_;
};

HttpServer::HttpServer(const HttpOptions& options, Router router, exporter::LogFunction log)
    : impl_(std::make_unique<Impl>(options, std::move(router), std::move(log))) {}
HttpServer::~HttpServer() = default;
void HttpServer::Start() {
  impl_->Start();
}
void HttpServer::Stop() {
  impl_->Stop();
}
std::uint16_t HttpServer::port() const noexcept {
  return impl_->port();
}
const HttpBooks& HttpServer::books() const noexcept {
  return impl_->books();
}

}  // namespace hostscope::http
