#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "app/generate/datagram_output.h"
#include "app/generate/message_builder.h"

namespace hostscope::app {
namespace {

constexpr std::size_t kBatch = 32;  // datagrams for one call of the kernel

class Socket {
 public:
  Socket(const sockaddr_storage& target, socklen_t target_length, const Address* source)
      : descriptor_(socket(target.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "a socket for an exporter");
    if (source != nullptr) Bind(target.ss_family, *source);
    if (connect(descriptor_, reinterpret_cast<const sockaddr*>(&target), target_length) != 0) {
      const int error = errno;
      close(descriptor_);
      throw std::system_error(error, std::generic_category(), "the target can't be reached");
    }
  }
  ~Socket() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int descriptor() const noexcept { return descriptor_; }

 private:
  void Bind(int family, const Address& source) {
    sockaddr_storage local{};
    local.ss_family = static_cast<sa_family_t>(family);
    if (family == AF_INET) {
      reinterpret_cast<sockaddr_in*>(&local)->sin_addr.s_addr = source.ipv4_bits();
    } else {
      std::memcpy(&reinterpret_cast<sockaddr_in6*>(&local)->sin6_addr, source.bytes.data(),
                  source.bytes.size());
    }
    const socklen_t length = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    if (bind(descriptor_, reinterpret_cast<const sockaddr*>(&local), length) == 0) return;
    const int error = errno;
    close(descriptor_);
    throw std::system_error(error, std::generic_category(), "the source address can't be used");
  }

  int descriptor_;
};

struct Target {
  sockaddr_storage address{};
  socklen_t length = 0;
};

/// HOST:PORT, or [IPV6]:PORT.
Target Resolve(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) throw std::invalid_argument(fmt::format("'{}' is not HOST:PORT", text));
  std::string host = text.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), text.c_str() + colon + 1, &hints, &found);
  if (error != 0) throw std::runtime_error(fmt::format("{}: {}", text, gai_strerror(error)));
  Target target;
  std::memcpy(&target.address, found->ai_addr, found->ai_addrlen);
  target.length = found->ai_addrlen;
  freeaddrinfo(found);
  return target;
}

void AllowDescriptors(std::size_t count) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= count) return;
  limit.rlim_cur = std::min<rlim_t>(count, limit.rlim_max);
  setrlimit(RLIMIT_NOFILE, &limit);
}

class UdpOutput final : public DatagramOutput {
 public:
  explicit UdpOutput(const GenerateOptions& options)
      : room_(options.datagram_bytes), payloads_(kBatch * options.datagram_bytes) {
    const Target target = Resolve(options.udp_target);
    AllowDescriptors(options.exporters + 64);
    for (std::uint32_t i = 0; i < options.exporters; ++i) {
      const std::vector<Address>& sources = options.udp_sources;
      sockets_.emplace_back(target.address, target.length,
                            sources.empty() ? nullptr : &sources[i % sources.size()]);
    }
    for (std::size_t i = 0; i < kBatch; ++i) {
      vectors_[i].iov_base = &payloads_[i * room_];
      messages_[i].msg_hdr.msg_iov = &vectors_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
  }

  void Send(std::uint32_t exporter, std::span<const std::uint8_t> payload, ReceiveTime) override {
    if (exporter != exporter_ || waiting_ == kBatch) Flush();
    exporter_ = exporter;
    std::memcpy(&payloads_[waiting_ * room_], payload.data(), payload.size());
    vectors_[waiting_].iov_len = payload.size();
    ++waiting_;
  }

  void Flush() override {
    std::size_t sent = 0;
    while (sent < waiting_) {
      const int count = sendmmsg(sockets_[exporter_].descriptor(), &messages_[sent],
                                 static_cast<unsigned>(waiting_ - sent), 0);
      if (count > 0) {
        sent += static_cast<std::size_t>(count);
      } else if (errno != ECONNREFUSED && errno != EINTR && errno != ENOBUFS && errno != EAGAIN) {
        // A refusal is news of an earlier datagram: nobody listened. That is the listener's business, not
        // ours.
        throw std::system_error(errno, std::generic_category(), "sending");
      }
    }
    waiting_ = 0;
  }

  bool is_live() const noexcept override { return true; }

 private:
  std::vector<Socket> sockets_;
  std::size_t room_;  ///< bytes of one
  std::vector<std::uint8_t> payloads_;
  std::array<iovec, kBatch> vectors_{};
  std::array<mmsghdr, kBatch> messages_{};
  std::uint32_t exporter_ = 0;
  std::size_t waiting_ = 0;
};

}  // namespace

std::unique_ptr<DatagramOutput> MakeUdpOutput(const GenerateOptions& options) {
  return std::make_unique<UdpOutput>(options);
}

}  // namespace hostscope::app
