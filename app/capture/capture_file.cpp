#include "app/capture/capture_file.h"

#include <fmt/format.h>
#include <pcap/pcap.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>

namespace hostscope::app {
namespace {

// libpcap reads a packet's header and its bytes with one call of stdio each; with a buffer of this size the
// kernel is asked once for about 700 full datagrams.
constexpr std::size_t kReadAhead = std::size_t{1} << 20;

bool LinkOf(int data_link, LinkType& link) {
  switch (data_link) {
    case DLT_EN10MB:
      link = LinkType::kEthernet;
      return true;
    case DLT_RAW:
    case DLT_IPV4:
    case DLT_IPV6:
      link = LinkType::kIp;
      return true;
    case DLT_LINUX_SLL:
      link = LinkType::kLinuxSll;
      return true;
    case DLT_LINUX_SLL2:
      link = LinkType::kLinuxSll2;
      return true;
    case DLT_NULL:
    case DLT_LOOP:
      link = LinkType::kNull;
      return true;
    default:
      return false;
  }
}

/// With nanosecond precision libpcap puts nanoseconds where the name says microseconds. A pcapng file can
/// hold any 64 bits; what lies beyond the year 2096 is brought back to there, so that no arithmetic on time
/// overflows.
ReceiveTime TimeOf(const timeval& stamp) noexcept {
  constexpr std::int64_t kLatestSecond = 4'000'000'000;
  const std::int64_t second = std::clamp<std::int64_t>(stamp.tv_sec, 0, kLatestSecond);
  const std::int64_t fraction = std::clamp<std::int64_t>(stamp.tv_usec, 0, kNanosecondsPerSecond - 1);
  return {second * kNanosecondsPerSecond + fraction};
}

std::string NameOfLink(int data_link) {
  const char* name = pcap_datalink_val_to_name(data_link);
  return name != nullptr ? name : fmt::format("number {}", data_link);
}

}  // namespace

CaptureFile::CaptureFile(std::string path) : path_(std::move(path)), buffer_(new char[kReadAhead]) {
  std::FILE* stream = path_ == "-" ? stdin : std::fopen(path_.c_str(), "rb");
  if (stream == nullptr) throw std::runtime_error(fmt::format("{}: {}", path_, std::strerror(errno)));
  // libpcap leaves standard input open, and it may be looked at after our buffer is gone.
  if (stream != stdin) std::setvbuf(stream, buffer_.get(), _IOFBF, kReadAhead);
  std::array<char, PCAP_ERRBUF_SIZE> why{};
  pcap_ = pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, why.data());
  if (pcap_ == nullptr) {
    std::fclose(stream);
    throw std::runtime_error(fmt::format("{}: not a capture that can be read: {}", path_, why.data()));
  }
  const int data_link = pcap_datalink(pcap_);
  if (LinkOf(data_link, link_)) return;
  pcap_close(pcap_);
  throw std::runtime_error(fmt::format(
      "{}: packets of link type {} can't be read; Ethernet, raw IP, Linux cooked and loopback can", path_,
      NameOfLink(data_link)));
}

CaptureFile::~CaptureFile() {
  pcap_close(pcap_);
}

bool CaptureFile::Next(CapturedPacket& packet) {
  pcap_pkthdr* header = nullptr;
  const u_char* bytes = nullptr;
  const int result = pcap_next_ex(pcap_, &header, &bytes);
  if (result == 1) {
    ++packets_;
    packet.frame = {bytes, header->caplen};
    packet.wire_length = header->len;
    packet.time = TimeOf(header->ts);
    return true;
  }
  if (result == PCAP_ERROR)
    error_ = fmt::format("{}: broken after {} packets: {}", path_, packets_, pcap_geterr(pcap_));
  return false;
}

}  // namespace hostscope::app
