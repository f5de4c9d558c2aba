#include "exporter/http/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/exporter/http/server_fixture.h"

// What HTTP promises: methods, headers, caching, compression, order of answers.
namespace hostscope::http::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

TEST_F(ServerTest, HandlersSeeTheRequestTakenApart) {
  router_.Add(Method::kGet, "/api/networks/{prefix}/hosts", [](const Request& request) {
    return Response::Json("[\"" + std::string(request.Parameter("prefix")) + "\",\"" +
                          std::string(request.Query("q").value_or("-")) + "\",\"" +
                          std::string(request.Header("x-one").value_or("-")) + "\",\"" + request.peer +
                          "\"]");
  });
  Start();
  const Reply reply = Get(port(), "/api/networks/10.0.0.0%2F8/hosts?a=1&q=x+%26y", "X-One: 1\r\n");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, R"(["10.0.0.0/8","x &y","1","127.0.0.1"])");
  EXPECT_EQ(reply.Header("content-type"), "application/json");
  EXPECT_EQ(reply.Header("cache-control"), "no-store");
}

TEST_F(ServerTest, EveryAnswerHasSecurityHeaders) {
  Answer("/", "x");
  Start();
  for (const char* target : {"/", "/nothing"}) {
    const Reply reply = Get(port(), target);
    EXPECT_THAT(reply.Header("content-security-policy"), HasSubstr("script-src 'self'"));
    EXPECT_THAT(reply.Header("content-security-policy"), Not(HasSubstr("unsafe")));
    EXPECT_EQ(reply.Header("x-content-type-options"), "nosniff");
    EXPECT_EQ(reply.Header("referrer-policy"), "no-referrer");
    EXPECT_EQ(reply.Header("x-frame-options"), "DENY");
    EXPECT_EQ(reply.Header("access-control-allow-origin"), "");
    EXPECT_THAT(reply.Header("date"), ::testing::MatchesRegex("[A-Z][a-z][a-z], [0-9]+ .* GMT"));
  }
}

TEST_F(ServerTest, ErrorsAreJson) {
  Answer("/here", "x");
  Start();
  const Reply missing = Get(port(), "/there");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.Header("content-type"), "application/json");
  EXPECT_EQ(missing.body, "{\"error\":{\"status\":404,\"message\":\"nothing is here\"}}\n");
  const Reply wrong_method = Ask(port(), "DELETE", "/here");
  EXPECT_EQ(wrong_method.status, 405);
  EXPECT_EQ(wrong_method.Header("allow"), "OPTIONS, GET, HEAD");
  EXPECT_EQ(Refused(Refusal::kNotFound), 1U);
  EXPECT_EQ(Refused(Refusal::kMethodNotAllowed), 1U);
}

TEST_F(ServerTest, OptionsNamesTheMethods) {
  Answer("/here", "x");
  Start();
  const Reply reply = Ask(port(), "OPTIONS", "/here");
  EXPECT_EQ(reply.status, 204);
  EXPECT_EQ(reply.Header("allow"), "OPTIONS, GET, HEAD");
}

TEST_F(ServerTest, HeadHasTheHeadersOfGetAndNoBody) {
  Answer("/", std::string(5000, 'x'));
  Start();
  Client client(port());
  client.Send("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const Reply head = client.Read(false);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.Header("content-length"), "5000");
  const Reply get = client.Read();  // would be out of step if HEAD had a body
  EXPECT_EQ(get.status, 200);
  EXPECT_EQ(get.body.size(), 5000U);
}

TEST_F(ServerTest, AHandlerThatThrowsIsA500AndInTheLog) {
  router_.Add(Method::kGet, "/bad",
              [](const Request&) -> Response { throw std::runtime_error("no such thing"); });
  router_.Add(Method::kGet, "/split", [](const Request&) {
    Response response = Response::Of("text/plain", "x");
    response.headers.emplace_back("X-Name", "a\r\nSet-Cookie: b");
    return response;
  });
  Start();
  for (const char* target : {"/bad", "/split"}) {
    const Reply reply = Get(port(), target);
    EXPECT_EQ(reply.status, 500) << target;
    EXPECT_THAT(reply.body, Not(HasSubstr("no such thing")));
    EXPECT_EQ(reply.Header("set-cookie"), "");
  }
  EXPECT_THAT(Log(), HasSubstr("/bad: no such thing"));
  EXPECT_EQ(Refused(Refusal::kHandlerFailed), 2U);
}

TEST_F(ServerTest, CompressesWhatIsWorthIt) {
  const std::string json = "[" + std::string(20'000, ' ') + "1]";
  router_.Add(Method::kGet, "/large", [json](const Request&) { return Response::Json(json); });
  router_.Add(Method::kGet, "/picture", [json](const Request&) { return Response::Of("image/png", json); });
  Answer("/small", "x");
  Start();
  const Reply compressed = Get(port(), "/large", "Accept-Encoding: br, gzip;q=0.5\r\n");
  EXPECT_EQ(compressed.Header("content-encoding"), "gzip");
  EXPECT_EQ(compressed.Header("vary"), "Accept-Encoding");
  EXPECT_LT(compressed.body.size(), 1000U);
  EXPECT_EQ(Gunzip(compressed.body), json);
  for (const char* accept : {"", "Accept-Encoding: br\r\n", "Accept-Encoding: gzip;q=0, *\r\n"}) {
    const Reply plain = Get(port(), "/large", accept);
    EXPECT_EQ(plain.Header("content-encoding"), "") << accept;
    EXPECT_EQ(plain.body, json);
    EXPECT_EQ(plain.Header("vary"), "Accept-Encoding");
  }
  for (const char* target : {"/picture", "/small"}) {
    EXPECT_EQ(Get(port(), target, "Accept-Encoding: gzip\r\n").Header("content-encoding"), "") << target;
  }
}

TEST_F(ServerTest, AnEtagSavesTheBody) {
  router_.Add(Method::kGet, "/", [](const Request& request) {
    return Response::Of("text/plain", std::string(request.Query("v").value_or("1"))).WithEtag();
  });
  Start();
  const Reply first = Get(port(), "/");
  const std::string etag = first.Header("etag");
  EXPECT_THAT(etag, ::testing::MatchesRegex("W/\"[0-9a-f]+\""));
  EXPECT_EQ(first.Header("cache-control"), "no-cache");
  for (const std::string& tags : {etag, etag.substr(2), "\"x\", " + etag, std::string("*")}) {
    const Reply same = Get(port(), "/", "If-None-Match: " + tags + "\r\n");
    EXPECT_EQ(same.status, 304) << tags;
    EXPECT_EQ(same.Header("content-length"), "");
    EXPECT_EQ(same.Header("etag"), etag);
  }
  EXPECT_EQ(Get(port(), "/?v=2", "If-None-Match: " + etag + "\r\n").status, 200);
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  router_.Add(Method::kGet, "/slow", [](const Request&) {
    std::this_thread::sleep_for(100ms);
    return Response::Of("text/plain", "slow");
  });
  Answer("/quick", "quick", RunOn::kServer);
  Start();
  Client client(port());
  std::string requests;
  for (int i = 0; i < 50; ++i) {
    requests +=
        std::string("GET ") + (i % 10 == 0 ? "/slow" : "/quick") + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  }
  client.Send(requests);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(client.Read().body, i % 10 == 0 ? "slow" : "quick") << i;
  EXPECT_EQ(server_->books().accepted.Get(), 1U);
  EXPECT_EQ(server_->books().requests.Get(), 50U);
}

TEST_F(ServerTest, ConnectionsAreKeptOrClosedAsAsked) {
  Answer("/", "x");
  Start();
  Client kept(port());
  for (int i = 0; i < 3; ++i) {
    kept.Send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(kept.Read().status, 200);
  }
  Client closed(port());
  closed.Send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(closed.Read().Header("connection"), "close");
  EXPECT_TRUE(closed.IsClosedWithin(2s));
  Client old(port());
  old.Send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.Read().status, 200);
  EXPECT_TRUE(old.IsClosedWithin(2s));
}

TEST_F(ServerTest, BodiesAreReadAlsoChunkedAndAfterContinue) {
  router_.Add(Method::kPost, "/echo",
              [](const Request& request) { return Response::Of("text/plain", request.body); });
  Start();
  EXPECT_EQ(Ask(port(), "POST", "/echo", "", "hello").body, "hello");
  Client chunked(port());
  chunked.Send(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(chunked.Read().body, "abcde");
  Client waiting(port());
  waiting.Send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(waiting.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  waiting.Send("ok");
  EXPECT_EQ(waiting.Read().body, "ok");
}

TEST_F(ServerTest, ManyConnectionsAtOnce) {
  options_.limits.connections = 200;
  router_.Add(Method::kGet, "/{n}", [](const Request& request) {
    return Response::Of("text/plain", std::string(request.Parameter("n")));
  });
  Start();
  std::vector<Client> clients;
  for (int i = 0; i < 200; ++i) clients.emplace_back(port());
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < clients.size(); ++i) {
      clients[i].Send("GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    for (std::size_t i = 0; i < clients.size(); ++i) {
      // More may wait than workers take: those are told to come again.
      const Reply reply = clients[i].Read();
      if (reply.status == 503) continue;
      EXPECT_EQ(reply.body, std::to_string(i));
    }
  }
  const HttpBooks& books = server_->books();
  EXPECT_EQ(books.accepted.Get(), 200U);
  EXPECT_EQ(books.requests.Get(), 600U);
  EXPECT_EQ(books.responses[1].Get() + Refused(Refusal::kBusy), 600U);
  clients.clear();
  EXPECT_TRUE(Eventually([&] { return books.closed.Get() == 200; }));
}

TEST_F(ServerTest, StopEndsConnectionsAndHandlers) {
  std::atomic<bool> gave_up = false;
  std::atomic<bool> is_running = false;
  router_.Add(Method::kGet, "/", [&](const Request& request) {
    is_running = true;
    while (!request.is_given_up->load()) std::this_thread::sleep_for(1ms);
    gave_up = true;
    return Response();
  });
  Start();
  Client client(port());
  client.Send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(Eventually([&] { return is_running.load(); }));
  server_->Stop();
  EXPECT_TRUE(gave_up);
  server_ = nullptr;
  EXPECT_TRUE(client.IsClosedWithin(2s));
}

TEST_F(ServerTest, AnAddressInUseIsTriedAgain) {  // after five seconds
  Answer("/", "first");
  Start();
  HttpOptions options;
  options.listen.port = port();
  std::mutex mutex;
  std::string said;  // also on the server's thread
  HttpServer second(options, {}, [&](std::string_view message) {
    const std::lock_guard lock(mutex);
    said += message;
  });
  second.Start();
  EXPECT_EQ(second.port(), 0);
  {
    const std::lock_guard lock(mutex);
    EXPECT_THAT(said,
                HasSubstr("127.0.0.1:" + std::to_string(options.listen.port) + ": Address already in use"));
  }
  server_->Stop();
  const auto is_listening = [&] { return second.port() == options.listen.port; };
  EXPECT_TRUE(Eventually(is_listening) || Eventually(is_listening));
}

}  // namespace
}  // namespace hostscope::http::testing
