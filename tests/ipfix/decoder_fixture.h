#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ipfix/decoder.h"
#include "tests/ipfix/exporters.h"
#include "tests/ipfix/flow_text.h"
#include "tests/ipfix/message_builder.h"
#include "tests/ipfix/naive_decoder.h"

namespace hostscope::ipfix::test {

/// The elements of an ordinary flow record, and one such record.
inline const std::vector<Field> kFlowFields = {{8, 4}, {12, 4}, {7, 2}, {11, 2}, {4, 1}, {2, 4}, {1, 4}};
inline constexpr std::size_t kFlowLength = 21;

struct Flow {
  std::string source = "10.0.0.1";
  std::string destination = "10.0.0.2";
  std::uint16_t source_port = 40000;
  std::uint16_t destination_port = 443;
  std::uint8_t protocol = 6;
  std::uint32_t packets = 10;
  std::uint32_t bytes = 1000;

  Bytes Wire() const {
    return Bytes()
        .Address(source)
        .Address(destination)
        .U16(source_port)
        .U16(destination_port)
        .U8(protocol)
        .U32(packets)
        .U32(bytes);
  }
};
inline Bytes FlowBytes(const Flow& flow = {}) {
  return flow.Wire();
}

struct Sender {
  std::string address = "192.0.2.1";
  std::uint16_t port = 2055;
  std::int64_t received_ns = 1'700'000'000'000'000'000;
};

/// A decoder under test. Whatever a test sends also goes to the naive decoder, and both must agree on every
/// flow record and in every book.
class DecoderTest : public ::testing::Test {
 protected:
  DatagramOutcome Send(const std::vector<std::uint8_t>& payload, const Sender& from = {}) {
    // A copy on the heap that ends where the datagram ends, so that AddressSanitizer sees any byte read
    // beyond it.
    const std::vector<std::uint8_t> bytes(payload);
    const Datagram datagram{bytes, AddressOf(from.address), from.port, {from.received_ns}};
    const DatagramOutcome outcome = decoder().Decode(datagram, collector_);
    decoder().Flush(collector_);
    if (compares_with_naive_) {
      EXPECT_EQ(naive_->Decode(datagram), outcome);
    }
    return outcome;
  }
  DatagramOutcome Send(const MessageBuilder& message, const Sender& from = {}) {
    return Send(message.Build(), from);
  }
  DatagramOutcome Send(const Netflow5Builder& message, const Sender& from = {}) {
    return Send(message.Build(), from);
  }

  /// The flow records since the last call.
  std::vector<FlowRecord> TakeFlows() {
    std::vector<FlowRecord> flows = std::exchange(collector_.flows, {});
    if (compares_with_naive_) {
      EXPECT_THAT(naive_->TakeFlows(), ::testing::ElementsAreArray(flows));
    }
    return flows;
  }
  FlowRecord TakeOneFlow() {
    const std::vector<FlowRecord> flows = TakeFlows();
    EXPECT_EQ(flows.size(), 1U);
    return flows.size() == 1 ? flows.front() : FlowRecord{};
  }
  /// Sends a template and one record of it, and gives the only flow record that comes of it.
  FlowRecord FlowOf(const std::vector<Field>& fields, const Bytes& record) {
    Send(MessageBuilder::Ipfix().Template(256, fields).Data(256, {record}));
    return TakeOneFlow();
  }

  Decoder& decoder() {
    if (!decoder_) {
      decoder_ = std::make_unique<Decoder>(settings_);
      naive_ = std::make_unique<NaiveDecoder>(settings_);
    }
    return *decoder_;
  }
  const Accounting& books() { return decoder().accounting(); }
  std::uint64_t Skipped(RecordSkip reason) { return books().skipped.Get(reason); }
  std::uint64_t SetsSkipped(SetSkip reason) { return books().sets_skipped.Get(reason); }
  std::uint64_t Templates(TemplateEvent event) { return books().templates.Get(event); }
  std::uint64_t Refused(TemplateRefusal reason) { return books().refusals.Get(reason); }

  /// For what the naive decoder does not model: caps, expiry, sequence numbers.
  void DontCompareWithNaive() { compares_with_naive_ = false; }

  void TearDown() override {
    TakeFlows();
    const Accounting& b = books();
    EXPECT_EQ(b.datagrams.Get(), b.outcomes.Total());
    EXPECT_EQ(b.records_seen.Get(), b.records_counted.Get() + b.skipped.Total());
    EXPECT_EQ(b.refusals.Total(), b.templates.Get(TemplateEvent::kRefused));
    if (!compares_with_naive_) return;
    EXPECT_EQ(DifferenceBetween(b, naive_->books()), "");
  }

  Settings settings_;  ///< to be changed before the first Send()

 private:
  struct Collector final : FlowConsumer {
    void Consume(std::span<const FlowRecord> records) noexcept override {
      flows.insert(flows.end(), records.begin(), records.end());
    }
    std::vector<FlowRecord> flows;
  };

  std::unique_ptr<Decoder> decoder_;
  std::unique_ptr<NaiveDecoder> naive_;
  Collector collector_;
  bool compares_with_naive_ = true;
};

}  // namespace hostscope::ipfix::test
