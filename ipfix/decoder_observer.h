#pragma once

#include <cstdint>
#include <span>

#include "ipfix/address.h"
#include "ipfix/sampling.h"
#include "ipfix/time.h"

namespace hostscope::ipfix {

enum class TemplateSyntax : std::uint8_t;

struct TemplateNotice {
  Address address;
  std::uint32_t domain = 0;
  std::uint16_t port = 0;
  std::uint16_t id = 0;
  TemplateSyntax syntax{};
  ReceiveTime received;
  std::span<const std::uint8_t> record;  ///< as in a template set
};

struct RateNotice {
  Address address;
  std::uint32_t domain = 0;
  bool has_selector = false;
  std::uint64_t selector = 0;
  SamplingRate rate;
  ReceiveTime received;
};

/// Is told by a decoder, on its thread, what changes rarely. Must neither allocate, lock nor throw.
class DecoderObserver {
 public:
  virtual ~DecoderObserver() = default;
  /// An exporter is tracked that was not before.
  virtual void ExporterAdmitted(const Address&, std::uint16_t /*port*/) noexcept {}
  /// A template came, new or again; not more often than once a minute for each that is the same. False: it
  /// could not be noted, and is to be told again when it comes again. Bytes are borrowed.
  virtual bool TemplateCame(const TemplateNotice&) noexcept { return true; }
  /// Likewise of a sampling rate in options data.
  virtual bool RateCame(const RateNotice&) noexcept { return true; }
};

}  // namespace hostscope::ipfix
