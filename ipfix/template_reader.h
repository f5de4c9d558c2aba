#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ipfix/accounting.h"
#include "ipfix/meaning.h"

namespace hostscope::ipfix {

/// How template sets are written: NetFlow v9 and IPFIX differ in the enterprise bit, and in how an options
/// template counts its fields.
enum class TemplateSyntax : std::uint8_t {
  kNetflow9Data,     ///< RFC 3954 section 5.2
  kNetflow9Options,  ///< RFC 3954 section 6.1: scope and options in bytes; scope types of its own
  kIpfixData,        ///< RFC 7011 section 3.4.1
  kIpfixOptions,     ///< RFC 7011 section 3.4.2: a count of fields that includes the scope's
};

/// One template record as it was sent. `fields` is borrowed until the next call of Next().
struct TemplateRecord {
  std::uint16_t id = 0;
  bool is_options = false;
  bool is_withdrawal = false;        ///< IPFIX: no fields
  bool has_too_many_fields = false;  ///< beyond the cap; `fields` is empty
  std::span<const FieldSpecifier> fields;
  std::uint64_t definition = 0;  ///< digest of kind and fields
  TemplateSyntax syntax{};
  std::span<const std::uint8_t> wire;  ///< all of it; the set's bytes
};

/// Reads the template records of a set, one after the other. Holds scratch for one template of at most
/// `max_fields`; allocates only when constructed. One thread.
class TemplateReader {
 public:
  explicit TemplateReader(std::size_t max_fields);

  void Start(TemplateSyntax syntax, std::span<const std::uint8_t> body) noexcept;

  enum class Result : std::uint8_t { kTemplate, kEnd, kMalformed };
  /// kEnd at the end and at padding; kMalformed where a template ends within itself or has a reserved id.
  [[nodiscard]] Result Next(TemplateRecord& record) noexcept;

 private:
  struct Extent {
    std::size_t scope_fields = 0;
    std::size_t fields = 0;  ///< scope included
    std::size_t header = 0;  ///< bytes
  };
  bool ReadExtent(Extent& extent) const noexcept;
  bool ReadField(bool is_scope, FieldSpecifier& field) noexcept;
  bool is_ipfix() const noexcept {
    return syntax_ == TemplateSyntax::kIpfixData || syntax_ == TemplateSyntax::kIpfixOptions;
  }
  bool is_options() const noexcept {
    return syntax_ == TemplateSyntax::kNetflow9Options || syntax_ == TemplateSyntax::kIpfixOptions;
  }

  std::vector<FieldSpecifier> fields_;
  std::span<const std::uint8_t> rest_;
  TemplateSyntax syntax_ = TemplateSyntax::kIpfixData;
};

}  // namespace hostscope::ipfix
