#include "exporter/elastic/bulk_body.h"

#include <cstring>

#include "exporter/encoding/text_writer.h"

namespace hostscope::exporter {
namespace {

constexpr std::string_view kBeforeId = "{\"create\":{\"_id\":\"";
constexpr std::string_view kAfterId = "\"}}\n";

}  // namespace

BulkBody::BulkBody(std::size_t capacity, std::size_t max_document, std::size_t max_id)
    : text_(std::make_unique_for_overwrite<char[]>(capacity + kBeforeId.size() + max_id + kAfterId.size() +
                                                   max_document + 1)) {}

char* BulkBody::Begin(std::string_view id) noexcept {
  return PutText(PutText(PutText(text_.get() + size_, kBeforeId), id), kAfterId);
}

void BulkBody::End(char* end) {
  if (end[-1] == '\n') return;  // of the line before: a document has none
  *end++ = '\n';
  starts_.push_back(size_);
  size_ = static_cast<std::size_t>(end - text_.get());
}

std::string_view BulkBody::id(std::size_t i) const noexcept {
  const std::string_view rest = text().substr(starts_[i] + kBeforeId.size());
  return rest.substr(0, rest.find('"'));
}

std::string_view BulkBody::document(std::size_t i) const noexcept {
  const std::string_view both = text().substr(starts_[i], EndOf(i) - starts_[i] - 1);
  return both.substr(both.find('\n') + 1);
}

void BulkBody::Clear() noexcept {
  size_ = 0;
  starts_.clear();
}

void BulkBody::Keep(const std::vector<bool>& keep) {
  std::size_t kept = 0;
  std::size_t size = 0;
  for (std::size_t i = 0; i < starts_.size(); ++i) {
    if (!keep[i]) continue;
    const std::size_t start = starts_[i];
    const std::size_t length = EndOf(i) - start;
    std::memmove(text_.get() + size, text_.get() + start, length);
    starts_[kept++] = size;
    size += length;
  }
  starts_.resize(kept);
  size_ = size;
}

}  // namespace hostscope::exporter
