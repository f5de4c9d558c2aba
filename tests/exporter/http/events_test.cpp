#include "exporter/http/events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/exporter/http/server_fixture.h"

namespace hostscope::http::testing {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

constexpr char kSubscribe[] = "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n";

TEST(FormatEventTest, EveryLineIsData) {
  EXPECT_EQ(FormatEvent("window", "{}"), "event: window\ndata: {}\n\n");
  EXPECT_EQ(FormatEvent("", "a\nb\n"), "data: a\ndata: b\ndata: \n\n");
}

class EventsTest : public ServerTest {
 protected:
  explicit EventsTest(std::size_t max_waiting = 1 << 20)
      : broadcaster_(std::make_shared<EventBroadcaster>(max_waiting)) {
    router_.Add(Method::kGet, "/events", [this](const Request&) {
      return Response::Events(broadcaster_->Subscribe(), FormatEvent("hello", "1"));
    });
    Answer("/", "x");
  }
  bool HasSubscribers(std::uint64_t count) {
    return Eventually([&] { return broadcaster_->status().subscribers == count; });
  }

  std::shared_ptr<EventBroadcaster> broadcaster_;
};

class SmallEventsTest : public EventsTest {
 protected:
  SmallEventsTest() : EventsTest(100'000) {}
};

TEST_F(EventsTest, AllSubscribersGetAllEventsInOrder) {
  Start();
  std::vector<Client> clients;
  for (int i = 0; i < 10; ++i) clients.emplace_back(port()).Send(kSubscribe);
  ASSERT_TRUE(HasSubscribers(10));
  for (Client& client : clients) {
    const std::string head = client.ReadUntil("\r\n\r\n");
    EXPECT_THAT(head, HasSubstr("200 OK"));
    EXPECT_THAT(head, HasSubstr("Content-Type: text/event-stream; charset=utf-8\r\n"));
    EXPECT_THAT(head, HasSubstr("Cache-Control: no-store\r\n"));
    EXPECT_EQ(client.ReadUntil("\n\n"), "event: hello\ndata: 1\n\n");
  }
  for (int i = 0; i < 1000; ++i) broadcaster_->Publish("n", std::to_string(i));
  for (Client& client : clients) {
    for (int i = 0; i < 1000; ++i) {
      ASSERT_EQ(client.ReadUntil("\n\n"), "event: n\ndata: " + std::to_string(i) + "\n\n");
    }
  }
  clients.clear();
  EXPECT_TRUE(HasSubscribers(0));  // noticed without an event
  const HttpBooks& books = server_->books();
  EXPECT_EQ(books.streams_opened.Get(), 10U);
  EXPECT_TRUE(Eventually([&] { return books.streams_closed.Get() == 10; }));
}

TEST_F(EventsTest, WhatIsPublishedBetweenSubscriptionAndHeadIsNotLost) {
  router_.Add(Method::kGet, "/late", [this](const Request&) {
    auto events = broadcaster_->Subscribe();
    broadcaster_->Publish("between", "1");
    return Response::Events(std::move(events), FormatEvent("first", "1"));
  });
  Start();
  Client client(port());
  client.Send("GET /late HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client.ReadUntil("\r\n\r\n");
  EXPECT_EQ(client.ReadUntil("\n\n"), "event: first\ndata: 1\n\n");
  EXPECT_EQ(client.ReadUntil("\n\n"), "event: between\ndata: 1\n\n");
}

TEST_F(SmallEventsTest, ASlowSubscriberIsCutOffAndNobodyWaitsForIt) {
  Start();
  Client slow(port(), 4096);
  slow.Send(kSubscribe);
  Client quick(port());
  quick.Send(kSubscribe);
  ASSERT_TRUE(HasSubscribers(2));
  quick.ReadUntil("hello\ndata: 1\n\n");
  const std::string data(20'000, 'x');
  int seen = 0;
  // More than its socket's buffers and what may wait together.
  for (int i = 0; i < 2000 && Refused(Refusal::kSubscriberTooSlow) == 0; ++i) {
    broadcaster_->Publish("n", data);
    seen += quick.ReadUntil("\n\n").size() > data.size() ? 1 : 0;
    EXPECT_EQ(seen, i + 1);
  }
  EXPECT_EQ(Refused(Refusal::kSubscriberTooSlow), 1U);
  EXPECT_EQ(broadcaster_->status().cut_off, 1U);
  EXPECT_TRUE(HasSubscribers(1));
  EXPECT_TRUE(slow.IsClosedWithin(2s));
  broadcaster_->Publish("last", "1");
  EXPECT_EQ(quick.ReadUntil("\n\n"), "event: last\ndata: 1\n\n");
}

TEST_F(EventsTest, StreamsHaveALimitOfTheirOwn) {
  options_.limits.streams = 2;
  Start();
  std::vector<Client> clients;
  for (int i = 0; i < 2; ++i) {
    clients.emplace_back(port()).Send(kSubscribe);
    clients.back().ReadUntil("hello");
  }
  EXPECT_EQ(Get(port(), "/events").status, 503);
  EXPECT_EQ(Refused(Refusal::kTooManyStreams), 1U);
  EXPECT_TRUE(HasSubscribers(2));
  EXPECT_EQ(Get(port(), "/").status, 200);
  clients.pop_back();
  EXPECT_TRUE(HasSubscribers(1));
  Client third(port());
  third.Send(kSubscribe);
  EXPECT_THAT(third.ReadUntil("hello"), HasSubstr("200 OK"));
}

TEST_F(EventsTest, HeadOfAStreamIsOnlyAHead) {
  Start();
  EXPECT_EQ(Ask(port(), "HEAD", "/events").status, 200);
  EXPECT_TRUE(HasSubscribers(0));
  EXPECT_EQ(server_->books().streams_opened.Get(), 0U);
}

TEST_F(EventsTest, TheServerMayEndBeforeTheBroadcaster) {
  Start();
  Client client(port());
  client.Send(kSubscribe);
  client.ReadUntil("hello");
  server_->Stop();
  broadcaster_->Publish("n", "1");
  server_ = nullptr;
  EXPECT_TRUE(HasSubscribers(0));
  broadcaster_->Publish("n", "2");
  EXPECT_TRUE(client.IsClosedWithin(2s));
}

TEST_F(EventsTest, ManyThreadsPublishWhileSubscribersComeAndGo) {
  Start();
  std::atomic<bool> is_over = false;
  std::vector<std::thread> publishers;
  for (int i = 0; i < 2; ++i) {
    publishers.emplace_back([&] {
      while (!is_over) {
        broadcaster_->Publish("n", "1");
        std::this_thread::sleep_for(100us);
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    Client client(port());
    client.Send(kSubscribe);
    EXPECT_THAT(client.ReadUntil("event: n\ndata: 1\n\n"), HasSubstr("event: n"));
  }
  is_over = true;
  for (std::thread& publisher : publishers) publisher.join();
  EXPECT_TRUE(HasSubscribers(0));
}

}  // namespace
}  // namespace hostscope::http::testing
