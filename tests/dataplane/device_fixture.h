#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "aggregator/merger.h"
#include "aggregator/network_set.h"
#include "dataplane/dataplane.h"
#include "tests/dataplane/capture_file.h"
#include "tests/dataplane/frame_builder.h"

/// The whole data plane on DPDK's own virtual devices: frames from a capture file, answers into another one.
/// A process can start DPDK once, so each of these tests is a process of its own under ctest; run directly,
/// name one of them.
namespace hostscope::dataplane::testing {

inline const Address kOurs = ParseAddress("10.0.0.1");
inline const Address kExporter = ParseAddress("10.0.0.7");
inline constexpr std::int64_t kWindow = 200 * kNanosecondsPerMillisecond;

/// An IPFIX message of `count` flow records, each of 2 packets and 300 bytes from 192.0.2.<i> to
/// 198.51.100.1, with its template. `sequence` counts the records before.
inline Bytes IpfixMessage(std::uint8_t count, std::uint8_t sequence) {
  Bytes message{0, 10, 0, 0, 0x65, 0x53, 0xf1, 0, 0, 0, 0, sequence, 0, 0, 0, 1};
  const Bytes template_set{0, 2, 0, 24, 1, 0, 0, 4, 0, 8, 0, 4, 0, 12, 0, 4, 0, 2, 0, 4, 0, 1, 0, 4};
  message.insert(message.end(), template_set.begin(), template_set.end());
  message.insert(message.end(), {1, 0, 0, static_cast<std::uint8_t>(4 + 16 * count)});
  for (std::uint8_t i = 1; i <= count; ++i) {
    message.insert(message.end(), {192, 0, 2, i, 198, 51, 100, 1, 0, 0, 0, 2, 0, 0, 1, 44});
  }
  message[2] = static_cast<std::uint8_t>(message.size() >> 8);
  message[3] = static_cast<std::uint8_t>(message.size() & 0xff);
  return message;
}

inline UdpFrame DatagramFrame(Bytes payload) {
  UdpFrame frame;
  frame.source = kExporter;
  frame.destination = kOurs;
  frame.payload = std::move(payload);
  return frame;
}

class DeviceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    static bool is_used = false;
    if (std::exchange(is_used, true)) GTEST_SKIP() << "one for each process: run by ctest, or by name";
    directory_ =
        std::filesystem::temp_directory_path() / ("hostscope-device-test-" + std::to_string(getpid()));
    std::filesystem::create_directories(directory_);
    config_.eal.hugepages = Hugepages::kNever;
    config_.base_window_ns = kWindow;
    config_.idle_sleep_us = 100;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void AddPort(const std::string& device) {
    PortConfig& port = config_.ports.emplace_back();
    port.device = device;
    port.addresses = {kOurs};
    port.rx_descriptors = 256;
    port.buffers = 2048;
  }
  std::string Path(const std::string& name) const { return directory_ / name; }

  void StartAll() {
    dataplane_ = std::make_unique<Dataplane>(config_);
    aggregator::MergerOptions options;
    options.workers = dataplane_->worker_count();
    options.base_length_ns = kWindow;
    options.table = {1000, 1U << 20, 1};
    merger_ = std::make_unique<aggregator::Merger>(options, aggregator::NetworkSet::All());
    dataplane_->Start(*merger_);
  }
  /// What the merging thread does, until `is_done` or, so that a test ends, for 20 seconds.
  void MergeUntil(const std::function<bool()>& is_done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!is_done() && std::chrono::steady_clock::now() < end) {
      Merge();
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    EXPECT_TRUE(is_done());
  }
  void StopAll() {
    dataplane_->Stop();
    Merge();
    Keep(merger_->Finish());
  }
  void Merge() {
    while (auto part = dataplane_->TakePart()) {
      ++parts_;
      spans_.push_back(part->part.span);
      dropped_in_parts_ += part->part.summary.dropped;
      Keep(merger_->Add(part->worker, std::move(part->part)));
      dataplane_->SupplyTables(*merger_);
    }
  }
  void Keep(const std::vector<aggregator::ClosedWindowPtr>& windows) {
    for (const auto& window : windows) {
      flows_ += window->summary().flows;
      packets_ += window->summary().packets;
      bytes_ += window->summary().bytes;
      dropped_ += window->summary().dropped;
      for (std::size_t i = 0; i < window->size(); ++i)
        sent_flows_[window->At(i).host] += window->At(i).sent.flows;
    }
  }
  std::uint64_t Frames() const {
    std::uint64_t frames = 0;
    for (const PortStatus& port : dataplane_->status().ports) frames += port.frames.Total();
    return frames;
  }

  std::filesystem::path directory_;
  DataplaneConfig config_;
  std::unique_ptr<aggregator::Merger> merger_;
  std::unique_ptr<Dataplane> dataplane_;
  std::size_t parts_ = 0;
  std::vector<aggregator::WindowSpan> spans_;
  std::uint64_t flows_ = 0;
  std::uint64_t packets_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t dropped_ = 0;           ///< as the records of windows with hosts have it
  std::uint64_t dropped_in_parts_ = 0;  ///< also of windows without
  std::map<Address, std::uint64_t> sent_flows_;
};

}  // namespace hostscope::dataplane::testing
