#include "exporter/raw_flow/raw_flow_publisher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

// What a broker that works can't be made to do, as in kafka_sink_test.cpp: librdkafka's mock broker.
// tests/kafka/ has the real one, and the consumer's side.

namespace hostscope::exporter {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int16_t kProduceApi = 0;

class RawFlowPublisherTest : public ::testing::Test {
 protected:
  RawFlowPublisherTest()
      : handle_(rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nullptr, 0)),
        cluster_(rd_kafka_mock_cluster_new(handle_, 1)) {
    options.kafka.brokers = rd_kafka_mock_cluster_bootstraps(cluster_);
    rd_kafka_mock_topic_create(cluster_, options.topic.c_str(), 2, 1);
  }
  ~RawFlowPublisherTest() override {
    publisher.reset();
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(handle_);
  }
  void Open(std::size_t workers = 1) {
    OpenedRawFlows opened = RawFlowPublisher::Open(options, workers, [this](std::string_view line) {
      log.emplace_back(line);  // on the publisher's thread; read when it has ended
    });
    ASSERT_EQ(opened.problem, "");
    publisher = std::move(opened.publisher);
  }
  static void Show(FlowTap* tap, std::size_t count) {
    const std::vector<FlowRecord> records(count);
    const std::vector<FlowTimes> times(count);
    tap->Take(records, times);
  }
  /// Until what the publisher says fits; fails when it takes long.
  template <typename Condition>
  void Await(Condition condition) const {
    const auto deadline = steady_clock::now() + seconds(30);
    while (!condition(publisher->status())) {
      ASSERT_LT(steady_clock::now(), deadline);
      std::this_thread::sleep_for(milliseconds(5));
    }
  }
  static std::uint64_t Accounted(const RawFlowStatus& status) {
    return status.delivered + status.rejected + status.queue_full + status.lost;
  }

  rd_kafka_t* handle_;
  rd_kafka_mock_cluster_t* cluster_;

 public:
  RawFlowOptions options;
  std::vector<std::string> log;
  std::unique_ptr<RawFlowPublisher> publisher;
};

TEST_F(RawFlowPublisherTest, DeliversWhatAllWorkersShow) {
  Open(3);
  const std::vector<FlowTap*> taps = publisher->taps();
  ASSERT_EQ(taps.size(), 3U);
  std::this_thread::sleep_for(milliseconds(15));  // it rests
  for (FlowTap* const tap : taps) Show(tap, 1000);
  publisher->Stop(seconds(30));
  const RawFlowStatus status = publisher->status();
  EXPECT_EQ(status.seen, 3000U);
  EXPECT_EQ(status.delivered, 3000U);
  EXPECT_EQ(status.waiting + status.lost + status.rejected + status.queue_full, 0U);
}

TEST_F(RawFlowPublisherTest, WhileTheBrokerIsAwayQueuesFillAndTheRestIsDroppedAndCounted) {
  options.kafka.properties = {{"queue.buffering.max.messages", "500"}};
  options.queue_records = 1024;
  rd_kafka_mock_broker_set_down(cluster_, 1);
  Open();
  FlowTap* const tap = publisher->taps()[0];
  for (int i = 0; i < 100; ++i) {
    Show(tap, 100);
    std::this_thread::sleep_for(milliseconds(1));
  }
  const RawFlowStatus away = publisher->status();
  EXPECT_EQ(away.seen, 10'000U);
  EXPECT_EQ(away.delivered, 0U);
  EXPECT_GE(away.queue_full, 10'000U - 500U - 1024U - 100U);
  rd_kafka_mock_broker_set_up(cluster_, 1);
  publisher->Stop(seconds(30));
  const RawFlowStatus back = publisher->status();
  EXPECT_EQ(Accounted(back), 10'000U);
  EXPECT_EQ(back.delivered, 10'000U - back.queue_full);
  EXPECT_GE(back.delivered, 1000U);
  EXPECT_THAT(log, Contains(HasSubstr("flow records were not delivered")));
}

TEST_F(RawFlowPublisherTest, StopWithoutTimeGivesUpWhatWaits) {
  rd_kafka_mock_broker_set_down(cluster_, 1);
  options.kafka.properties = {{"queue.buffering.max.messages", "100"}};
  Open();
  Show(publisher->taps()[0], 1000);
  const auto start = steady_clock::now();
  publisher->Stop(milliseconds(50));
  EXPECT_LT(steady_clock::now() - start, seconds(10));
  const RawFlowStatus status = publisher->status();
  EXPECT_EQ(status.lost, 1000U);
  EXPECT_EQ(status.waiting, 0U);
}

TEST_F(RawFlowPublisherTest, AFatalErrorReplacesTheProducerAndWhatWasUnderWayIsCounted) {
  options.kafka.properties = {{"batch.num.messages", "100"}, {"linger.ms", "1"}};
  Open();
  FlowTap* const tap = publisher->taps()[0];
  Show(tap, 100);
  Await([](const RawFlowStatus& status) { return status.delivered == 100; });
  rd_kafka_mock_push_request_errors(cluster_, kProduceApi, 3, RD_KAFKA_RESP_ERR_NO_ERROR,
                                    RD_KAFKA_RESP_ERR_NO_ERROR,
                                    RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
  std::size_t shown = 100;
  for (; shown < 3100; shown += 100) {
    Show(tap, 100);
    std::this_thread::sleep_for(milliseconds(2));
  }
  Await([&](const RawFlowStatus& status) { return Accounted(status) == shown; });
  Show(tap, 100);
  Await([&](const RawFlowStatus& status) { return Accounted(status) == shown + 100; });
  publisher->Stop(seconds(30));
  EXPECT_GT(publisher->status().delivered, 100U) << "the new producer goes on";
  EXPECT_GT(publisher->status().lost, 0U);
  EXPECT_THAT(log, Contains(HasSubstr("the producer is replaced after a fatal error")));
}

TEST(RawFlowOptionsTest, ProblemsAreSaid) {
  RawFlowOptions options;
  options.topic = "a b";
  EXPECT_THAT(
      CheckRawFlowOptions(options),
      ElementsAre("kafka: brokers '': at least one host:port",
                  "kafka: topic 'a b': a topic's name has 1 to 249 of the characters A-Z a-z 0-9 . _ -"));
}

}  // namespace
}  // namespace hostscope::exporter
