#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

/// A client that sends exactly the bytes it is told to.
namespace hostscope::http::testing {

struct Reply {
  int status = 0;                              ///< 0: the connection ended, or nothing came in time
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;

  std::string Header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

class Client {
 public:
  /// Connects to 127.0.0.1. `receive_buffer` bytes of the socket, 0: what it has.
  explicit Client(std::uint16_t port, int receive_buffer = 0);
  ~Client();
  Client(Client&& other) noexcept;
  Client& operator=(Client&&) = delete;

  bool is_connected() const noexcept { return socket_ >= 0; }
  /// False where the other side has closed.
  bool Send(std::string_view bytes);
  /// No more of us.
  void EndSending();
  /// The next whole response; of one to HEAD only its head.
  Reply Read(bool has_body = true);
  /// All that comes until `text` was seen, the end or five seconds.
  std::string ReadUntil(std::string_view text);
  /// True where the other side ends the connection within that time, whatever it sends before.
  bool IsClosedWithin(std::chrono::milliseconds time);

 private:
  bool ReceiveMore(std::chrono::milliseconds time);

  int socket_ = -1;
  bool has_ended_ = false;
  std::string received_;
};

/// One request on a connection of its own. `headers` end each in CRLF.
Reply Ask(std::uint16_t port, std::string_view method, std::string_view target, std::string_view headers = {},
          std::string_view body = {});
inline Reply Get(std::uint16_t port, std::string_view target, std::string_view headers = {}) {
  return Ask(port, "GET", target, headers);
}

std::string Gunzip(std::string_view bytes);

}  // namespace hostscope::http::testing
