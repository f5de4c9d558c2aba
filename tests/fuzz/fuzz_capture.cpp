#include <sys/mman.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "app/capture/capture_merge.h"
#include "app/capture/export_datagrams.h"
#include "ipfix/decoder.h"
#include "tests/fuzz/fuzz_target.h"

// Any bytes as a pcap or pcapng file, read as `replay` does: every packet has one outcome, and every export
// datagram is decoded or dropped with a reason. The same file twice gives each packet twice.
namespace hostscope::fuzz {
namespace {

using app::CaptureCounters;
using app::CaptureDrop;
using app::PacketOutcome;

/// A file in memory that can be opened by a path.
class MemoryFile {
 public:
  MemoryFile() : descriptor_(memfd_create("capture", MFD_CLOEXEC)) {
    Require(descriptor_ >= 0, "a file in memory");
  }
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  void Write(std::span<const std::uint8_t> bytes) {
    Require(ftruncate(descriptor_, 0) == 0, "an empty file");
    const ssize_t written = pwrite(descriptor_, bytes.data(), bytes.size(), 0);
    Require(written == static_cast<ssize_t>(bytes.size()), "a file that is written");
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

struct Counting final : FlowConsumer {
  void Consume(std::span<const FlowRecord> batch) noexcept override { records += batch.size(); }
  std::uint64_t records = 0;
};

struct Totals {
  std::uint64_t packets = 0;
  std::uint64_t decoded = 0;
};

ipfix::Settings SmallTables() {
  ipfix::Settings settings;
  settings.max_exporters = 32;
  settings.max_templates = 64;
  settings.max_samplers = 32;
  return settings;
}

void RequireBalance(const CaptureCounters& counters, const Totals& totals, std::uint64_t packets_read) {
  const auto outcome = [&](PacketOutcome which) { return counters.outcomes.Get(which); };
  const auto drop = [&](CaptureDrop which) { return counters.drops.Get(which); };
  Require(totals.packets == packets_read, "packets given = packets read");
  Require(counters.outcomes.Total() == packets_read, "each packet has exactly one outcome");
  Require(outcome(PacketOutcome::kDatagram) ==
              totals.decoded + drop(CaptureDrop::kTruncated) + drop(CaptureDrop::kBadUdpLength),
          "each export datagram is decoded or dropped");
  Require(drop(CaptureDrop::kMissingFragment) <= outcome(PacketOutcome::kFragment),
          "a datagram of which fragments are missing had one");
  Require(counters.reassembled.Get() <= packets_read, "a packet completes one datagram at most");
}

/// Reads the captures to their end; false where they are none.
bool Read(const std::vector<std::string>& paths, Totals& totals) try {
  app::CaptureMerge capture(paths);
  app::ExportDatagrams datagrams;
  ipfix::Decoder decoder(SmallTables());
  Counting consumer;
  app::CapturedPacket packet;
  LinkType link{};
  ipfix::Datagram datagram;
  while (capture.Next(packet, link)) {
    ++totals.packets;
    Require(packet.time.ns >= 0, "times since the epoch");
    if (!datagrams.Take(packet, link, datagram)) continue;
    ++totals.decoded;
    Require(datagram.payload.size() >= 2 && datagram.payload.size() <= 65535, "a UDP payload");
    const std::vector<std::uint8_t> payload(datagram.payload.begin(), datagram.payload.end());
    datagram.payload = payload;
    const ipfix::DatagramOutcome outcome = decoder.Decode(datagram, consumer);
    Require(outcome != ipfix::DatagramOutcome::kUnknownVersion, "a version that is known");
  }
  datagrams.Finish();
  decoder.Flush(consumer);
  RequireBalance(datagrams.counters(), totals, capture.packets());
  const ipfix::Accounting& books = decoder.accounting();
  Require(books.outcomes.Total() == totals.decoded, "each datagram has exactly one outcome");
  Require(books.records_seen.Get() == books.records_counted.Get() + books.skipped.Total(),
          "records seen = counted + skipped");
  Require(books.records_counted.Get() == consumer.records, "what is counted is handed over");
  return true;
} catch (const std::runtime_error&) {
  return false;  // not a capture, which the message says
}

void Run(std::span<const std::uint8_t> input) {
  static MemoryFile file;
  file.Write(input);
  Totals once;
  if (!Read({file.path()}, once)) return;
  Totals twice;
  Require(Read({file.path(), file.path()}, twice), "the same file is a capture again");
  Require(twice.packets == 2 * once.packets, "each packet comes twice");
}

}  // namespace
}  // namespace hostscope::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hostscope::fuzz::Run({data, size});
  return 0;
}
