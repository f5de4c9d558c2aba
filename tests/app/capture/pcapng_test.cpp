#include "app/capture/pcapng.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "app/capture/capture_file.h"

namespace hostscope::app {
namespace {

constexpr std::int64_t kTime = 1'700'000'000'123'456'789;
const std::vector<std::uint8_t> kBytes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

std::string Capture(int packets) {
  std::string text;
  AppendSection("test", text);
  AppendInterface("0000:3b:00.0", 65535, text);
  AppendInterface("net_tap0", 65535, text);
  for (int i = 0; i < packets; ++i) {
    const std::span<const std::uint8_t> bytes(kBytes);
    AppendPacket({static_cast<std::uint32_t>(i % 2),
                  {kTime + i},
                  100,
                  bytes.first(12 + static_cast<std::size_t>(i % 4))},
                 text);
  }
  AppendStatistics(0, {kTime}, 7, text);
  return text;
}

TEST(PcapngTest, LibpcapReadsWhatWasWritten) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("hostscope-pcapng-test-" + std::to_string(getpid()));
  std::ofstream(path, std::ios::binary) << Capture(8);
  CaptureFile file(path);
  CapturedPacket packet;
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(file.Next(packet)) << file.error();
    EXPECT_EQ(packet.time.ns, kTime + i);
    EXPECT_EQ(packet.wire_length, 100U);
    EXPECT_TRUE(
        std::equal(packet.frame.begin(), packet.frame.end(), kBytes.begin(), kBytes.begin() + 12 + i % 4));
  }
  EXPECT_FALSE(file.Next(packet));
  EXPECT_EQ(file.error(), "");
  std::filesystem::remove(path);
}

TEST(PcapngTest, AStreamIsCutIntoWholeBlocks) {
  const std::string capture = Capture(5);
  for (std::size_t step = 1; step < 100; step += 7) {
    PcapngCutter cutter;
    std::string written;
    const auto write = [&](std::string_view blocks) {
      EXPECT_EQ(blocks.size() % 4, 0U);
      written += blocks;
      return true;
    };
    for (std::size_t at = 0; at < capture.size(); at += step)
      ASSERT_TRUE(cutter.Take(std::string_view(capture).substr(at, step), write));
    EXPECT_EQ(written, capture);
    EXPECT_EQ(cutter.packets(), 5U);
    EXPECT_EQ(cutter.dropped(), 7U);
  }
}

TEST(PcapngTest, WhatEndsInABlockIsLeftOut) {
  const std::string capture = Capture(5);
  PcapngCutter cutter;
  std::string written;
  ASSERT_TRUE(
      cutter.Take(std::string_view(capture).substr(0, capture.size() - 1), [&](std::string_view blocks) {
        written += blocks;
        return true;
      }));
  EXPECT_LT(written.size(), capture.size() - 1);
  EXPECT_EQ(cutter.packets(), 5U);
  EXPECT_EQ(cutter.dropped(), 0U) << "the statistics are not whole";
}

TEST(PcapngTest, WhatIsNoCaptureIsRefused) {
  const auto write = [](std::string_view) { return true; };
  EXPECT_FALSE(PcapngCutter().Take("<!DOCTYPE html><html>", write));
  EXPECT_FALSE(PcapngCutter().Take(Capture(1), [](std::string_view) { return false; }));
}

}  // namespace
}  // namespace hostscope::app
