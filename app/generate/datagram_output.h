#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "app/generate/options.h"

namespace hostscope::app {

/// Where generated datagrams go. One thread. All throw std::runtime_error on failure.
class DatagramOutput {
 public:
  virtual ~DatagramOutput() = default;
  /// May keep the datagram (a copy) until more come for the same exporter, or Flush().
  virtual void Send(std::uint32_t exporter, std::span<const std::uint8_t> payload, ReceiveTime time) = 0;
  virtual void Flush() = 0;
  /// Time stamps are those of the wall clock, and sending waits for them.
  virtual bool is_live() const noexcept = 0;
};

/// A capture of Ethernet frames; exporter i is 198.18.0.1 + i.
std::unique_ptr<DatagramOutput> MakePcapOutput(const GenerateOptions& options);

/// A UDP socket for each exporter.
std::unique_ptr<DatagramOutput> MakeUdpOutput(const GenerateOptions& options);

}  // namespace hostscope::app
