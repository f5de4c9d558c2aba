#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "exporter/http/http_server.h"
#include "tests/exporter/http/http_client.h"

namespace hostscope::http::testing {

/// A server on a port that the system chooses, with limits that a test can reach quickly.
class ServerTest : public ::testing::Test {
 protected:
  ServerTest() { options_.listen.port = 0; }
  ~ServerTest() override {
    if (server_ != nullptr) server_->Stop();
  }

  void Start() {
    server_ = std::make_unique<HttpServer>(options_, std::move(router_), [this](std::string_view message) {
      const std::lock_guard lock(log_mutex_);
      log_ += std::string(message) + '\n';
    });
    server_->Start();
  }
  std::uint16_t port() const { return server_->port(); }
  std::uint64_t Refused(Refusal refusal) const { return server_->books().RefusedFor(refusal); }
  std::string Log() {
    const std::lock_guard lock(log_mutex_);
    return log_;
  }

  /// The server's thread counts a moment after a client sees what it did.
  template <typename Condition>
  static bool Eventually(Condition condition) {
    for (int i = 0; i < 500; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  void Answer(std::string_view pattern, std::string text, RunOn where = RunOn::kWorker) {
    router_.Add(
        Method::kGet, pattern, [text](const Request&) { return Response::Of("text/plain", text); }, where);
  }

  HttpOptions options_;
  Router router_;
  std::unique_ptr<HttpServer> server_;

 private:
  std::mutex log_mutex_;
  std::string log_;
};

}  // namespace hostscope::http::testing
