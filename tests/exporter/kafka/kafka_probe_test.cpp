#include "exporter/kafka/kafka_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <chrono>

// Against librdkafka's own broker, a real listener on loopback; tests/kafka/ has Apache's.
namespace hostscope::exporter {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class KafkaProbeTest : public ::testing::Test {
 protected:
  KafkaProbeTest()
      : handle_(rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nullptr, 0)),
        cluster_(rd_kafka_mock_cluster_new(handle_, 2)) {
    rd_kafka_mock_topic_create(cluster_, "hostscope.hosts", 1, 1);
    options_.brokers = rd_kafka_mock_cluster_bootstraps(cluster_);
  }
  ~KafkaProbeTest() override {
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(handle_);
  }

  rd_kafka_t* handle_;
  rd_kafka_mock_cluster_t* cluster_;
  KafkaOptions options_;
};

TEST_F(KafkaProbeTest, NamesBrokersAndTopicsThatAreMissing) {
  KafkaAnswer answer = AskKafka(options_, 10'000);
  EXPECT_EQ(answer.problem, "");
  EXPECT_EQ(answer.brokers.size(), 2U);
  EXPECT_THAT(options_.brokers, HasSubstr(answer.brokers.at(0)));
  EXPECT_THAT(answer.missing, ElementsAre("hostscope.windows"));
  options_.networks = aggregator::NetworkLevels{};
  EXPECT_THAT(AskKafka(options_, 10'000).missing, ElementsAre("hostscope.windows", "hostscope.networks"))
      << "asking made no topic";
  options_.schema = Schema::kStream4Flow;
  EXPECT_THAT(AskKafka(options_, 10'000).missing, IsEmpty());
}

TEST_F(KafkaProbeTest, SaysWhyThereIsNoAnswer) {
  options_.brokers = "127.0.0.1:1";
  const auto before = std::chrono::steady_clock::now();
  const KafkaAnswer answer = AskKafka(options_, 1000);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(10));
  EXPECT_THAT(answer.problem, HasSubstr("127.0.0.1:1"));
  EXPECT_THAT(answer.brokers, IsEmpty());
}

TEST_F(KafkaProbeTest, AWrongPropertyIsAProblem) {
  options_.properties = {{"no.such.property", "1"}};
  EXPECT_THAT(AskKafka(options_, 1000).problem, HasSubstr("no.such.property"));
}

}  // namespace
}  // namespace hostscope::exporter
