#include "tests/exporter/http/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <utility>

namespace hostscope::http::testing {
namespace {

using namespace std::chrono_literals;
constexpr auto kPatience = 5s;

}  // namespace

Client::Client(std::uint16_t port, int receive_buffer)
    : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_buffer > 0) {
    setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return;
  close(socket_);
  socket_ = -1;
}

Client::~Client() {
  if (socket_ >= 0) close(socket_);
}

Client::Client(Client&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      has_ended_(other.has_ended_),
      received_(std::move(other.received_)) {}

bool Client::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void Client::EndSending() {
  shutdown(socket_, SHUT_WR);
}

bool Client::ReceiveMore(std::chrono::milliseconds time) {
  pollfd poller{socket_, POLLIN, 0};
  if (has_ended_ || poll(&poller, 1, static_cast<int>(time.count())) <= 0) return false;
  std::array<char, 65536> part;
  const ssize_t got = recv(socket_, part.data(), part.size(), 0);
  has_ended_ = got <= 0;
  if (!has_ended_) received_.append(part.data(), static_cast<std::size_t>(got));
  return !has_ended_;
}

std::string Client::ReadUntil(std::string_view text) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (text.empty() || received_.find(text) == std::string::npos) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left <= 0ms || !ReceiveMore(left)) return std::exchange(received_, {});
  }
  const std::size_t length = received_.find(text) + text.size();
  std::string taken = received_.substr(0, length);
  received_.erase(0, length);
  return taken;
}

Reply Client::Read(bool has_body) {
  Reply reply;
  const std::string head = ReadUntil("\r\n\r\n");
  if (!head.starts_with("HTTP/1.1 ") || !head.ends_with("\r\n\r\n")) return reply;
  reply.status = std::stoi(head.substr(9, 3));
  std::size_t at = head.find("\r\n") + 2;
  while (at + 2 < head.size()) {
    const std::size_t end = head.find("\r\n", at);
    const std::size_t colon = head.find(": ", at);
    std::string name = head.substr(at, colon - at);
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    reply.headers[name] = head.substr(colon + 2, end - colon - 2);
    at = end + 2;
  }
  const std::string length = reply.Header("content-length");
  if (!has_body || length.empty()) return reply;
  const std::size_t wanted = std::stoul(length);
  while (received_.size() < wanted) {
    if (!ReceiveMore(kPatience)) return Reply{};
  }
  reply.body = received_.substr(0, wanted);
  received_.erase(0, wanted);
  return reply;
}

bool Client::IsClosedWithin(std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (!has_ended_) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left <= 0ms) break;
    ReceiveMore(left);
  }
  return has_ended_;
}

Reply Ask(std::uint16_t port, std::string_view method, std::string_view target, std::string_view headers,
          std::string_view body) {
  Client client(port);
  std::string request(method);
  request.append(" ").append(target).append(" HTTP/1.1\r\nHost: localhost\r\n").append(headers);
  if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  request.append("\r\n").append(body);
  client.Send(request);
  return client.Read(method != "HEAD");
}

std::string Gunzip(std::string_view bytes) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) return {};
  std::string in(bytes);
  std::string out(16 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = inflate(&stream, Z_FINISH);
  out.resize(result == Z_STREAM_END ? stream.total_out : 0);
  inflateEnd(&stream);
  return out;
}

}  // namespace hostscope::http::testing
