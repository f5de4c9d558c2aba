#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace hostscope::http {

/// A few threads that run what they are given, in order, with a queue of fixed length.
class WorkerPool {
 public:
  using Task = std::function<void()>;  ///< must not throw

  WorkerPool(std::size_t threads, std::size_t max_waiting);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// False where so many wait already, or after Stop(). Any thread.
  bool Run(Task task);
  /// Waits for the tasks that are running; those that wait are forgotten. No effect if repeated.
  void Stop();

 private:
  void Work();

  std::size_t max_waiting_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> waiting_;
  bool is_stopping_ = false;
  std::vector<std::thread> threads_;  // last: they use all the others
};

}  // namespace hostscope::http
