#include "tests/ipfix/naive_decoder.h"

#include <algorithm>

#include "tests/ipfix/naive_values.h"

// Messages, templates and sampling; the flow records are in naive_flow.cpp.
namespace hostscope::ipfix::test {

using namespace naive;

std::size_t NaiveDecoder::Template::MinimumLength() const {
  std::size_t length = 0;
  for (const Field& field : fields) length += field.length == kVariable ? 1 : field.length;
  return length;
}

// Messages.

DatagramOutcome NaiveDecoder::Decode(const Datagram& datagram) {
  datagram_ = &datagram;
  exporter_ = nullptr;
  announced_.reset();
  const Bytes payload = datagram.payload;
  const DatagramOutcome outcome =
      payload.size() < 2 ? DatagramOutcome::kTooShort : DecodeVersion(U16(payload, 0), payload);
  ++books_.outcomes[outcome];
  return outcome;
}

DatagramOutcome NaiveDecoder::DecodeVersion(std::uint16_t version, Bytes payload) {
  if (version == 5 || version == 0x8005) return DecodeNetflow5(payload);
  if (version != 9 && version != 10) return DatagramOutcome::kUnknownVersion;
  const std::size_t header_length = version == 9 ? 20 : 16;
  if (payload.size() < header_length) return DatagramOutcome::kTooShort;
  if (version == 10) {
    const std::size_t length = U16(payload, 2);
    if (length < header_length || length > payload.size()) return DatagramOutcome::kBadLength;
    payload = payload.first(length);
  }
  if (!Admit(U32(payload, header_length - 4))) return DatagramOutcome::kExporterRefused;
  return DecodeSets(version, payload.subspan(header_length));
}

const ExporterSettings* NaiveDecoder::SettingsFor(const Address& address) const {
  const ExporterRule* best = nullptr;
  for (const ExporterRule& rule : settings_.exporters) {
    const bool is_better = best == nullptr || rule.prefix.length > best->prefix.length;
    if (rule.prefix.Contains(address) && is_better) best = &rule;
  }
  if (best != nullptr) return &best->settings;
  return settings_.only_listed_exporters ? nullptr : &settings_.default_exporter;
}

bool NaiveDecoder::Admit(std::uint32_t domain) {
  exporter_settings_ = SettingsFor(datagram_->source);
  if (exporter_settings_ == nullptr) return false;
  domain_ = domain;
  exporter_ = &exporters_[{datagram_->source, datagram_->source_port, domain}];
  return true;
}

/// The 48-byte record as a template, in IPFIX's numbers.
DatagramOutcome NaiveDecoder::DecodeNetflow5(Bytes payload) {
  if (payload.size() < 24) return DatagramOutcome::kTooShort;
  const std::size_t count = U16(payload, 2);
  if (count == 0 || count > 30 || 24 + count * 48 > payload.size()) return DatagramOutcome::kBadCount;
  if (!Admit(U16(payload, 20))) return DatagramOutcome::kExporterRefused;
  const std::uint16_t mask = exporter_settings_->v5_sampling_uses_16_bits ? 0xffff : 0x3fff;
  announced_ = Rate{std::max<std::uint64_t>(U16(payload, 22) & mask, 1), 1};
  for (std::size_t i = 0; i < count; ++i) {
    const Bytes record = payload.subspan(24 + i * 48, 48);
    Record fields;
    const auto add = [&](std::uint16_t id, std::size_t at, std::size_t length) {
      fields.push_back({{kIana, id}, false, record.subspan(at, length)});
    };
    add(8, 0, 4);
    add(12, 4, 4);
    add(2, 16, 4);
    add(1, 20, 4);
    add(22, 24, 4);
    add(21, 28, 4);
    add(7, 32, 2);
    add(11, 34, 2);
    add(6, 37, 1);
    add(4, 38, 1);
    ReadFlow(fields);
  }
  return DatagramOutcome::kDecoded;
}

DatagramOutcome NaiveDecoder::DecodeSets(std::uint16_t version, Bytes sets) {
  const bool is_ipfix = version == 10;
  bool is_first = true;
  while (sets.size() >= 4) {
    const std::uint16_t id = U16(sets, 0);
    const std::size_t length = U16(sets, 2);
    if (id == 0 && length == 0) break;
    if (length < 4 || length > sets.size()) {
      ++books_.sets_skipped[SetSkip::kBadLength];
      return is_first ? DatagramOutcome::kMalformed : DatagramOutcome::kDecoded;
    }
    const Bytes body = sets.subspan(4, length - 4);
    if (id >= 256) {
      ReadData(id, body);
    } else if (id == (is_ipfix ? 2 : 0) || id == (is_ipfix ? 3 : 1)) {
      ReadTemplates(is_ipfix, id == (is_ipfix ? 3 : 1), body);
    } else {
      ++books_.sets_skipped[SetSkip::kReservedId];
    }
    sets = sets.subspan(length);
    is_first = false;
  }
  return DatagramOutcome::kDecoded;
}

// Templates.

void NaiveDecoder::ReadTemplates(bool is_ipfix, bool is_options, Bytes body) {
  while (body.size() >= 4) {
    if (U32(body, 0) == 0) return;  // padding
    if (ReadTemplate(is_ipfix, is_options, body)) continue;
    ++books_.sets_skipped[SetSkip::kBadTemplate];
    ++books_.templates[TemplateEvent::kRefused];
    return;
  }
}

bool NaiveDecoder::ReadTemplate(bool is_ipfix, bool is_options, Bytes& body) {
  const std::uint16_t id = U16(body, 0);
  std::size_t fields = U16(body, 2);
  if (is_ipfix &&
      fields == 0) {  // RFC 7011 section 8.1; its id may also be the set's, which means all of a kind
    ++books_.templates[TemplateEvent::kWithdrawn];
    body = body.subspan(4);
    return true;
  }
  if (id < 256) return false;
  std::size_t scope_fields = 0;
  std::size_t header = 4;
  if (is_options) {
    header = 6;
    if (body.size() < header) return false;
    if (is_ipfix) {  // RFC 7011 section 3.4.2.2: the count includes the scope fields
      scope_fields = U16(body, 4);
      if (scope_fields > fields) return false;
    } else {  // RFC 3954 section 6.1: two lengths in bytes
      if (U16(body, 2) % 4 != 0 || U16(body, 4) % 4 != 0) return false;
      scope_fields = U16(body, 2) / 4U;
      fields = scope_fields + U16(body, 4) / 4U;
    }
  }
  Template definition{.is_ipfix = is_ipfix, .is_options = is_options, .fields = {}};
  Bytes rest = body.subspan(header);
  for (std::size_t i = 0; i < fields; ++i) {
    if (rest.size() < 4) return false;
    Field field{.key = {kIana, U16(rest, 0)}, .length = U16(rest, 2)};
    rest = rest.subspan(4);
    const bool is_netflow9_scope = !is_ipfix && i < scope_fields;
    if (is_ipfix && (field.key.id & 0x8000) != 0) {
      if (rest.size() < 4) return false;
      field.key = {U32(rest, 0), static_cast<std::uint16_t>(field.key.id & 0x7fff)};
      rest = rest.subspan(4);
    } else if (is_netflow9_scope && field.key.id <= 5) {
      field.key.enterprise = kScope;
    }
    definition.fields.push_back(field);
  }
  body = rest;
  Learn(id, std::move(definition));
  return true;
}

bool NaiveDecoder::Template::IsUsable() const {
  std::size_t variable_fields = 0;
  std::size_t run = 0;  // of fixed-length bytes without a variable-length field between them
  for (const Field& field : fields) {
    if (field.length == kVariable) {
      ++variable_fields;
      run = 0;
    } else {
      run += field.length;
      if (run >= kVariable) return false;
    }
  }
  return MinimumLength() > 0 && variable_fields <= kMaxVariableFields;
}

void NaiveDecoder::Learn(std::uint16_t id, Template definition) {
  const auto known = exporter_->templates.find(id);
  if (known != exporter_->templates.end() && known->second == definition) {
    ++books_.templates[TemplateEvent::kRefreshed];
    return;
  }
  if (definition.fields.size() > settings_.max_fields_per_template || !definition.IsUsable()) {
    ++books_.templates[TemplateEvent::kRefused];
    if (known != exporter_->templates.end()) known->second = Template{.is_refused = true};
    return;
  }
  exporter_->templates[id] = std::move(definition);
  ++books_.templates[TemplateEvent::kLearned];
}

// Data sets.

void NaiveDecoder::ReadData(std::uint16_t id, Bytes body) {
  const auto found = exporter_->templates.find(id);
  if (found == exporter_->templates.end()) {
    ++books_.sets_skipped[SetSkip::kUnknownTemplate];
    return;
  }
  const Template& definition = found->second;
  if (definition.is_refused) {
    ++books_.sets_skipped[SetSkip::kRefusedTemplate];
    return;
  }
  while (body.size() >= definition.MinimumLength() && !IsAllZero(body)) {
    Record record;
    Bytes rest = body;
    for (const Field& field : definition.fields) {
      std::size_t length = field.length;
      if (length == kVariable) {
        const std::size_t prefix = !rest.empty() && rest[0] == 255 ? 3 : 1;
        if (rest.size() >= prefix) {
          length = prefix == 3 ? U16(rest, 1) : rest[0];
          rest = rest.subspan(prefix);
        }
      }
      if (length > rest.size()) {  // also where the length itself was cut off: it is still kVariable then
        if (!definition.is_options) {
          ++books_.records_seen;
          ++books_.skipped[RecordSkip::kMalformed];
        }
        return;
      }
      record.push_back({field.key, field.length == kVariable, rest.first(length)});
      rest = rest.subspan(length);
    }
    body = rest;
    if (definition.is_options) {
      ++books_.options_records;
      ReadOptionsRecord(record);
    } else {
      ReadFlow(record);
    }
  }
}

// Sampling.

/// In this order: 305/306, 309/310, 34 or 50. Cisco NCS writes the whole rate into 305 and no 306;
/// RouterOS 6.49 swaps the bytes of 34. Terms beyond 32 bits are not believed.
std::optional<NaiveDecoder::Rate> NaiveDecoder::RateInRecord(const Record& record) {
  const auto make = [](std::uint64_t population, std::uint64_t sample) -> std::optional<Rate> {
    if (population == 0 || sample == 0 || population > UINT32_MAX || sample > UINT32_MAX) return std::nullopt;
    return Rate{population, sample};
  };
  const std::uint64_t interval = Unsigned(record, 305).value_or(0);
  const std::optional<std::uint64_t> space = Unsigned(record, 306);
  if (interval != 0 && !space) return make(interval, 1);
  if (interval != 0 && *space <= UINT32_MAX) {
    if (const auto rate = make(interval + *space, interval)) return rate;
  }
  const std::optional<std::uint64_t> size = Unsigned(record, 309);
  const std::optional<std::uint64_t> population = Unsigned(record, 310);
  if (size && population) {
    if (const auto rate = make(*population, *size)) return rate;
  }
  std::uint64_t one_in = FirstUnsigned(record, {34, 50}).value_or(0);
  if (one_in <= UINT32_MAX && (one_in & 0xffffff) == 0) one_in >>= 24;
  return make(one_in, 1);
}

void NaiveDecoder::ReadOptionsRecord(const Record& record) {
  const std::optional<Rate> rate = RateInRecord(record);
  if (!rate) return;
  Samplers& samplers = samplers_[{datagram_->source, domain_}];
  samplers.last = rate;
  if (const auto selector = Unsigned(record, kIana, {302, 48})) {
    samplers.by_selector[*selector] = *rate;
  } else {
    samplers.system_wide = rate;
  }
}

NaiveDecoder::Rate NaiveDecoder::RateFor(const Record& record) const {
  if (!exporter_settings_->apply_sampling) return {};
  if (exporter_settings_->sampling_rate)
    return {std::max<std::uint64_t>(*exporter_settings_->sampling_rate, 1), 1};
  if (announced_) return *announced_;
  if (const std::optional<Rate> own = RateInRecord(record)) return *own;
  const auto found = samplers_.find({datagram_->source, domain_});
  if (found == samplers_.end()) return {};
  const Samplers& samplers = found->second;
  const std::optional<std::uint64_t> selector = Unsigned(record, kIana, {302, 48});
  if (selector && samplers.by_selector.contains(*selector)) return samplers.by_selector.at(*selector);
  if (samplers.system_wide) return *samplers.system_wide;
  if (selector && *selector != 0) return {};  // names a sampler that nobody described; 0 may mean the last
  return samplers.last.value_or(Rate{});
}

}  // namespace hostscope::ipfix::test
