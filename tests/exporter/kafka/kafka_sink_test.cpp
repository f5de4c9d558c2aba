#include "exporter/kafka/kafka_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hostscope.pb.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <simdjson.h>

#include <array>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "exporter/encoding/record_id.h"
#include "tests/exporter/sketched_window.h"
#include "tests/exporter/windows.h"

// What a broker that works can't be made to do: librdkafka's own mock broker, a real listener on loopback,
// refuses and breaks on command. tests/kafka/ has the real broker.

namespace hostscope::exporter {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int16_t kProduceApi = 0;
constexpr int kPartitions = 4;

struct Handle {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
};

class Log {
 public:
  LogFunction function() {
    return [this](std::string_view line) {
      const std::lock_guard lock(mutex_);
      lines_.emplace_back(line);
    };
  }
  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

class KafkaSinkTest : public ::testing::Test {
 protected:
  KafkaSinkTest()
      : handle_(Make(RD_KAFKA_PRODUCER, {})), cluster_(rd_kafka_mock_cluster_new(handle_.get(), 1)) {
    for (const char* topic : {"hostscope.hosts", "hostscope.networks", "hostscope.windows"}) {
      rd_kafka_mock_topic_create(cluster_, topic, kPartitions, 1);
    }
  }
  ~KafkaSinkTest() override { rd_kafka_mock_cluster_destroy(cluster_); }

  static std::unique_ptr<rd_kafka_t, Handle> Make(rd_kafka_type_t type,
                                                  const std::map<std::string, std::string>& properties) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    std::array<char, 200> reason{};
    for (const auto& [name, value] : properties) {
      EXPECT_EQ(rd_kafka_conf_set(conf, name.c_str(), value.c_str(), reason.data(), reason.size()),
                RD_KAFKA_CONF_OK);
    }
    return std::unique_ptr<rd_kafka_t, Handle>(rd_kafka_new(type, conf, reason.data(), reason.size()));
  }

  std::string brokers() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }
  KafkaOptions Options() const { return {.brokers = brokers(), .observer = "mon1"}; }

  std::unique_ptr<Sink> Open(const KafkaOptions& options) {
    OpenedSink opened = OpenKafkaSink(options, log_.function());
    EXPECT_EQ(opened.problem, "");
    return std::move(opened.sink);
  }

  using Headers = std::vector<std::pair<std::string, std::string>>;

  static Headers HeadersOf(const rd_kafka_message_t* message) {
    Headers all;
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return all;
    const char* name = nullptr;
    const void* value = nullptr;
    for (std::size_t i = 0, size = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == 0; ++i)
      all.emplace_back(name, std::string(static_cast<const char*>(value), size));
    return all;
  }

  // The values of every record of a topic so far; their keys and headers too where wanted.
  std::vector<std::string> Read(const char* topic, std::vector<std::string>* keys = nullptr,
                                std::vector<Headers>* headers = nullptr) const {
    const auto consumer =
        Make(RD_KAFKA_CONSUMER,
             {{"bootstrap.servers", brokers()}, {"enable.partition.eof", "true"}, {"group.id", "test"}});
    rd_kafka_poll_set_consumer(consumer.get());
    rd_kafka_topic_partition_list_t* const all = rd_kafka_topic_partition_list_new(kPartitions);
    for (int partition = 0; partition < kPartitions; ++partition) {
      rd_kafka_topic_partition_list_add(all, topic, partition)->offset = RD_KAFKA_OFFSET_BEGINNING;
    }
    rd_kafka_assign(consumer.get(), all);
    rd_kafka_topic_partition_list_destroy(all);
    std::vector<std::string> values;
    for (int ends = 0; ends < kPartitions;) {
      rd_kafka_message_t* const message = rd_kafka_consumer_poll(consumer.get(), 20'000);
      if (message == nullptr) {
        ADD_FAILURE() << "no answer while reading " << topic;
        break;
      }
      if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        ++ends;
      } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        values.emplace_back(static_cast<const char*>(message->payload), message->len);
        if (headers != nullptr) headers->push_back(HeadersOf(message));
        if (keys != nullptr) keys->emplace_back(static_cast<const char*>(message->key), message->key_len);
      }
      rd_kafka_message_destroy(message);
    }
    rd_kafka_consumer_close(consumer.get());
    return values;
  }

  static std::set<std::string> IdsOf(const std::vector<std::string>& values) {
    simdjson::dom::parser parser;
    std::set<std::string> ids;
    for (const std::string& value : values) {
      std::string_view id;
      EXPECT_EQ(parser.parse(value)["record_id"].get(id), simdjson::SUCCESS) << value;
      ids.emplace(id);
    }
    return ids;
  }

  Log log_;  // outlives the sinks
  std::unique_ptr<rd_kafka_t, Handle> handle_;
  rd_kafka_mock_cluster_t* cluster_;
};

TEST_F(KafkaSinkTest, DeliversAWindowAndItsWindowRecord) {
  const auto sink = Open(Options());
  EXPECT_EQ(sink->Write(ManyHosts(3'000)), "");
  EXPECT_EQ(sink->status().delivered, 3'001U);
  EXPECT_EQ(sink->status().windows, 1U);
  const std::vector<std::string> hosts = Read("hostscope.hosts");
  EXPECT_EQ(hosts.size(), 3'000U);
  EXPECT_EQ(IdsOf(hosts).size(), 3'000U);
  EXPECT_THAT(Read("hostscope.windows"), ElementsAre(HasSubstr("\"hosts\":3000,")));
}

TEST_F(KafkaSinkTest, HeadersSayWhatAMessageIs) {
  KafkaOptions options = Options();
  options.networks = aggregator::NetworkLevels{};
  const auto sink = Open(options);
  EXPECT_EQ(sink->Write(ListedWindow(ManyHosts(50), ManyNetworks(30))), "");
  const auto expect = [&](const char* topic, bool has_id) {
    simdjson::dom::parser parser;
    std::vector<Headers> headers;
    const std::vector<std::string> values = Read(topic, nullptr, &headers);
    EXPECT_FALSE(values.empty());
    for (std::size_t i = 0; i < values.size(); ++i) {
      Headers expected{{"schema", "hostscope"},
                       {"observer", "mon1"},
                       {"window_start", "2026-11-23T21:00:10.000Z"},
                       {"window_seconds", "10"}};
      if (has_id) {
        std::string_view id;
        EXPECT_EQ(parser.parse(values[i])["record_id"].get(id), simdjson::SUCCESS);
        expected.emplace_back("record_id", id);
      }
      EXPECT_EQ(headers[i], expected);
    }
  };
  expect("hostscope.hosts", true);
  expect("hostscope.networks", true);
  expect("hostscope.windows", false);
}

TEST_F(KafkaSinkTest, HeadersTellRepeatsOfStream4FlowApart) {
  KafkaOptions options = Options();
  options.schema = Schema::kStream4Flow;
  const auto sink = Open(options);
  EXPECT_EQ(sink->Write(ListedWindow(TenSeconds(), {SenderRecord()})), "");
  std::vector<Headers> headers;
  Read("hostscope.hosts", nullptr, &headers);
  RecordIdMaker ids("mon1");
  ids.SetWindow(TenSeconds());
  std::string id(RecordIdMaker::kTextLength, ' ');
  ids.Format(SenderRecord(), id.data());
  ASSERT_EQ(headers.size(), 1U);
  EXPECT_THAT(headers[0], Contains(Headers::value_type("schema", "stream4flow")));
  EXPECT_THAT(headers[0], Contains(Headers::value_type("record_id", id)));
}

TEST_F(KafkaSinkTest, HeadersCanBeLeftOut) {
  KafkaOptions options = Options();
  options.headers = false;
  const auto sink = Open(options);
  EXPECT_EQ(sink->Write(ManyHosts(10)), "");
  std::vector<Headers> headers;
  Read("hostscope.hosts", nullptr, &headers);
  EXPECT_EQ(headers, std::vector<Headers>(10));
}

TEST_F(KafkaSinkTest, StatisticsComeAlsoWhileThereIsNothingToWrite) {
  KafkaOptions options = Options();
  options.properties = {{"statistics.interval.ms", "50"}};
  const auto sink = Open(options);
  const auto number = [&](std::string_view name) {
    for (const SinkNumber& each : sink->status().numbers) {
      if (each.name == name) return each.value;
    }
    ADD_FAILURE() << "no " << name;
    return std::uint64_t{0};
  };
  const auto deadline = steady_clock::now() + seconds(20);
  // Times are those of one interval: one that is not looked at in time is gone.
  EXPECT_EQ(sink->Write(ManyHosts(100)), "");
  while (number("rtt_avg_us") == 0 && steady_clock::now() < deadline) {
    EXPECT_EQ(sink->Write(ManyHosts(100)), "");
  }
  EXPECT_GT(number("rtt_avg_us"), 0U);
  EXPECT_GE(number("rtt_p99_us"), number("rtt_avg_us") / 2);
  while (number("queue_records") != 0 && steady_clock::now() < deadline) {
    sink->Idle();
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_GT(number("tx_requests"), 0U);
  EXPECT_GT(number("tx_bytes"), 1'000U);
  EXPECT_GE(number("brokers_up"), 1U);
  EXPECT_EQ(number("queue_records"), 0U);
}

TEST_F(KafkaSinkTest, ProtobufRecordsAreOneMessageEach) {
  KafkaOptions options = Options();
  options.format = RecordFormat::kProtobuf;
  options.sketches = true;
  const auto sink = Open(options);
  const SketchedWindow window(500);
  EXPECT_EQ(sink->Write(window), "");
  std::set<std::string> ids;
  for (const std::string& value : Read("hostscope.hosts")) {
    v1::Record record;
    ASSERT_TRUE(record.ParseFromString(value));
    EXPECT_EQ(record.observer(), "mon1");
    EXPECT_TRUE((record.has_sent() ? record.sent() : record.received()).has_sketches());
    ids.insert(record.record_id());
  }
  EXPECT_EQ(ids.size(), window.size());
  const std::vector<std::string> windows = Read("hostscope.windows");
  ASSERT_EQ(windows.size(), 1U);
  v1::Record last;
  ASSERT_TRUE(last.ParseFromString(windows[0]));
  EXPECT_EQ(last.summary().hosts(), window.size());
}

TEST_F(KafkaSinkTest, NetworkRecordsHaveATopicAndAreKeyedByPrefix) {
  KafkaOptions options = Options();
  options.networks = aggregator::NetworkLevels{};
  const auto sink = Open(options);
  EXPECT_EQ(sink->Write(ListedWindow(ManyHosts(100), ManyNetworks(300))), "");
  EXPECT_EQ(sink->status().delivered, 401U);
  std::vector<std::string> keys;
  const std::vector<std::string> networks = Read("hostscope.networks", &keys);
  ASSERT_EQ(networks.size(), 300U);
  EXPECT_EQ(IdsOf(networks).size(), 300U);
  for (std::size_t i = 0; i < networks.size(); ++i)
    EXPECT_THAT(networks[i], HasSubstr("\"network\":{\"prefix\":\"" + keys[i] + "\""));
  EXPECT_EQ(Read("hostscope.hosts").size(), 100U);
  EXPECT_THAT(Read("hostscope.windows"), ElementsAre(HasSubstr("\"networks\":300,")));
}

TEST_F(KafkaSinkTest, NetworkRecordsThatWereNotAcknowledgedAreMadeAndSentAgain) {
  KafkaOptions options = Options();
  options.networks = aggregator::NetworkLevels{};
  rd_kafka_mock_topic_set_error(cluster_, "hostscope.networks", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  const auto sink = Open(options);
  const ListedWindow window(ManyHosts(10), ManyNetworks(500));
  auto written = std::async(std::launch::async, [&] { return sink->Write(window); });
  EXPECT_EQ(written.wait_for(seconds(2)), std::future_status::timeout);
  EXPECT_THAT(Read("hostscope.windows"), IsEmpty());
  rd_kafka_mock_topic_set_error(cluster_, "hostscope.networks", RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_EQ(written.get(), "");
  EXPECT_EQ(sink->status().delivered, 511U);
  EXPECT_EQ(IdsOf(Read("hostscope.networks")).size(), 500U);
}

TEST_F(KafkaSinkTest, Stream4FlowSendsOnlyHostsThatSent) {
  KafkaOptions options = Options();
  options.schema = Schema::kStream4Flow;
  const auto sink = Open(options);
  aggregator::HostRecord receiver = SenderRecord();
  std::swap(receiver.sent, receiver.received);
  receiver.host = Address::FromIpv4(1);
  EXPECT_EQ(sink->Write(ListedWindow(TenSeconds(), {SenderRecord(), receiver})), "");
  EXPECT_EQ(sink->status().delivered, 1U);
  EXPECT_EQ(sink->status().windows, 1U);
  EXPECT_THAT(Read("hostscope.hosts"), ElementsAre(HasSubstr("host_stats")));
  EXPECT_THAT(Read("hostscope.windows"), IsEmpty());
}

TEST_F(KafkaSinkTest, AFullQueueHoldsTheWriterUpAndLosesNothing) {
  KafkaOptions options = Options();
  options.properties = {{"queue.buffering.max.messages", "50"}, {"linger.ms", "1"}};
  const auto sink = Open(options);
  EXPECT_EQ(sink->Write(ManyHosts(2'000)), "");
  EXPECT_EQ(sink->status().delivered, 2'001U);
  EXPECT_EQ(IdsOf(Read("hostscope.hosts")).size(), 2'000U);
}

TEST_F(KafkaSinkTest, AFatalErrorReplacesTheProducerAndSendsTheRestAgain) {
  KafkaOptions options = Options();
  options.properties = {{"queue.buffering.max.messages", "500"}, {"batch.num.messages", "100"}};
  const auto sink = Open(options);
  EXPECT_EQ(sink->Write(ManyHosts(100)), "");
  rd_kafka_mock_push_request_errors(cluster_, kProduceApi, 3, RD_KAFKA_RESP_ERR_NO_ERROR,
                                    RD_KAFKA_RESP_ERR_NO_ERROR,
                                    RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
  EXPECT_EQ(sink->Write(ManyHosts(3'000, 1)), "");
  EXPECT_THAT(log_.lines(), Contains(HasSubstr("the producer is replaced after a fatal error")));
  const SinkStatus status = sink->status();
  EXPECT_EQ(status.delivered, 3'102U);
  EXPECT_EQ(status.windows, 2U);
  EXPECT_GT(status.retried, 0U);
  EXPECT_EQ(status.rejected + status.dropped, 0U);
  const std::vector<std::string> hosts = Read("hostscope.hosts");
  EXPECT_GE(hosts.size(), 3'100U);  // at least once
  EXPECT_EQ(IdsOf(hosts).size(), 3'100U);
  EXPECT_EQ(Read("hostscope.windows").size(), 2U);
}

TEST_F(KafkaSinkTest, WhatTheRecordIsNotToBlameForIsTriedAgain) {
  rd_kafka_mock_topic_set_error(cluster_, "hostscope.hosts", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  const auto sink = Open(Options());
  auto written = std::async(std::launch::async, [&] { return sink->Write(ManyHosts(1'000)); });
  EXPECT_EQ(written.wait_for(seconds(2)), std::future_status::timeout);
  rd_kafka_mock_topic_set_error(cluster_, "hostscope.hosts", RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_EQ(written.get(), "");
  EXPECT_EQ(sink->status().delivered, 1'001U);
  EXPECT_EQ(sink->status().rejected, 0U);
  EXPECT_EQ(IdsOf(Read("hostscope.hosts")).size(), 1'000U);
}

TEST_F(KafkaSinkTest, ARecordThatIsTooLargeIsRejectedAndTheOthersGo) {
  KafkaOptions options = Options();
  // The least that librdkafka allows: with this name, and without headers, one role fits, two do not.
  options.headers = false;
  options.properties = {{"message.max.bytes", "1000"}};
  options.observer = std::string(250, 'm');
  const auto sink = Open(options);
  aggregator::HostRecord large = SenderRecord();
  large.received = large.sent;
  large.host = Address::FromIpv4(1);
  EXPECT_EQ(sink->Write(ListedWindow(TenSeconds(), {large, SenderRecord()})),
            "kafka " + brokers() +
                ": window of 2026-11-23T21:00:10.000Z: 1 records refused: Broker: Message size too large");
  EXPECT_EQ(sink->status().rejected, 1U);
  EXPECT_EQ(sink->status().delivered, 2U);
  EXPECT_EQ(sink->status().windows, 0U);
}

TEST_F(KafkaSinkTest, ABrokerThatIsAwayIsAwaited) {
  rd_kafka_mock_broker_set_down(cluster_, 1);
  const auto sink = Open(Options());
  auto written = std::async(std::launch::async, [&] { return sink->Write(ManyHosts(1'000)); });
  EXPECT_EQ(written.wait_for(seconds(1)), std::future_status::timeout);
  rd_kafka_mock_broker_set_up(cluster_, 1);
  EXPECT_EQ(written.get(), "");
  EXPECT_EQ(sink->status().delivered, 1'001U);
}

TEST_F(KafkaSinkTest, CancelEndsTheWaitAndCountsWhatIsLost) {
  rd_kafka_mock_broker_set_down(cluster_, 1);
  const auto sink = Open(Options());
  auto written = std::async(std::launch::async, [&] { return sink->Write(ManyHosts(1'000)); });
  EXPECT_EQ(written.wait_for(milliseconds(300)), std::future_status::timeout);
  const auto start = steady_clock::now();
  sink->Cancel();
  EXPECT_THAT(written.get(), HasSubstr("cancelled with 1001 records not acknowledged"));
  EXPECT_THAT(sink->Write(ManyHosts(10, 1)), HasSubstr("cancelled with 11 records"));
  EXPECT_LT(steady_clock::now() - start, seconds(5));
  EXPECT_EQ(sink->status().dropped, 1'012U);
  EXPECT_EQ(sink->status().delivered, 0U);
}

}  // namespace
}  // namespace hostscope::exporter
