#pragma once

#include "app/generate/byte_writer.h"
#include "app/generate/message_builder.h"

namespace hostscope::app {

/// NetFlow v5: a fixed record, at most 30 in a datagram, IPv4 only.
class Netflow5Builder final : public MessageBuilder {
 public:
  explicit Netflow5Builder(const GenerateOptions& options);
  void Begin(const MessageContext& context) override;
  bool Add(const SyntheticFlow& flow) override;
  std::span<const std::uint8_t> Finish() override;
  std::uint32_t sequence_units() const noexcept override { return count_; }

 private:
  ByteWriter writer_;
  ReceiveTime start_;
  std::uint32_t sampling_interval_;
  std::uint32_t uptime_ms_ = 0;
  std::uint32_t count_ = 0;
};

}  // namespace hostscope::app
