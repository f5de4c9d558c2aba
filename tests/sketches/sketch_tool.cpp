// Sketches for the test against another library, as lines of hexadecimal:
//
//   sketch_tool write   a line for each pair of counts: KIND SIZE SIZE, the sketches of both and of their
//                       union, and the three figures that stand in records
//   sketch_tool read    a sketch a line on standard input; prints the figure and the sketch written again, or
//                       "refused: " and why

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/distinct.h"
#include "aggregator/sketch_bytes.h"

namespace hostscope::aggregator {
namespace {

constexpr std::size_t kPoolBytes = std::size_t{1} << 20;

std::string Hex(const std::uint8_t* bytes, std::size_t count) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 0xf];
  }
  return text;
}

std::vector<std::uint8_t> FromHex(const std::string& text) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::strtoul(text.substr(i, 2).c_str(), nullptr, 16)));
  }
  return bytes;
}

/// A count of the aggregator, with the first so many of all addresses or ports from a place on.
template <typename List>
struct alignas(16) Count {
  List list{};
  SketchState state = 0;
  SketchPool pool{kPoolBytes};

  void AddRange(std::uint32_t first, std::uint32_t count) {
    for (std::uint32_t member = first; member < first + count; ++member) Add(member);
  }
  void Add(std::uint32_t member) {
    if constexpr (std::is_same_v<List, PeerList>) {
      AddPeer(state, list, AddressCoupon(Address::FromIpv4(__builtin_bswap32(0x0a000000U + member))), pool);
    } else {
      const auto port = static_cast<std::uint16_t>(member * 7919);
      AddPort(state, list, port, PortCoupon(port), pool);
    }
  }
  std::string Text() const {
    std::uint8_t bytes[kMaxSketchBytes];
    return Hex(bytes, WriteSketch(state, list, pool, bytes));
  }
  unsigned long long Figure() const { return Estimate(state, list, pool); }
};

template <typename List>
void WritePair(const char* kind, std::uint32_t first_size, std::uint32_t second_size) {
  Count<List> first;
  Count<List> second;
  Count<List> united;
  first.AddRange(0, first_size);
  second.AddRange(first_size / 2, second_size);  // half of the first one again
  united.AddRange(0, first_size);
  UniteDistinct(united.state, united.list, united.pool, second.state, second.list, second.pool);
  std::printf("%s %u %u %s %s %s %llu %llu %llu\n", kind, first_size, second_size, first.Text().c_str(),
              second.Text().c_str(), united.Text().c_str(), first.Figure(), second.Figure(), united.Figure());
}

void Write() {
  constexpr std::uint32_t kSizes[] = {0,   1,   6,   7,   8,    9,    23,     24,     25,       96,
                                      192, 383, 384, 385, 1000, 5000, 20'000, 60'000, 1'000'000};
  constexpr std::uint32_t kPorts = 65'536;
  for (const std::uint32_t first : kSizes) {
    for (const std::uint32_t second : kSizes) {
      WritePair<PeerList>("peers", first, second);
      if (first / 2 + second <= kPorts && first <= kPorts) WritePair<PortList>("ports", first, second);
    }
  }
}

void Read() {
  for (std::string line; std::getline(std::cin, line);) {
    Sketch sketch;
    if (const SketchBytes outcome = ReadSketch(FromHex(line), sketch); outcome != SketchBytes::kGood) {
      std::cout << "refused: " << NameOf(outcome) << '\n';
      continue;
    }
    std::uint8_t bytes[kMaxSketchBytes];
    const std::size_t size =
        sketch.registers.empty()
            ? WriteCoupons(sketch.coupons, bytes)
            : WriteRegisters(std::span<const std::uint8_t, kRegisters>(sketch.registers), bytes);
    std::cout << Estimate(sketch) << ' ' << Hex(bytes, size) << '\n';
  }
}

}  // namespace
}  // namespace hostscope::aggregator

int main(int argc, char** argv) {
  const std::string_view verb = argc == 2 ? argv[1] : "";
  if (verb == "write") {
    hostscope::aggregator::Write();
  } else if (verb == "read") {
    hostscope::aggregator::Read();
  } else {
    std::fprintf(stderr, "usage: sketch_tool write|read\n");
    return 2;
  }
  return 0;
}
