#include "tests/app/captures.h"

#include <cstring>
#include <stdexcept>

namespace hostscope::app::testing {
namespace {

constexpr std::uint32_t kNanosecondMagic = 0xa1b23c4d;
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::uint16_t kIpv4 = 0x0800;
constexpr std::size_t kFileHeader = 24;

/// draft-ietf-opsawg-pcap section 5, in this machine's byte order.
struct PacketHeader {
  std::uint32_t seconds;
  std::uint32_t nanoseconds;
  std::uint32_t captured;
  std::uint32_t original;
};

}  // namespace

std::vector<std::uint8_t> PcapOf(const std::vector<TimedFrame>& frames) {
  Bytes file;
  file.U32(kNanosecondMagic).U16(2).U16(4).U64(0).U32(65535).U32(fuzz::kLinkEthernet);
  for (const auto& [time_ns, frame, cut] : frames) {
    const auto time = static_cast<std::uint64_t>(time_ns);
    file.U32(time / kSecond).U32(time % kSecond).U32(frame.size() - cut).U32(frame.size());
    file.Append(frame.span().first(frame.size() - cut));
  }
  return {file.span().begin(), file.span().end()};
}

std::vector<TimedFrame> FramesOf(const std::string& pcap) {
  std::uint32_t magic = 0;
  if (pcap.size() < kFileHeader) throw std::runtime_error("not a capture");
  std::memcpy(&magic, pcap.data(), sizeof(magic));
  if (magic != kNanosecondMagic) throw std::runtime_error("not a capture with nanoseconds of this machine");
  std::vector<TimedFrame> frames;
  PacketHeader header{};
  for (std::size_t at = kFileHeader; at < pcap.size(); at += header.captured) {
    std::memcpy(&header, pcap.data() + at, sizeof(header));
    at += sizeof(header);
    TimedFrame& frame = frames.emplace_back();
    frame.time_ns = header.seconds * kSecond + header.nanoseconds;
    frame.frame.Append({reinterpret_cast<const std::uint8_t*>(pcap.data() + at), header.captured});
  }
  return frames;
}

TimedFrame Netflow5Frame(std::int64_t time_ns, const std::vector<ipfix::test::Netflow5Record>& records,
                         std::uint32_t sequence, const std::string& exporter) {
  ipfix::test::Netflow5Builder builder;
  builder.Sequence(sequence);
  for (const ipfix::test::Netflow5Record& record : records) builder.Record(record);
  const Bytes packet = fuzz::UdpPacket(exporter, "203.0.113.1", builder.Build());
  return {time_ns, fuzz::Ethernet(packet, kIpv4), 0};
}

}  // namespace hostscope::app::testing
