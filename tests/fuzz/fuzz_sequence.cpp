#include <sstream>
#include <vector>

#include "ipfix/decoder.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/senders.h"
#include "tests/fuzz/sequence_input.h"
#include "tests/ipfix/flow_text.h"
#include "tests/ipfix/naive_decoder.h"

// Datagrams one after the other, so that templates come before data, change, and meet data of another
// exporter. The decoder and the naive one must give the same outcome for each, the same flow records and the
// same books.
namespace hostscope::fuzz {
namespace {

struct Collector final : FlowConsumer {
  void Consume(std::span<const FlowRecord> records) noexcept override {
    flows.insert(flows.end(), records.begin(), records.end());
  }
  std::vector<FlowRecord> flows;
};

/// Caps that no input of `size` bytes can reach, as the naive decoder has none.
ipfix::Settings SettingsFor(std::size_t size) {
  ipfix::Settings settings = SettingsOfSenders();
  constexpr std::size_t kSmallestDatagram = 16;
  constexpr std::size_t kSmallestTemplate = 8;
  settings.max_exporters = size / kSmallestDatagram + 1;
  settings.max_templates = size / kSmallestTemplate + 1;
  settings.max_templates_per_exporter = settings.max_templates;
  settings.max_samplers =
      size + 1;  // an options record takes a byte at least, and two entries only from two bytes on
  settings.max_fields_per_template = 64;
  return settings;
}

void RequireSameFlows(const std::vector<FlowRecord>& ours, const std::vector<FlowRecord>& naive) {
  for (std::size_t i = 0; i < ours.size() && i < naive.size(); ++i) {
    if (ours[i] == naive[i]) continue;
    std::ostringstream detail;
    detail << "record " << i << ": " << ours[i] << "\nnaive:    " << naive[i];
    Require(false, "the same flow records", detail.str());
  }
  Require(ours.size() == naive.size(), "as many flow records",
          std::to_string(ours.size()) + ", naive " + std::to_string(naive.size()));
}

void Run(std::span<const std::uint8_t> input) {
  const ipfix::Settings settings = SettingsFor(input.size());
  ipfix::Decoder decoder(settings);
  ipfix::test::NaiveDecoder naive(settings);
  Collector collector;
  ReceiveTime now{1'700'000'000 * kNanosecondsPerSecond};
  for (const SequenceItem& item : ReadSequence(input)) {
    now.ns += item.seconds() * kNanosecondsPerSecond;
    decoder.Expire(now);  // lifetimes of 0: nothing may go
    const Sender& sender = Senders()[item.sender()];
    // On the heap and exactly as long, so that AddressSanitizer sees any byte read beyond it.
    const std::vector<std::uint8_t> payload(item.payload.begin(), item.payload.end());
    const ipfix::Datagram datagram{payload, sender.address, sender.port, now};
    const ipfix::DatagramOutcome ours = decoder.Decode(datagram, collector);
    const ipfix::DatagramOutcome expected = naive.Decode(datagram);
    Require(ours == expected, "the same outcome",
            std::string(NameOf(ours).name) + ", naive " + std::string(NameOf(expected).name));
  }
  decoder.Flush(collector);
  RequireSameFlows(collector.flows, naive.TakeFlows());
  const std::string difference = DifferenceBetween(decoder.accounting(), naive.books());
  Require(difference.empty(), "the same books", difference);
  Require(decoder.accounting().samplers_refused.Get() == 0, "room for every sampler");
}

}  // namespace
}  // namespace hostscope::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hostscope::fuzz::Run({data, size});
  return 0;
}
