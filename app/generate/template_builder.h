#pragma once

#include <array>
#include <vector>

#include "app/generate/byte_writer.h"
#include "app/generate/layout.h"
#include "app/generate/message_builder.h"

namespace hostscope::app {

/// NetFlow v9 (RFC 3954) and IPFIX (RFC 7011): messages of template, options and data sets. Records of both
/// families make two data sets.
class TemplateBuilder final : public MessageBuilder {
 public:
  explicit TemplateBuilder(const GenerateOptions& options);
  void Begin(const MessageContext& context) override;
  bool Add(const SyntheticFlow& flow) override;
  std::span<const std::uint8_t> Finish() override;
  std::uint32_t sequence_units() const noexcept override;

 private:
  struct Family {
    std::vector<LayoutField> fields;
    std::size_t record_length = 0;
    std::uint16_t template_id = 0;
    ByteWriter records;
  };

  bool is_ipfix() const noexcept { return format_ == ExportFormat::kIpfix; }
  void PutTemplates();
  void PutSampling();
  void PutDataSet(std::uint16_t id, std::span<const std::uint8_t> records);
  void PutField(ByteWriter& out, const LayoutField& field, const SyntheticFlow& flow) const;
  std::size_t SizeWith(std::size_t more_records_of_ipv4, std::size_t more_of_ipv6) const noexcept;

  ExportFormat format_;
  ReceiveTime start_;
  std::size_t max_bytes_;
  std::uint32_t sampling_interval_;
  bool sends_ipv4_;
  bool sends_ipv6_;
  std::array<Family, 2> families_;  // IPv4, IPv6
  ByteWriter message_;
  MessageContext context_;
  std::uint32_t data_records_ = 0;  // options data included
  std::uint32_t template_records_ = 0;
};

}  // namespace hostscope::app
