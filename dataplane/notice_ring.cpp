#include "dataplane/notice_ring.h"

#include <type_traits>

namespace hostscope::dataplane {

static_assert(std::is_trivially_copyable_v<ipfix::TemplateNotice>);
static_assert(std::is_trivially_copyable_v<ipfix::RateNotice>);

template <typename Item>
bool NoticeRing::Write(Kind kind, const Item& item, std::span<const std::uint8_t> record) noexcept {
  if (!ring_.HasRoom(sizeof(Header) + sizeof(item) + record.size())) return false;
  const Header header{kind, static_cast<std::uint32_t>(record.size())};
  ring_.Put(&header, sizeof(header));
  ring_.Put(&item, sizeof(item));
  ring_.Put(record.data(), record.size());
  ring_.Publish();
  return true;
}
template bool NoticeRing::Write(Kind, const ipfix::TemplateNotice&, std::span<const std::uint8_t>) noexcept;
template bool NoticeRing::Write(Kind, const ipfix::RateNotice&, std::span<const std::uint8_t>) noexcept;

std::optional<NoticeRing::Notice> NoticeRing::Read() {
  if (ring_.IsEmpty()) return std::nullopt;
  Header header;
  ring_.Get(&header, sizeof(header));
  Notice notice;
  if (header.kind == kRate) {
    ring_.Get(&notice.of_rate.emplace(), sizeof(ipfix::RateNotice));
  } else {
    ipfix::RememberedTemplate& known = notice.of_template.emplace();
    ring_.Get(&known.notice, sizeof(known.notice));
    known.notice.record = {};
    known.record.resize(header.record_length);
    ring_.Get(known.record.data(), known.record.size());
  }
  ring_.Release();
  return notice;
}

}  // namespace hostscope::dataplane
