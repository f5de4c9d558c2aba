#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "ipfix/decoder_observer.h"
#include "ipfix/remembered.h"

namespace hostscope::dataplane {

/// What a worker's decoder tells of templates and sampling rates, on its way to a control thread: a ring of
/// bytes with one producer and one consumer. Where it is full, nothing is taken: the decoder tells it again.
class NoticeRing {
 public:
  NoticeRing() : bytes_(std::make_unique_for_overwrite<std::uint8_t[]>(kCapacity)) {}

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
  void Put(const void* from, std::size_t length) noexcept;
  void Get(void* to, std::size_t length) noexcept;

  std::unique_ptr<std::uint8_t[]> bytes_;
  alignas(64) std::uint64_t put_ = 0;  ///< worker
  alignas(64) std::uint64_t got_ = 0;  ///< control
  alignas(64) std::atomic<std::uint64_t> put_published_{0};
  alignas(64) std::atomic<std::uint64_t> got_published_{0};
};

}  // namespace hostscope::dataplane
