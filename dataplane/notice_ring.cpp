#include "dataplane/notice_ring.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace hostscope::dataplane {

static_assert(std::is_trivially_copyable_v<ipfix::TemplateNotice>);
static_assert(std::is_trivially_copyable_v<ipfix::RateNotice>);

void NoticeRing::Put(const void* from, std::size_t length) noexcept {
  const std::size_t at = put_ % kCapacity;
  const std::size_t first = std::min(length, kCapacity - at);
  if (first != 0) std::memcpy(&bytes_[at], from, first);
  if (length != first)
    std::memcpy(&bytes_[0], static_cast<const std::uint8_t*>(from) + first, length - first);
  put_ += length;
}

void NoticeRing::Get(void* to, std::size_t length) noexcept {
  const std::size_t at = got_ % kCapacity;
  const std::size_t first = std::min(length, kCapacity - at);
  if (first != 0) std::memcpy(to, &bytes_[at], first);
  if (length != first) std::memcpy(static_cast<std::uint8_t*>(to) + first, &bytes_[0], length - first);
  got_ += length;
}

template <typename Item>
bool NoticeRing::Write(Kind kind, const Item& item, std::span<const std::uint8_t> record) noexcept {
  const std::uint64_t used = put_ - got_published_.load(std::memory_order_acquire);
  if (used + sizeof(Header) + sizeof(item) + record.size() > kCapacity) return false;
  const Header header{kind, static_cast<std::uint32_t>(record.size())};
  Put(&header, sizeof(header));
  Put(&item, sizeof(item));
  Put(record.data(), record.size());
  put_published_.store(put_, std::memory_order_release);
  return true;
}
template bool NoticeRing::Write(Kind, const ipfix::TemplateNotice&, std::span<const std::uint8_t>) noexcept;
template bool NoticeRing::Write(Kind, const ipfix::RateNotice&, std::span<const std::uint8_t>) noexcept;

std::optional<NoticeRing::Notice> NoticeRing::Read() {
  if (got_ == put_published_.load(std::memory_order_acquire)) return std::nullopt;
  Header header;
  Get(&header, sizeof(header));
  Notice notice;
  if (header.kind == kRate) {
    Get(&notice.of_rate.emplace(), sizeof(ipfix::RateNotice));
  } else {
    ipfix::RememberedTemplate& known = notice.of_template.emplace();
    Get(&known.notice, sizeof(known.notice));
    known.notice.record = {};
    known.record.resize(header.record_length);
    Get(known.record.data(), known.record.size());
  }
  got_published_.store(got_, std::memory_order_release);
  return notice;
}

}  // namespace hostscope::dataplane
