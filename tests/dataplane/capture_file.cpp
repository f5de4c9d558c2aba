#include "tests/dataplane/capture_file.h"

#include <array>
#include <fstream>
#include <iterator>

namespace hostscope::dataplane::testing {
namespace {

void Put32(std::ofstream& out, std::uint32_t value) {
  out.write(reinterpret_cast<const char*>(&value), sizeof(value));
}

}  // namespace

void WriteCapture(const std::filesystem::path& path, const std::vector<Bytes>& frames) {
  std::ofstream out(path, std::ios::binary);
  for (const std::uint32_t word : {0xa1b2c3d4U, 4U << 16 | 2U, 0U, 0U, 65535U, 1U}) Put32(out, word);
  for (const Bytes& frame : frames) {
    const auto length = static_cast<std::uint32_t>(frame.size());
    for (const std::uint32_t word : {1700000000U, 0U, length, length}) Put32(out, word);
    out.write(reinterpret_cast<const char*>(frame.data()), static_cast<std::streamsize>(frame.size()));
  }
}

std::vector<Bytes> ReadCapture(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  in.ignore(24);
  std::vector<Bytes> frames;
  std::array<std::uint32_t, 4> header{};
  while (in.read(reinterpret_cast<char*>(header.data()), sizeof(header))) {
    Bytes frame(header[2]);
    in.read(reinterpret_cast<char*>(frame.data()), static_cast<std::streamsize>(frame.size()));
    frames.push_back(std::move(frame));
  }
  return frames;
}

}  // namespace hostscope::dataplane::testing
