#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "dataplane/byte_ring.h"
#include "ipfix/decoder_observer.h"
#include "ipfix/remembered.h"

namespace hostscope::dataplane {

/// What a worker's decoder tells of templates and sampling rates, on its way to a control thread: a ring of
/// bytes with one producer and one consumer. Where it is full, nothing is taken: the decoder tells it again.
class NoticeRing {
 public:
  NoticeRing() { ring_.Reserve(); }

  static constexpr std::size_t kCapacity = std::size_t{1} << 18;

  // The worker.
  bool Write(const ipfix::TemplateNotice& notice) noexcept { return Write(kTemplate, notice, notice.record); }
  bool Write(const ipfix::RateNotice& notice) noexcept { return Write(kRate, notice, {}); }

  // The control thread.
  struct Notice {
    std::optional<ipfix::RememberedTemplate> of_template;  ///< either this,
    std::optional<ipfix::RememberedRate> of_rate;          ///< or this
  };
  std::optional<Notice> Read();

 private:
  enum Kind : std::uint32_t { kTemplate, kRate };
  struct Header {
    Kind kind;
    std::uint32_t record_length;
  };

  template <typename Item>
  bool Write(Kind kind, const Item& item, std::span<const std::uint8_t> record) noexcept;

  ByteRing<kCapacity> ring_;
};

}  // namespace hostscope::dataplane
