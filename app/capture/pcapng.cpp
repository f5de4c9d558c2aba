#include "app/capture/pcapng.h"

#include <array>
#include <bit>
#include <cstring>

namespace hostscope::app {
namespace {

static_assert(std::endian::native == std::endian::little);

enum BlockType : std::uint32_t {
  kSection = 0x0a0d0d0a,
  kInterface = 1,
  kStatistics = 5,
  kPacket = 6,
};

constexpr std::uint32_t kByteOrder = 0x1a2b3c4d;
constexpr std::uint16_t kEthernet = 1;
constexpr std::size_t kFrame = 12;  // type and length in front, length again behind
constexpr std::uint32_t kLongestBlock = 1 << 20;

enum Option : std::uint16_t {
  kEnd = 0,
  kUserApplication = 4,  // of a section
  kName = 2,             // of an interface
  kResolution = 9,
  kDropped = 5,  // of statistics
};

template <typename T>
void Put(T value, std::string& to) {
  to.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void Pad(std::string& to) {
  to.append((4 - to.size() % 4) % 4, '\0');
}

void PutOption(Option code, std::string_view value, std::string& body) {
  Put<std::uint16_t>(code, body);
  Put(static_cast<std::uint16_t>(value.size()), body);
  body.append(value);
  Pad(body);
}

void PutTime(ReceiveTime time, std::string& body) {
  Put(static_cast<std::uint32_t>(static_cast<std::uint64_t>(time.ns) >> 32), body);
  Put(static_cast<std::uint32_t>(time.ns & 0xffffffff), body);
}

void AppendBlock(BlockType type, const std::string& body, std::string& to) {
  const auto length = static_cast<std::uint32_t>(kFrame + body.size());
  Put<std::uint32_t>(type, to);
  Put(length, to);
  to.append(body);
  Put(length, to);
}

template <typename T>
T Load(std::string_view from, std::size_t at) {
  T value;
  std::memcpy(&value, from.data() + at, sizeof(value));
  return value;
}

}  // namespace

void AppendSection(std::string_view application, std::string& to) {
  std::string body;
  Put(kByteOrder, body);
  Put<std::uint16_t>(1, body);
  Put<std::uint16_t>(0, body);
  Put<std::int64_t>(-1, body);  // as long as it is
  PutOption(kUserApplication, application, body);
  PutOption(kEnd, {}, body);
  AppendBlock(kSection, body, to);
}

void AppendInterface(std::string_view name, std::uint32_t snap_length, std::string& to) {
  std::string body;
  Put(kEthernet, body);
  Put<std::uint16_t>(0, body);
  Put(snap_length, body);
  PutOption(kName, name, body);
  PutOption(kResolution, "\x09", body);
  PutOption(kEnd, {}, body);
  AppendBlock(kInterface, body, to);
}

void AppendPacket(const PacketBlock& packet, std::string& to) {
  const std::size_t padded = (packet.bytes.size() + 3) / 4 * 4;
  const auto length = static_cast<std::uint32_t>(kFrame + 20 + padded);
  Put<std::uint32_t>(kPacket, to);
  Put(length, to);
  Put(packet.interface, to);
  PutTime(packet.time, to);
  Put(static_cast<std::uint32_t>(packet.bytes.size()), to);
  Put(packet.length, to);
  to.append(reinterpret_cast<const char*>(packet.bytes.data()), packet.bytes.size());
  to.append(padded - packet.bytes.size(), '\0');
  Put(length, to);
}

void AppendStatistics(std::uint32_t interface, ReceiveTime time, std::uint64_t dropped, std::string& to) {
  std::string body;
  Put(interface, body);
  PutTime(time, body);
  std::string number;
  Put(dropped, number);
  PutOption(kDropped, number, body);
  PutOption(kEnd, {}, body);
  AppendBlock(kStatistics, body, to);
}

bool PcapngCutter::Take(std::string_view piece, const Write& write) {
  rest_.append(piece);
  std::size_t end = 0;
  while (rest_.size() - end >= kFrame) {
    const auto length = Load<std::uint32_t>(rest_, end + 4);
    if (length < kFrame || length % 4 != 0 || length > kLongestBlock) return false;
    if (rest_.size() - end < length) break;
    Count(std::string_view(rest_).substr(end, length));
    end += length;
  }
  if (end != 0 && !write(std::string_view(rest_).substr(0, end))) return false;
  rest_.erase(0, end);
  return true;
}

void PcapngCutter::Count(std::string_view block) {
  constexpr std::size_t kDroppedAt = 8 + 4 + 8 + 4;  // in what AppendStatistics() writes
  const auto type = Load<std::uint32_t>(block, 0);
  if (type == kPacket) ++packets_;
  if (type == kStatistics && block.size() >= kDroppedAt + 8)
    dropped_ = Load<std::uint64_t>(block, kDroppedAt);
}

}  // namespace hostscope::app
