#include "exporter/elastic/elastic_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <mutex>

#include "tests/exporter/windows.h"

// What does not need a server that answers. tests/elastic/ has one that breaks on command, and real ones.

namespace hostscope::exporter {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using ::testing::Contains;
using ::testing::HasSubstr;

/// Takes connections and says nothing; or, closed, a port that refuses them.
class SilentListener {
 public:
  SilentListener() : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(fd_, 10), 0);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~SilentListener() { Close(); }
  SilentListener(const SilentListener&) = delete;
  SilentListener& operator=(const SilentListener&) = delete;
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  int fd_;
  int port_ = 0;
};

class ElasticSinkTest : public ::testing::Test {
 protected:
  std::unique_ptr<Sink> Open(ElasticOptions options) {
    options.http.urls = {listener_.url()};
    options.observer = "mon1";
    options.backoff = {milliseconds(10), milliseconds(100)};
    OpenedSink opened = OpenElasticSink(options, [this](std::string_view line) {
      const std::lock_guard lock(mutex_);
      log_.emplace_back(line);
    });
    EXPECT_EQ(opened.problem, "");
    return std::move(opened.sink);
  }
  std::vector<std::string> log() {
    const std::lock_guard lock(mutex_);
    return log_;
  }
  void ExpectCancelEndsIt(Sink& sink) {
    auto written = std::async(std::launch::async, [&] { return sink.Write(ManyHosts(1'000)); });
    EXPECT_EQ(written.wait_for(milliseconds(400)), std::future_status::timeout);
    const auto start = steady_clock::now();
    sink.Cancel();
    EXPECT_THAT(written.get(), HasSubstr("cancelled with 1001 records not acknowledged"));
    EXPECT_THAT(sink.Write(ManyHosts(10, 1)), HasSubstr("cancelled with 11 records"));
    EXPECT_LT(steady_clock::now() - start, seconds(1));
    EXPECT_EQ(sink.status().dropped, 1'012U);
    EXPECT_EQ(sink.status().delivered + sink.status().rejected, 0U);
  }

  SilentListener listener_;
  std::mutex mutex_;
  std::vector<std::string> log_;
};

TEST_F(ElasticSinkTest, CancelEndsTheWaitForAnAnswer) {
  const auto sink = Open({});
  ExpectCancelEndsIt(*sink);
}

TEST_F(ElasticSinkTest, CancelEndsTheWaitForABulkAnswer) {
  ElasticOptions options;
  options.index.install = false;
  const auto sink = Open(options);
  ExpectCancelEndsIt(*sink);
}

TEST_F(ElasticSinkTest, CancelEndsTheWaitForAServerThatIsAway) {
  listener_.Close();
  const auto sink = Open({});
  ExpectCancelEndsIt(*sink);
  EXPECT_THAT(log(), Contains(HasSubstr("onnect")));
}

TEST_F(ElasticSinkTest, WindowsThatAreNotWantedAreNoRecords) {
  ElasticOptions options;
  options.window_lengths_ns = {60'000'000'000};
  const auto sink = Open(options);
  EXPECT_EQ(sink->Write(ManyHosts(100)), "");
  EXPECT_EQ(sink->RecordsIn(ManyHosts(100)), 0U);
  EXPECT_EQ(sink->status().delivered + sink->status().dropped, 0U);
}

TEST_F(ElasticSinkTest, RecordsAreThoseOfTheSelection) {
  ElasticOptions options;
  options.networks = aggregator::NetworkLevels{};
  EXPECT_EQ(Open(options)->RecordsIn(ListedWindow(ManyHosts(100), ManyNetworks(30))), 131U);
  options.hosts.kind = HostSelection::Kind::kTop;
  options.hosts.top = 10;
  EXPECT_EQ(Open(options)->RecordsIn(ListedWindow(ManyHosts(100), ManyNetworks(30))), 41U);
}

TEST_F(ElasticSinkTest, ItsNameSaysWhereItLeads) {
  EXPECT_EQ(Open({})->name(), "elasticsearch " + listener_.url() + " hostscope");
}

}  // namespace
}  // namespace hostscope::exporter
