// The flow records of captures as the JSON that a collector sends to a message bus, one a line, for
// bench/fleet-cost:
//
//     flow_json PCAP…
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "app/capture/capture_merge.h"
#include "app/capture/export_datagrams.h"
#include "exporter/raw_flow/raw_flow_encoder.h"
#include "ipfix/decoder.h"

namespace hostscope::bench {
namespace {

class Printer final : public FlowTap {
 public:
  void Take(std::span<const FlowRecord> records, std::span<const FlowTimes> times) noexcept override {
    std::array<char, exporter::kMaxRawFlow + 1> text;
    for (std::size_t i = 0; i < records.size(); ++i) {
      char* const end = exporter::EncodeRawFlow(records[i], times[i], text.data());
      *end = '\n';
      std::fwrite(text.data(), 1, static_cast<std::size_t>(end - text.data()) + 1, stdout);
    }
  }
};

class NullConsumer final : public FlowConsumer {
 public:
  void Consume(std::span<const FlowRecord> /*records*/) noexcept override {}
};

void Print(const std::vector<std::string>& captures) {
  app::CaptureMerge capture(captures);
  app::ExportDatagrams datagrams;
  ipfix::Decoder decoder{ipfix::Settings{}};
  Printer printer;
  NullConsumer consumer;
  decoder.SetTap(&printer);
  app::CapturedPacket packet;
  LinkType link{};
  ipfix::Datagram datagram;
  while (capture.Next(packet, link)) {
    if (datagrams.Take(packet, link, datagram)) decoder.Decode(datagram, consumer);
  }
  decoder.Flush(consumer);
}

}  // namespace
}  // namespace hostscope::bench

int main(int argc, char** argv) {
  try {
    hostscope::bench::Print({argv + 1, argv + argc});
    return std::fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return EXIT_FAILURE;
  }
}
