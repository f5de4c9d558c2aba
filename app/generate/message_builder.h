#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "app/generate/options.h"
#include "app/generate/traffic.h"

namespace hostscope::app {

/// What goes into a message besides its records.
struct MessageContext {
  std::uint32_t domain = 0;    ///< observation domain, source id, or v5's engine
  std::uint32_t sequence = 0;  ///< in the units of the format
  ReceiveTime export_time;
  bool with_templates = false;  ///< and with the sampling rate, if there is one
};

/// Writes export messages of one format, one at a time. One thread.
class MessageBuilder {
 public:
  virtual ~MessageBuilder() = default;
  virtual void Begin(const MessageContext& context) = 0;
  /// False where the message has no room for it; then nothing was added.
  virtual bool Add(const SyntheticFlow& flow) = 0;
  /// The message, valid until the next Begin().
  virtual std::span<const std::uint8_t> Finish() = 0;
  /// By how much the exporter's sequence number grows with the message just finished.
  virtual std::uint32_t sequence_units() const noexcept = 0;
};

std::unique_ptr<MessageBuilder> MakeMessageBuilder(const GenerateOptions& options);

/// What an exporter's uptime is when it exports at `time`: it was started an hour before `start`.
std::uint32_t UptimeMs(ReceiveTime start, ReceiveTime time) noexcept;

}  // namespace hostscope::app
