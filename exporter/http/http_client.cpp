#include "exporter/http/http_client.h"

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <chrono>
#include <exception>

namespace hostscope::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace ssl = asio::ssl;
using asio::use_awaitable;

constexpr std::size_t kMaxBody = 64 << 20;

std::string HostHeader(const ServerUrl& server) {
  const bool is_ipv6 = server.host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + server.host + "]" : server.host) + ":" + server.port;
}

template <typename Stream>
asio::awaitable<ClientReply> Exchange(Stream& stream, const ClientOptions& options, std::string_view path) {
  using beast::http::field;
  beast::http::request<beast::http::empty_body> request(beast::http::verb::get, {path.data(), path.size()},
                                                        11);
  request.set(field::host, HostHeader(options.server));
  request.set(field::connection, "close");
  if (!options.token.empty()) request.set(field::authorization, "Bearer " + options.token);
  co_await beast::http::async_write(stream, request, use_awaitable);
  beast::flat_buffer buffer;
  beast::http::response_parser<beast::http::string_body> parser;
  parser.body_limit(kMaxBody);
  co_await beast::http::async_read(stream, buffer, parser, use_awaitable);
  ClientReply reply;
  reply.status = parser.get().result_int();
  reply.body = std::move(parser.get().body());
  co_return reply;
}

asio::awaitable<ClientReply> ExchangeTls(beast::tcp_stream stream, const ClientOptions& options,
                                         std::string_view path) {
  ssl::context context(ssl::context::tls_client);
  context.set_verify_mode(ssl::verify_peer);
  if (options.ca_path.empty()) {
    context.set_default_verify_paths();
  } else {
    context.load_verify_file(options.ca_path);
  }
  beast::ssl_stream<beast::tcp_stream> secure(std::move(stream), context);
  secure.set_verify_callback(ssl::host_name_verification(options.server.host));
  // Server Name Indication (RFC 6066) is for names alone. What the macro of OpenSSL's does.
  boost::system::error_code is_name;
  asio::ip::make_address(options.server.host, is_name);
  if (is_name) {
    SSL_ctrl(secure.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(options.server.host.c_str()));
  }
  co_await secure.async_handshake(ssl::stream_base::client, use_awaitable);
  co_return co_await Exchange(secure, options, path);
}

asio::awaitable<ClientReply> Ask(const ClientOptions& options, std::string_view path) {
  const auto executor = co_await asio::this_coro::executor;
  asio::ip::tcp::resolver resolver(executor);
  const auto found = co_await resolver.async_resolve(options.server.host, options.server.port, use_awaitable);
  beast::tcp_stream stream(executor);
  stream.expires_after(std::chrono::nanoseconds(options.timeout_ns));
  co_await stream.async_connect(found, use_awaitable);
  if (options.server.has_tls) co_return co_await ExchangeTls(std::move(stream), options, path);
  co_return co_await Exchange(stream, options, path);
}

}  // namespace

std::optional<ServerUrl> ParseServerUrl(std::string_view text) {
  ServerUrl url;
  constexpr std::string_view kPlain = "http://";
  constexpr std::string_view kTls = "https://";
  url.has_tls = text.starts_with(kTls);
  if (!url.has_tls && !text.starts_with(kPlain)) return std::nullopt;
  text.remove_prefix(url.has_tls ? kTls.size() : kPlain.size());
  if (text.ends_with('/')) text.remove_suffix(1);
  std::size_t end = text.find(':');
  if (text.starts_with('[')) {
    end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    url.host = text.substr(1, end - 1);
    ++end;
  } else {
    url.host = text.substr(0, end);
  }
  end = std::min(end, text.size());
  const std::string_view port = text.substr(end);
  if (port.empty()) {
    url.port = url.has_tls ? "443" : "80";
  } else {
    if (port.front() != ':') return std::nullopt;
    url.port = port.substr(1);
  }
  const bool is_number = !url.port.empty() && url.port.size() <= 5 &&
                         url.port.find_first_not_of("0123456789") == std::string::npos;
  if (!is_number || url.host.empty() || url.host.find_first_of("/@?# ") != std::string::npos)
    return std::nullopt;
  return url;
}

ClientReply Get(const ClientOptions& options, std::string_view path) {
  ClientReply reply;
  try {
    asio::io_context io{1};
    asio::co_spawn(io, Ask(options, path), [&reply](std::exception_ptr error, ClientReply got) {
      if (error) std::rethrow_exception(error);
      reply = std::move(got);
    });
    io.run();
  } catch (const boost::system::system_error& error) {
    reply.problem = error.code().message();
  } catch (const std::exception& error) {
    reply.problem = error.what();
  }
  return reply;
}

}  // namespace hostscope::http
