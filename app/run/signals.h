#pragma once

#include <chrono>
#include <csignal>

namespace hostscope::app {

/// SIGTERM, SIGINT and SIGHUP, taken by one thread when it asks instead of by a handler at any moment. To be
/// constructed before any other thread is started, since they inherit what is blocked.
class Signals {
 public:
  Signals();

  /// The next of them, or 0 when none came in time.
  int Wait(std::chrono::milliseconds timeout) const;

 private:
  sigset_t set_;
};

}  // namespace hostscope::app
