#include "ipfix/template_reader.h"

#include "ipfix/wire.h"

namespace hostscope::ipfix {
namespace {

constexpr std::size_t kTemplateHeader = 4;  // id and count
constexpr std::size_t kOptionsHeader = 6;   // id, and two counts or lengths
constexpr std::size_t kFieldLength = 4;
constexpr std::size_t kEnterpriseLength = 4;
constexpr std::uint16_t kLastNetflow9ScopeType =
    5;  // RFC 3954 section 6.1; beyond it exporters mean elements

constexpr std::uint64_t kFnvOffset = 0xcbf29ce484222325ULL;
constexpr std::uint64_t kFnvPrime = 0x100000001b3ULL;

std::uint64_t Digest(std::uint64_t digest, std::uint64_t value) noexcept {
  return (digest ^ value) * kFnvPrime;
}

}  // namespace

TemplateReader::TemplateReader(std::size_t max_fields) : fields_(max_fields) {}

void TemplateReader::Start(TemplateSyntax syntax, std::span<const std::uint8_t> body) noexcept {
  syntax_ = syntax;
  rest_ = body;
}

bool TemplateReader::ReadExtent(Extent& extent) const noexcept {
  const std::uint16_t second = LoadBe16(&rest_[2]);
  if (!is_options()) {
    extent = {0, second, kTemplateHeader};
    return true;
  }
  const bool is_withdrawal = is_ipfix() && second == 0;
  if (is_withdrawal) {
    extent = {0, 0, kTemplateHeader};
    return true;
  }
  if (rest_.size() < kOptionsHeader) return false;
  const std::uint16_t third = LoadBe16(&rest_[4]);
  if (is_ipfix()) {
    extent = {third, second, kOptionsHeader};
    return third <= second;
  }
  // v9 gives lengths in bytes of field specifiers; one that is no multiple of their size describes nothing.
  extent = {second / kFieldLength, (second + std::size_t{third}) / kFieldLength, kOptionsHeader};
  return second % kFieldLength == 0 && third % kFieldLength == 0;
}

bool TemplateReader::ReadField(bool is_scope, FieldSpecifier& field) noexcept {
  if (rest_.size() < kFieldLength) return false;
  field = {0, LoadBe16(&rest_[0]), LoadBe16(&rest_[2])};
  rest_ = rest_.subspan(kFieldLength);
  if (is_ipfix()) {
    if ((field.element & kEnterpriseBit) == 0) return true;
    if (rest_.size() < kEnterpriseLength) return false;
    field.element = static_cast<std::uint16_t>(field.element & ~kEnterpriseBit);
    field.enterprise = LoadBe32(&rest_[0]);
    rest_ = rest_.subspan(kEnterpriseLength);
  } else if (is_scope && field.element <= kLastNetflow9ScopeType) {
    field.enterprise = kNetflow9Scope;
  }
  return true;
}

TemplateReader::Result TemplateReader::Next(TemplateRecord& record) noexcept {
  if (rest_.size() < kTemplateHeader) return Result::kEnd;
  record = TemplateRecord{};
  record.syntax = syntax_;
  const std::span<const std::uint8_t> from_here = rest_;
  record.id = LoadBe16(&rest_[0]);
  const std::uint16_t second = LoadBe16(&rest_[2]);
  if (record.id == 0 && second == 0) return Result::kEnd;  // padding
  record.is_options = is_options();
  // A withdrawal may name the set's own id: all templates of that kind (RFC 7011 section 8.1).
  record.is_withdrawal = is_ipfix() && second == 0;
  if (record.id < kFirstDataSetId && !record.is_withdrawal) return Result::kMalformed;
  Extent extent;
  if (!ReadExtent(extent)) return Result::kMalformed;
  rest_ = rest_.subspan(extent.header);
  record.has_too_many_fields = extent.fields > fields_.size();
  record.definition = Digest(kFnvOffset, static_cast<std::uint64_t>(syntax_));
  for (std::size_t i = 0; i < extent.fields; ++i) {
    FieldSpecifier field;
    if (!ReadField(i < extent.scope_fields, field)) return Result::kMalformed;
    record.definition = Digest(Digest(record.definition, std::uint64_t{field.element} << 16 | field.length),
                               field.enterprise);
    if (!record.has_too_many_fields) fields_[i] = field;
  }
  if (!record.has_too_many_fields) record.fields = {fields_.data(), extent.fields};
  record.wire = from_here.first(from_here.size() - rest_.size());
  return Result::kTemplate;
}

}  // namespace hostscope::ipfix
