#include "tests/fuzz/message_mutator.h"

#include <algorithm>

#include "ipfix/template_reader.h"
#include "ipfix/wire.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace hostscope::fuzz {
namespace {

using ipfix::LoadBe16;
using ipfix::TemplateSyntax;
using ipfix::test::Bytes;

constexpr std::size_t kMaxFields = 64;

/// Where the sets start; 0 where the message has none.
std::size_t HeaderLength(std::span<const std::uint8_t> message) {
  if (message.size() < 2) return 0;
  const std::uint16_t version = LoadBe16(message.data());
  const std::size_t length =
      version == ipfix::kVersionIpfix ? sizeof(ipfix::IpfixHeader) : sizeof(ipfix::Netflow9Header);
  const bool has_sets = version == ipfix::kVersionIpfix || version == ipfix::kVersionNetflow9;
  return has_sets && message.size() >= length ? length : 0;
}

void StoreBe16(std::uint8_t* at, std::size_t value) {
  at[0] = static_cast<std::uint8_t>(value >> 8);
  at[1] = static_cast<std::uint8_t>(value);
}

/// Makes the header's and the sets' lengths those of the bytes that are there, if 16 bits can hold them.
void MendLengths(std::vector<std::uint8_t>& message) {
  std::size_t at = HeaderLength(message);
  if (at == 0 || message.size() > UINT16_MAX) return;
  if (LoadBe16(message.data()) == ipfix::kVersionIpfix) StoreBe16(&message[2], message.size());
  while (message.size() - at >= ipfix::kSetHeaderLength) {
    const std::size_t length = LoadBe16(&message[at + 2]);
    if (length < ipfix::kSetHeaderLength || length > message.size() - at)
      StoreBe16(&message[at + 2], message.size() - at);
    at += LoadBe16(&message[at + 2]);
  }
}

void MutateBytes(std::vector<std::uint8_t>& bytes, std::size_t max_size) {
  const std::size_t size = bytes.size();
  bytes.resize(std::max(max_size, size));
  bytes.resize(LLVMFuzzerMutate(bytes.data(), size, bytes.size()));
}

}  // namespace

void CollectTemplates(std::span<const std::uint8_t> message, KnownTemplates& known) {
  const std::size_t header = HeaderLength(message);
  if (header == 0) return;
  const bool is_ipfix = LoadBe16(message.data()) == ipfix::kVersionIpfix;
  ipfix::TemplateReader reader(kMaxFields);  // at its end until a set of templates comes
  std::span<const std::uint8_t> sets = message.subspan(header);
  while (sets.size() >= ipfix::kSetHeaderLength) {
    const std::uint16_t id = LoadBe16(sets.data());
    const std::size_t length = LoadBe16(&sets[2]);
    if (length < ipfix::kSetHeaderLength || length > sets.size()) return;
    if (id == (is_ipfix ? 2 : 0)) {
      reader.Start(is_ipfix ? TemplateSyntax::kIpfixData : TemplateSyntax::kNetflow9Data,
                   sets.subspan(4, length - 4));
    } else if (id == (is_ipfix ? 3 : 1)) {
      reader.Start(is_ipfix ? TemplateSyntax::kIpfixOptions : TemplateSyntax::kNetflow9Options,
                   sets.subspan(4, length - 4));
    }
    ipfix::TemplateRecord record;
    while (reader.Next(record) == ipfix::TemplateReader::Result::kTemplate) {
      KnownTemplate& definition = known[record.id] = {.is_options = record.is_options, .fields = {}};
      for (const ipfix::FieldSpecifier& field : record.fields) {
        definition.fields.push_back({field.element, field.length, field.enterprise});
      }
    }
    sets = sets.subspan(length);
  }
}

void MutateMessage(std::vector<std::uint8_t>& message, std::size_t max_size, KnownTemplates& known,
                   RandomMessage& random) {
  std::vector<std::uint8_t> changed = message;
  switch (random.Below(6)) {
    case 0:
      changed = random.Message(known);
      break;
    case 1: {
      CollectTemplates(message, known);
      const Bytes set = random.DataSet(known);
      changed.insert(changed.end(), set.span().begin(), set.span().end());
      MendLengths(changed);
      break;
    }
    case 2: {  // the sets of another message behind those of this one
      const std::vector<std::uint8_t> other = random.Message(known);
      const std::size_t header = HeaderLength(other);
      if (header != 0)
        changed.insert(changed.end(), other.begin() + static_cast<std::ptrdiff_t>(header), other.end());
      MendLengths(changed);
      break;
    }
    case 3:
      MutateBytes(changed, max_size);
      MendLengths(changed);
      break;
    default:
      MutateBytes(changed, max_size);
      break;
  }
  if (changed.size() <= max_size) message = std::move(changed);
}

}  // namespace hostscope::fuzz
