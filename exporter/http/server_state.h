#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <cstddef>
#include <memory>
#include <unordered_set>

#include "exporter/http/access.h"
#include "exporter/http/http_books.h"
#include "exporter/http/http_options.h"
#include "exporter/http/router.h"
#include "exporter/http/worker_pool.h"
#include "exporter/sink.h"

namespace hostscope::http {

/// A connection as the server sees it.
class OpenConnection {
 public:
  virtual ~OpenConnection() = default;
  /// Tells its handler, if one is running, that nobody waits any more.
  virtual void GiveUp() noexcept = 0;
};

/// What all connections of a server share. But for what handlers use (options, router, access, log), it is
/// the server thread's.
struct ServerState {
  ServerState(const HttpOptions& opts, Router routes, Access who, exporter::LogFunction log_function)
      : options(opts),
        router(std::move(routes)),
        access(std::move(who)),
        log(std::move(log_function)),
        pool(opts.workers, opts.limits.waiting) {}

  const HttpOptions options;
  const Router router;
  Access access;
  exporter::LogFunction log;
  HttpBooks books;
  std::unordered_set<OpenConnection*> connections;
  std::size_t turned_away = 0;  ///< of these, those that only hear that there are too many
  std::size_t streams = 0;
  /// Passwords being hashed. One at a time, so that guessing leaves workers for those who are known.
  std::size_t password_checks = 0;
  std::unique_ptr<boost::asio::ssl::context> tls;  ///< null: plain
  boost::asio::io_context io{1};
  /// Last: its tasks hold connections, which hold the rest.
  WorkerPool pool;
};

}  // namespace hostscope::http
