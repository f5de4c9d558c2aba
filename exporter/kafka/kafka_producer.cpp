#include "exporter/kafka/kafka_producer.h"

#include <array>
#include <bit>
#include <vector>

#include "exporter/kafka/kafka_config.h"

namespace hostscope::exporter {
namespace {

constexpr int kPollMs = 100;

// librdkafka carries a pointer with each record, which is a number here.
void* ToOpaque(std::size_t record) noexcept {
  return std::bit_cast<void*>(record);
}
std::size_t FromOpaque(void* opaque) noexcept {
  return std::bit_cast<std::size_t>(opaque);
}

// The record itself is at fault. With everything else it is the broker, the topic, the rights or the network,
// which someone can mend.
bool IsRefusal(rd_kafka_resp_err_t error) noexcept {
  switch (error) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::unique_ptr<KafkaProducer> KafkaProducer::Make(const KafkaOptions& options,
                                                   std::span<const std::string> topics,
                                                   KafkaListener& listener, const LogFunction& log,
                                                   std::string& problem) {
  std::unique_ptr<KafkaProducer> made(new KafkaProducer(listener, log));
  std::vector<std::string> problems;
  KafkaConf conf = MakeKafkaConf(options, SecretFiles::kMustBeThere, problems);
  std::array<char, 512> reason{};
  if (problems.empty() && rd_kafka_conf_set(conf.get(), "bootstrap.servers", options.brokers.c_str(),
                                            reason.data(), reason.size()) != RD_KAFKA_CONF_OK) {
    problems.emplace_back(reason.data());
  }
  if (!problems.empty()) {
    problem = problems.front();
    return nullptr;
  }
  rd_kafka_conf_set_opaque(conf.get(), made.get());
  rd_kafka_conf_set_dr_msg_cb(conf.get(), &OnDelivery);
  rd_kafka_conf_set_error_cb(conf.get(), &OnError);
  rd_kafka_conf_set_stats_cb(conf.get(), &OnStatistics);
  rd_kafka_conf_set_log_cb(conf.get(), &OnLog);
  made->producer_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), reason.data(), reason.size()));
  if (made->producer_ == nullptr) {
    problem = reason.data();
    return nullptr;
  }
  static_cast<void>(conf.release());  // the producer's now
  for (const std::string& topic : topics) {
    made->topics_.emplace_back(rd_kafka_topic_new(made->producer_.get(), topic.c_str(), nullptr));
    if (made->topics_.back() != nullptr) continue;
    problem = rd_kafka_err2str(rd_kafka_last_error());
    return nullptr;
  }
  return made;
}

KafkaProducer::~KafkaProducer() {
  if (producer_ != nullptr) Abandon();
}

KafkaQueued KafkaProducer::Send(std::size_t topic, std::string_view key, std::string_view value,
                                std::span<const KafkaHeader> headers, std::size_t record) noexcept {
  std::array<rd_kafka_vu_t, 5 + kMaxHeaders> parts;
  std::size_t count = 0;
  const auto add = [&](rd_kafka_vtype_t type) -> rd_kafka_vu_t& {
    parts[count].vtype = type;
    return parts[count++];
  };
  // librdkafka takes no pointers to const, but with F_COPY only reads.
  const auto bytes = [](std::string_view text) { return const_cast<char*>(text.data()); };
  add(RD_KAFKA_VTYPE_RKT).u.rkt = topics_[topic].get();
  add(RD_KAFKA_VTYPE_MSGFLAGS).u.i = RD_KAFKA_MSG_F_COPY;
  add(RD_KAFKA_VTYPE_VALUE).u.mem = {bytes(value), value.size()};
  if (!key.empty()) add(RD_KAFKA_VTYPE_KEY).u.mem = {bytes(key), key.size()};
  add(RD_KAFKA_VTYPE_OPAQUE).u.ptr = ToOpaque(record);
  for (const KafkaHeader& header : headers) {
    add(RD_KAFKA_VTYPE_HEADER).u.header = {header.name, header.value.data(),
                                           static_cast<ssize_t>(header.value.size())};
  }
  rd_kafka_error_t* const failure = rd_kafka_produceva(producer_.get(), parts.data(), count);
  if (failure == nullptr) {
    ++outstanding_;
    return KafkaQueued::kYes;
  }
  const rd_kafka_resp_err_t error = rd_kafka_error_code(failure);
  rd_kafka_error_destroy(failure);
  if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) return KafkaQueued::kFull;
  last_error_ = rd_kafka_err2str(error);
  NoteBreakage();
  return IsRefusal(error) ? KafkaQueued::kRefused : KafkaQueued::kNotNow;
}

void KafkaProducer::Poll(int timeout_ms) noexcept {
  rd_kafka_poll(producer_.get(), timeout_ms);
}

void KafkaProducer::Abandon() noexcept {
  rd_kafka_purge(producer_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  while (outstanding_ > 0) rd_kafka_poll(producer_.get(), kPollMs);
}

void KafkaProducer::OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* self) noexcept {
  auto* const producer = static_cast<KafkaProducer*>(self);
  --producer->outstanding_;
  const std::size_t record = FromOpaque(message->_private);
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    producer->listener_.OnFate(record, KafkaFate::kAcknowledged, "");
    return;
  }
  const char* const reason = rd_kafka_err2str(message->err);
  const bool is_abandoned =
      message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || message->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
  if (!is_abandoned) {
    producer->last_error_ = reason;
    producer->NoteBreakage();
  }
  producer->listener_.OnFate(record, IsRefusal(message->err) ? KafkaFate::kRefused : KafkaFate::kUndelivered,
                             reason);
}

// 0: librdkafka frees the text.
int KafkaProducer::OnStatistics(rd_kafka_t*, char* json, std::size_t length, void* self) noexcept {
  static_cast<KafkaProducer*>(self)->listener_.OnStatistics({json, length});
  return 0;
}

void KafkaProducer::OnError(rd_kafka_t*, int, const char* reason, void* self) noexcept {
  auto* const producer = static_cast<KafkaProducer*>(self);
  producer->last_error_ = reason;
  producer->NoteBreakage();
}

void KafkaProducer::NoteBreakage() noexcept {
  std::array<char, 512> reason{};
  if (rd_kafka_fatal_error(producer_.get(), reason.data(), reason.size()) == RD_KAFKA_RESP_ERR_NO_ERROR)
    return;
  is_broken_ = true;
  last_error_ = reason.data();
}

void KafkaProducer::OnLog(const rd_kafka_t* producer, int, const char* facility, const char* text) noexcept {
  const auto* const self = static_cast<const KafkaProducer*>(rd_kafka_opaque(producer));
  if (self->log_) self->log_(std::string("kafka: ") + facility + ": " + text);
}

}  // namespace hostscope::exporter
