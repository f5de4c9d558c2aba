#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/exporter/http/server_fixture.h"

// What clients may not do: each is refused with the status that says so, and counted.
namespace hostscope::http::testing {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr char kGood[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

class LimitsTest : public ServerTest {
 protected:
  LimitsTest() {
    options_.limits.header_time_ns = 300 * kMillisecond;
    options_.limits.request_time_ns = 300 * kMillisecond;
    options_.limits.idle_time_ns = 300 * kMillisecond;
    Answer("/", "x");
  }

  /// `request` gets `status`, is counted as `refusal`, and ends its connection; others still are served.
  void ExpectRefused(const std::string& request, int status, Refusal refusal) {
    const std::uint64_t before = Refused(refusal);
    Client client(port());
    client.Send(request);
    EXPECT_EQ(client.Read().status, status) << request.substr(0, 200);
    EXPECT_EQ(Refused(refusal), before + 1) << request.substr(0, 200);
    client.EndSending();
    EXPECT_TRUE(client.IsClosedWithin(2s)) << request.substr(0, 200);
    EXPECT_EQ(Get(port(), "/").status, 200);
  }
};

TEST_F(LimitsTest, BadRequests) {
  Start();
  for (const std::string bad : {
           "nonsense\r\n\r\n",
           "GET /\r\n\r\n",
           "GET / HTTP/1.1\r\n\r\n",  // no Host
           "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: localhost\r\nX : 1\r\n\r\n",
           "GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
           "GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
           "GET /a/../b HTTP/1.1\r\nHost: localhost\r\n\r\n",
           "GET /%2e%2e/etc HTTP/1.1\r\nHost: localhost\r\n\r\n",
           "GET x HTTP/1.1\r\nHost: localhost\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
           "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: "
           "chunked\r\n\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: "
           "3\r\n\r\n0\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
       }) {
    const std::uint64_t before = Refused(Refusal::kMalformed);
    Client client(port());
    client.Send(bad);
    EXPECT_EQ(client.Read().status, 400) << bad;
    EXPECT_EQ(Refused(Refusal::kMalformed), before + 1) << bad;
  }
  EXPECT_EQ(Get(port(), "/").status, 200);
}

TEST_F(LimitsTest, UnknownVersionsMethodsAndExpectations) {
  Start();
  ExpectRefused("GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", 505, Refusal::kUnknownVersion);
  const std::string rest = " / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
  ExpectRefused("BREW" + rest + "\r\n", 501, Refusal::kUnknownMethod);
  ExpectRefused("TRACE" + rest + "\r\n", 405, Refusal::kMethodNotAllowed);
  ExpectRefused("GET" + rest + "Expect: tea\r\n\r\n", 417, Refusal::kExpectation);
}

TEST_F(LimitsTest, SizesOfLineHeaderAndBody) {
  options_.limits.request_line_bytes = 1000;
  options_.limits.header_bytes = 4000;
  options_.limits.body_bytes = 2000;
  router_.Add(Method::kPost, "/", [](const Request&) { return Response::Of("text/plain", "x"); });
  Start();
  const auto line = [](std::size_t length) {
    return "GET /?" + std::string(length - 2, 'a') +
           " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  };
  EXPECT_EQ(Get(port(), "/?" + std::string(998, 'a')).status, 200);
  ExpectRefused(line(1001), 414, Refusal::kRequestLineTooLong);
  ExpectRefused(line(100'000), 414, Refusal::kRequestLineTooLong);  // never ends, as far as we see
  EXPECT_EQ(Get(port(), "/", "X: " + std::string(3000, 'a') + "\r\n").status, 200);
  ExpectRefused("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(100'000, 'a') + "\r\n\r\n", 431,
                Refusal::kHeaderTooLarge);
  EXPECT_EQ(Ask(port(), "POST", "/", "", std::string(2000, 'a')).status, 200);
  ExpectRefused("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2001\r\n\r\n" + std::string(2001, 'a'),
                413, Refusal::kBodyTooLarge);
  ExpectRefused("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n7d1\r\n" +
                    std::string(2001, 'a') + "\r\n0\r\n\r\n",
                413, Refusal::kBodyTooLarge);
}

TEST_F(LimitsTest, ASlowHeaderEnds) {
  Start();
  Client client(port());
  const auto start = std::chrono::steady_clock::now();
  // A byte now and then does not give more time.
  for (int i = 0; i < 100 && client.Send(std::string(1, kGood[i % 20])); ++i) {
    if (Refused(Refusal::kHeaderTooSlow) > 0) break;
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_EQ(client.Read().status, 408);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
  EXPECT_EQ(Refused(Refusal::kHeaderTooSlow), 1U);
}

TEST_F(LimitsTest, ASlowBodyEnds) {
  router_.Add(Method::kPost, "/", [](const Request&) { return Response::Of("text/plain", "x"); });
  Start();
  ExpectRefused("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc", 408,
                Refusal::kBodyTooSlow);
}

TEST_F(LimitsTest, IdleConnectionsEnd) {
  Start();
  Client silent(port());
  EXPECT_TRUE(silent.IsClosedWithin(3s));
  Client idle(port());
  idle.Send(kGood);
  EXPECT_EQ(idle.Read().status, 200);
  EXPECT_TRUE(idle.IsClosedWithin(3s));
}

TEST_F(LimitsTest, ASlowHandlerIsNotWaitedFor) {
  std::atomic<bool> gave_up = false;
  router_.Add(Method::kGet, "/slow", [&](const Request& request) {
    while (!request.is_given_up->load()) std::this_thread::sleep_for(1ms);
    gave_up = true;
    return Response::Of("text/plain", "late");
  });
  Start();
  const Reply reply = Get(port(), "/slow");
  EXPECT_EQ(reply.status, 503);
  EXPECT_THAT(reply.body, HasSubstr("took too long"));
  EXPECT_EQ(Refused(Refusal::kHandlerTooSlow), 1U);
  EXPECT_TRUE(Eventually([&] { return gave_up.load(); }));
}

TEST_F(LimitsTest, RequestsWaitForWorkersInAQueueOfFixedLength) {
  options_.workers = 1;
  options_.limits.waiting = 2;
  options_.limits.request_time_ns = 10'000 * kMillisecond;
  std::atomic<bool> go = false;
  std::atomic<int> running = 0;
  router_.Add(Method::kGet, "/wait", [&](const Request&) {
    ++running;
    while (!go) std::this_thread::sleep_for(1ms);
    return Response::Of("text/plain", "done");
  });
  Start();
  const std::string request = "GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n";
  std::vector<Client> clients;
  clients.emplace_back(port()).Send(request);
  ASSERT_TRUE(Eventually([&] { return running == 1; }));
  for (int i = 0; i < 5; ++i) clients.emplace_back(port()).Send(request);
  EXPECT_TRUE(Eventually([&] { return Refused(Refusal::kBusy) == 3; }));
  go = true;
  int done = 0;
  int refused = 0;
  for (Client& client : clients) {
    const Reply reply = client.Read();
    done += reply.status == 200 ? 1 : 0;
    refused += reply.status == 503 && reply.Header("retry-after") == "1" ? 1 : 0;
  }
  EXPECT_EQ(done, 3);
  EXPECT_EQ(refused, 3);
}

TEST_F(LimitsTest, ConnectionsBeyondTheLimitAreTurnedAway) {
  options_.limits.connections = 3;
  options_.limits.idle_time_ns = 20'000 * kMillisecond;
  Start();
  std::vector<Client> kept;
  for (int i = 0; i < 3; ++i) {
    kept.emplace_back(port()).Send(kGood);
    EXPECT_EQ(kept.back().Read().status, 200);
  }
  Client fourth(port());
  fourth.Send(kGood);
  EXPECT_EQ(fourth.Read().status, 503);
  EXPECT_EQ(Refused(Refusal::kTooManyConnections), 1U);
  for (Client& client : kept) {
    client.Send(kGood);
    EXPECT_EQ(client.Read().status, 200);
  }
  kept.pop_back();
  EXPECT_TRUE(Eventually([&] { return Get(port(), "/").status == 200; }));
}

TEST_F(LimitsTest, OtherHostsAndOrigins) {
  options_.names = {"monitor.example.net"};
  router_.Add(Method::kPost, "/", [](const Request&) { return Response::Of("text/plain", "x"); });
  Start();
  const auto ask = [&](const std::string& method, const std::string& headers) {
    Client client(port());
    client.Send(method + " / HTTP/1.1\r\n" + headers + "\r\n");
    return client.Read().status;
  };
  for (const char* host : {"localhost", "localhost:8080", "127.0.0.1:1", "[::1]:8080", "10.1.2.3",
                           "monitor.example.net", "MONITOR.example.net:443"}) {
    EXPECT_EQ(ask("GET", "Host: " + std::string(host) + "\r\n"), 200) << host;
  }
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "1", ""}) {
    EXPECT_EQ(ask("GET", "Host: " + std::string(host) + "\r\n"), 421) << host;
  }
  const std::string ours = "Host: localhost:8080\r\nContent-Length: 0\r\n";
  EXPECT_EQ(ask("POST", ours), 200);
  EXPECT_EQ(ask("POST", ours + "Origin: http://localhost:8080\r\n"), 200);
  EXPECT_EQ(ask("POST", ours + "Origin: http://localhost:8081\r\n"), 403);
  EXPECT_EQ(ask("POST", ours + "Origin: null\r\n"), 403);
  EXPECT_EQ(ask("POST", ours + "Sec-Fetch-Site: cross-site\r\n"), 403);
  EXPECT_EQ(ask("POST", ours + "Sec-Fetch-Site: same-origin\r\n"), 200);
  EXPECT_EQ(Refused(Refusal::kWrongHost), 5U);
  EXPECT_EQ(Refused(Refusal::kCrossOrigin), 3U);
}

TEST_F(LimitsTest, ClientsThatGoAwayLeaveNothing) {
  router_.Add(Method::kGet, "/large",
              [](const Request&) { return Response::Of("x/y", std::string(20 << 20, 'x')); });
  Start();
  for (int i = 0; i < 20; ++i) {
    Client client(port(), 4096);
    client.Send(i % 2 == 0 ? "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n" : "GET / HT");
  }
  const HttpBooks& books = server_->books();
  EXPECT_TRUE(Eventually([&] { return books.accepted.Get() == 20 && books.closed.Get() == 20; }));
  EXPECT_EQ(Get(port(), "/").status, 200);
}

}  // namespace
}  // namespace hostscope::http::testing
