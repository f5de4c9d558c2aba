#include <fmt/format.h>
#include <pcap/pcap.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "app/generate/byte_writer.h"
#include "app/generate/datagram_output.h"

namespace hostscope::app {
namespace {

constexpr std::size_t kIpv4HeaderLength = 20;
constexpr std::size_t kUdpHeaderLength = 8;
constexpr std::uint32_t kFirstExporter =
    0xc6120001;                                   // 198.18.0.1: RFC 2544 keeps 198.18.0.0/15 for benchmarks
constexpr std::uint32_t kCollector = 0xcb007101;  // 203.0.113.1: RFC 5737, documentation
constexpr std::uint16_t kExporterPort = 50000;
constexpr std::uint16_t kNetflowPort = 2055;
constexpr std::uint16_t kIpfixPort = 4739;
constexpr std::size_t kWriteBehind = std::size_t{1} << 20;

/// RFC 1071, as a sum that is still to be folded. All parts but the last must be of even length.
std::uint32_t AddWords(std::uint32_t sum, std::span<const std::uint8_t> bytes) noexcept {
  std::size_t i = 0;
  for (; i + 1 < bytes.size(); i += 2) sum += static_cast<std::uint32_t>(bytes[i] << 8 | bytes[i + 1]);
  return i < bytes.size() ? sum + static_cast<std::uint32_t>(bytes[i] << 8) : sum;
}

std::uint16_t Fold(std::uint32_t sum) noexcept {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

class PcapOutput final : public DatagramOutput {
 public:
  explicit PcapOutput(const GenerateOptions& options)
      : path_(options.pcap_path),
        port_(options.format == ExportFormat::kIpfix ? kIpfixPort : kNetflowPort),
        buffer_(new char[kWriteBehind]) {
    std::FILE* stream = path_ == "-" ? stdout : std::fopen(path_.c_str(), "wb");
    if (stream == nullptr) throw std::runtime_error(fmt::format("{}: {}", path_, std::strerror(errno)));
    if (stream != stdout) std::setvbuf(stream, buffer_.get(), _IOFBF, kWriteBehind);
    pcap_ = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, 65535, PCAP_TSTAMP_PRECISION_NANO);
    dumper_ = pcap_dump_fopen(pcap_, stream);
    if (dumper_ == nullptr) {
      const std::string why = pcap_geterr(pcap_);
      pcap_close(pcap_);
      throw std::runtime_error(fmt::format("{}: {}", path_, why));
    }
  }
  ~PcapOutput() override {
    pcap_dump_close(dumper_);
    pcap_close(pcap_);
  }
  PcapOutput(const PcapOutput&) = delete;
  PcapOutput& operator=(const PcapOutput&) = delete;

  void Send(std::uint32_t exporter, std::span<const std::uint8_t> payload, ReceiveTime time) override {
    PutFrame(exporter, payload);
    pcap_pkthdr header{};
    header.ts.tv_sec = time.ns / kNanosecondsPerSecond;
    header.ts.tv_usec = time.ns % kNanosecondsPerSecond;  // nanoseconds, as the file was opened
    header.caplen = static_cast<bpf_u_int32>(frame_.size());
    header.len = header.caplen;
    pcap_dump(reinterpret_cast<u_char*>(dumper_), &header, frame_.bytes().data());
  }

  void Flush() override {
    if (pcap_dump_flush(dumper_) != 0)
      throw std::runtime_error(fmt::format("{}: {}", path_, std::strerror(errno)));
  }

  bool is_live() const noexcept override { return false; }

 private:
  void PutFrame(std::uint32_t exporter, std::span<const std::uint8_t> payload) {
    const std::size_t udp_length = kUdpHeaderLength + payload.size();
    frame_.Clear();
    frame_.PutBe(0x020000000001, 6);  // locally administered
    frame_.PutBe(0x020000000002, 6);
    frame_.Put16(0x0800);
    const std::size_t ip_at = frame_.size();
    frame_.Put16(0x4500);  // version 4, five words
    frame_.Put16(kIpv4HeaderLength + udp_length);
    frame_.Put16(ip_id_++);
    frame_.Put16(0x4000);  // don't fragment
    frame_.Put16(64 << 8 | 17);
    frame_.Put16(0);
    frame_.Put32(kFirstExporter + exporter);
    frame_.Put32(kCollector);
    frame_.Set16(ip_at + 10, Fold(AddWords(0, frame_.bytes().subspan(ip_at, kIpv4HeaderLength))));
    const std::size_t udp_at = frame_.size();
    frame_.Put16(kExporterPort);
    frame_.Put16(port_);
    frame_.Put16(udp_length);
    frame_.Put16(0);
    frame_.PutBytes(payload);
    // The pseudo header: addresses, protocol, length (RFC 768).
    std::uint32_t sum =
        AddWords(17 + static_cast<std::uint32_t>(udp_length), frame_.bytes().subspan(ip_at + 12, 8));
    const std::uint16_t checksum = Fold(AddWords(sum, frame_.bytes().subspan(udp_at)));
    frame_.Set16(udp_at + 6, checksum == 0 ? 0xffff : checksum);
  }

  std::string path_;
  std::uint16_t port_;
  std::unique_ptr<char[]> buffer_;  // outlives the dumper's stream
  pcap_t* pcap_ = nullptr;
  pcap_dumper_t* dumper_ = nullptr;
  ByteWriter frame_;
  std::uint16_t ip_id_ = 0;
};

}  // namespace

std::unique_ptr<DatagramOutput> MakePcapOutput(const GenerateOptions& options) {
  return std::make_unique<PcapOutput>(options);
}

}  // namespace hostscope::app
