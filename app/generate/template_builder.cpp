#include "app/generate/template_builder.h"

#include "app/generate/elements.h"
#include "ipfix/wire.h"

namespace hostscope::app {
namespace {

using namespace element;

constexpr std::uint16_t kIpv4Template = 256;
constexpr std::uint16_t kIpv6Template = 257;
constexpr std::uint16_t kSamplingTemplate = 512;
constexpr std::uint16_t kScopeSystem = 1;  // RFC 3954 section 6.1
constexpr std::size_t kCountAt = 2;        // v9: count of records; IPFIX: length of the message
constexpr std::size_t kAlignment = 4;

std::uint64_t Milliseconds(ReceiveTime time) noexcept {
  return static_cast<std::uint64_t>(time.ns / kNanosecondsPerMillisecond);
}

std::size_t Padding(std::size_t length) noexcept {
  return (kAlignment - length % kAlignment) % kAlignment;
}

}  // namespace

TemplateBuilder::TemplateBuilder(const GenerateOptions& options)
    : format_(options.format),
      start_(options.start),
      max_bytes_(options.datagram_bytes),
      sampling_interval_(options.sampling_interval),
      sends_ipv4_(options.ipv6_share < 1),
      sends_ipv6_(options.ipv6_share > 0) {
  for (const bool is_ipv6 : {false, true}) {
    Family& family = families_[is_ipv6 ? 1 : 0];
    family.fields = FieldsOf(options.layout, options.format, is_ipv6);
    family.record_length = LengthOf(family.fields);
    family.template_id = is_ipv6 ? kIpv6Template : kIpv4Template;
  }
}

void TemplateBuilder::Begin(const MessageContext& context) {
  context_ = context;
  data_records_ = 0;
  template_records_ = 0;
  for (Family& family : families_) family.records.Clear();
  message_.Clear();
  message_.Put16(is_ipfix() ? ipfix::kVersionIpfix : ipfix::kVersionNetflow9);
  message_.Put16(0);
  if (!is_ipfix()) message_.Put32(UptimeMs(start_, context.export_time));
  message_.Put32(static_cast<std::uint64_t>(context.export_time.ns / kNanosecondsPerSecond));
  message_.Put32(context.sequence);
  message_.Put32(context.domain);
  if (!context.with_templates) return;
  PutTemplates();
  if (sampling_interval_ > 1) PutSampling();
}

void TemplateBuilder::PutTemplates() {
  const std::size_t set_at = message_.size();
  message_.Put16(is_ipfix() ? 2 : 0);
  message_.Put16(0);
  for (const Family& family : families_) {
    if (family.template_id == kIpv6Template ? !sends_ipv6_ : !sends_ipv4_) continue;
    message_.Put16(family.template_id);
    message_.Put16(family.fields.size());
    for (const LayoutField& field : family.fields) {
      message_.Put16(field.element);
      message_.Put16(field.length);
    }
    ++template_records_;
  }
  message_.Set16(set_at + 2, message_.size() - set_at);
}

void TemplateBuilder::PutSampling() {
  const std::size_t set_at = message_.size();
  message_.Put16(is_ipfix() ? 3 : 1);
  message_.Put16(0);
  message_.Put16(kSamplingTemplate);
  if (is_ipfix()) {
    message_.Put16(2);  // fields, of which
    message_.Put16(1);  // scope fields
    message_.Put16(kObservationDomainId);
  } else {
    message_.Put16(4);  // bytes of scope fields
    message_.Put16(4);  // bytes of option fields
    message_.Put16(kScopeSystem);
  }
  message_.Put16(4);
  message_.Put16(kSamplingInterval);
  message_.Put16(4);
  message_.PutZeros(Padding(message_.size() - set_at));
  message_.Set16(set_at + 2, message_.size() - set_at);
  ++template_records_;
  ByteWriter record;
  record.Put32(context_.domain);
  record.Put32(sampling_interval_);
  PutDataSet(kSamplingTemplate, record.bytes());
  ++data_records_;
}

void TemplateBuilder::PutDataSet(std::uint16_t id, std::span<const std::uint8_t> records) {
  const std::size_t padding = is_ipfix() ? 0 : Padding(records.size());
  message_.Put16(id);
  message_.Put16(ipfix::kSetHeaderLength + records.size() + padding);
  message_.PutBytes(records);
  message_.PutZeros(padding);
}

bool TemplateBuilder::Add(const SyntheticFlow& flow) {
  const bool is_ipv6 = !flow.source.IsIpv4();
  if (SizeWith(is_ipv6 ? 0 : 1, is_ipv6 ? 1 : 0) > max_bytes_) return false;
  Family& family = families_[is_ipv6 ? 1 : 0];
  for (const LayoutField& field : family.fields) PutField(family.records, field, flow);
  ++data_records_;
  return true;
}

std::size_t TemplateBuilder::SizeWith(std::size_t more_ipv4, std::size_t more_ipv6) const noexcept {
  const std::array<std::size_t, 2> more = {more_ipv4, more_ipv6};
  std::size_t size = message_.size();
  for (std::size_t i = 0; i < families_.size(); ++i) {
    const std::size_t length = families_[i].records.size() + more[i] * families_[i].record_length;
    if (length > 0) size += ipfix::kSetHeaderLength + length + Padding(length);
  }
  return size;
}

std::span<const std::uint8_t> TemplateBuilder::Finish() {
  for (const Family& family : families_) {
    if (family.records.size() > 0) PutDataSet(family.template_id, family.records.bytes());
  }
  message_.Set16(kCountAt, is_ipfix() ? message_.size() : data_records_ + template_records_);
  return message_.bytes();
}

std::uint32_t TemplateBuilder::sequence_units() const noexcept {
  return is_ipfix() ? data_records_ : 1;
}

void TemplateBuilder::PutField(ByteWriter& out, const LayoutField& field, const SyntheticFlow& flow) const {
  const std::uint64_t end_ms = Milliseconds(context_.export_time) - flow.age_ms;
  const std::uint64_t end_uptime = UptimeMs(start_, context_.export_time) - flow.age_ms;
  switch (field.element) {
    case kSourceIpv4Address:
      return out.PutIpv4(flow.source);
    case kDestinationIpv4Address:
      return out.PutIpv4(flow.destination);
    case kSourceIpv6Address:
      return out.PutIpv6(flow.source);
    case kDestinationIpv6Address:
      return out.PutIpv6(flow.destination);
    case kSourceTransportPort:
      return out.PutBe(flow.source_port, field.length);
    case kDestinationTransportPort:
      return out.PutBe(flow.destination_port, field.length);
    case kProtocolIdentifier:
      return out.PutBe(flow.protocol, field.length);
    case kTcpControlBits:
      return out.PutBe(flow.tcp_flags, field.length);
    case kPacketDeltaCount:
      return out.PutBe(flow.packets, field.length);
    case kOctetDeltaCount:
      return out.PutBe(flow.bytes, field.length);
    case kFlowStartMilliseconds:
      return out.PutBe(end_ms - flow.duration_ms, field.length);
    case kFlowEndMilliseconds:
      return out.PutBe(end_ms, field.length);
    case kFlowStartSysUpTime:
      return out.PutBe((end_uptime - flow.duration_ms) & 0xffffffff, field.length);
    case kFlowEndSysUpTime:
      return out.PutBe(end_uptime & 0xffffffff, field.length);
    case kSystemInitTimeMilliseconds:
      return out.PutBe(Milliseconds(context_.export_time) - UptimeMs(start_, context_.export_time),
                       field.length);
    case kIngressInterface:
      return out.PutBe(1, field.length);
    case kEgressInterface:
      return out.PutBe(2, field.length);
    case kBgpSourceAsNumber:
      return out.PutBe(64496, field.length);  // RFC 5398: for documentation
    case kBgpDestinationAsNumber:
      return out.PutBe(64497, field.length);
    default:
      return out.PutZeros(field.length);
  }
}

}  // namespace hostscope::app
