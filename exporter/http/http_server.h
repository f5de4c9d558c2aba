#pragma once

#include <cstdint>
#include <memory>

#include "exporter/http/http_books.h"
#include "exporter/http/http_options.h"
#include "exporter/http/router.h"
#include "exporter/sink.h"

namespace hostscope::http {

/// An HTTP/1.1 server: one thread for all connections, and a few that run handlers. All limits are those of
/// the options. Whoever owns it constructs, starts, stops and destroys it; handlers are called by threads of
/// its own.
class HttpServer {
 public:
  /// Throws std::runtime_error that says every problem of the options and their files. `log` hears what
  /// fails, from any thread of the server.
  HttpServer(const HttpOptions& options, Router router, exporter::LogFunction log);
  /// As Stop().
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Listens. Where the address is not to be had, because another program has it, say, the log says so and
  /// it is tried again every few seconds: what else the program does matters more. Once.
  void Start();
  /// Closes every connection, and waits for the handlers that are running. No effect if repeated.
  void Stop();

  /// Where it listens; 0: not yet. Any thread.
  std::uint16_t port() const noexcept;
  /// Any thread, as long as the server lives.
  const HttpBooks& books() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hostscope::http
