#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "tests/app/program.h"

// What the running appliance tells a service manager, on a socket as systemd's is.
namespace hostscope::app::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Clock = std::chrono::steady_clock;

[[noreturn]] void Fail(const char* doing) {
  throw std::system_error(errno, std::generic_category(), doing);
}

class NotifySocket {
 public:
  explicit NotifySocket(const std::string& path)
      : descriptor_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    if (bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) Fail("bind");
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  ~NotifySocket() {
    unsetenv("NOTIFY_SOCKET");
    close(descriptor_);
  }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  /// The next message that begins so; nothing where none comes in time.
  std::optional<std::string> Next(const std::string& begin, Clock::duration patience = 30s) const {
    const auto deadline = Clock::now() + patience;
    while (Clock::now() < deadline) {
      timeval wait{0, 50'000};
      setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
      char text[4096];
      const ssize_t length = recv(descriptor_, text, sizeof(text), 0);
      if (length < 0) continue;
      std::string message(text, static_cast<std::size_t>(length));
      if (message.starts_with(begin)) return message;
    }
    return std::nullopt;
  }
  /// Forgets what has come so far.
  void Drain() const {
    char text[4096];
    while (recv(descriptor_, text, sizeof(text), MSG_DONTWAIT) >= 0) {
    }
  }

 private:
  int descriptor_;
};

/// The thread of one worker, as the kernel knows it.
pid_t WorkerThread(pid_t process) {
  const std::string folder = "/proc/" + std::to_string(process) + "/task";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (ReadFile(entry.path() / "comm").starts_with("rte-worker")) return std::stoi(entry.path().filename());
  }
  throw std::runtime_error("no worker among the threads of " + folder);
}

/// Stands one thread of a child still, the others go on.
class StoppedThread {
 public:
  explicit StoppedThread(pid_t thread) : thread_(thread) {
    if (ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) != 0) Fail("PTRACE_SEIZE");
    if (ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr) != 0) Fail("PTRACE_INTERRUPT");
    if (waitpid(thread, nullptr, __WALL) != thread) Fail("waiting for the thread to stop");
  }
  ~StoppedThread() { ptrace(PTRACE_DETACH, thread_, nullptr, nullptr); }
  StoppedThread(const StoppedThread&) = delete;
  StoppedThread& operator=(const StoppedThread&) = delete;

 private:
  pid_t thread_;
};

class ServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const Finished made = GenerateCapture(folder_);
    ASSERT_EQ(made.status, 0) << made.err;
    Configure("");
  }
  void TearDown() override { unsetenv("WATCHDOG_USEC"); }

  void Configure(const std::string& more) { ConfigureOnCapture(folder_, more); }
  std::vector<std::string> Run() const { return {"run", "-c", folder_ / "c.yaml", "--http", "none"}; }

  TemporaryFolder folder_;
};

TEST_F(ServiceTest, SaysWhenItIsReadyReadsAnewAndStops) {
  const NotifySocket manager(folder_ / "notify");
  RunningHostscope appliance(Run(), folder_ / "out", folder_ / "log");
  EXPECT_EQ(manager.Next("READY=1"), "READY=1\nSTATUS=waiting for exporters") << ReadFile(folder_ / "log");

  for (const std::string change : {"logging: {level: debug}\n", "colour: red\n"}) {
    Configure(change);
    appliance.Signal(SIGHUP);
    const auto reloading = manager.Next("RELOADING=1");
    ASSERT_TRUE(reloading);
    EXPECT_THAT(*reloading, HasSubstr("\nMONOTONIC_USEC="));
    // Also after a file with problems: the old configuration is in force, and the program works.
    const auto ready = manager.Next("");
    ASSERT_TRUE(ready);
    EXPECT_THAT(*ready, StartsWith("READY=1\nSTATUS="));
    EXPECT_THAT(*ready, HasSubstr(" flow records/s of 1 exporters, "));
  }
  appliance.Signal(SIGTERM);
  EXPECT_TRUE(manager.Next("STOPPING=1"));
  EXPECT_EQ(appliance.Wait(), 0);
}

TEST_F(ServiceTest, FeedsTheWatchdogOnlyWhileEveryWorkerAdvances) {
  const NotifySocket manager(folder_ / "notify");
  setenv("WATCHDOG_USEC", "30000000", 1);
  RunningHostscope appliance(Run(), folder_ / "out", folder_ / "log");
  ASSERT_TRUE(manager.Next("READY=1")) << ReadFile(folder_ / "log");
  EXPECT_TRUE(manager.Next("WATCHDOG=1", 10s));
  EXPECT_TRUE(manager.Next("WATCHDOG=1", 10s)) << "again and again";
  {
    const StoppedThread stopped(WorkerThread(appliance.pid()));
    // What it did before may still be on its way.
    static_cast<void>(manager.Next("WATCHDOG=1", 1s));
    EXPECT_FALSE(manager.Next("WATCHDOG=1", 4s));
    Configure("logging: {level: debug}\n");
    appliance.Signal(SIGHUP);
    EXPECT_TRUE(manager.Next("RELOADING=1", 10s)) << "the rest of it lives";
  }
  manager.Drain();
  EXPECT_TRUE(manager.Next("WATCHDOG=1", 10s));
  appliance.Signal(SIGTERM);
  EXPECT_EQ(appliance.Wait(), 0) << ReadFile(folder_ / "log");
}

TEST_F(ServiceTest, WithoutAWatchdogNoneIsFed) {
  const NotifySocket manager(folder_ / "notify");
  RunningHostscope appliance(Run(), folder_ / "out", folder_ / "log");
  ASSERT_TRUE(manager.Next("READY=1")) << ReadFile(folder_ / "log");
  EXPECT_FALSE(manager.Next("WATCHDOG=1", 3s));
  appliance.Signal(SIGTERM);
  EXPECT_EQ(appliance.Wait(), 0);
}

}  // namespace
}  // namespace hostscope::app::testing
