#pragma once

#include <arpa/inet.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ipfix/address.h"

/// Writes NetFlow v5, v9 and IPFIX messages byte by byte for tests. Lengths and counts are right unless a
/// test says otherwise: every one of them can be made to lie.
namespace hostscope::ipfix::test {

/// Bytes in network order, appended one value after the other. A data record is nothing but this.
class Bytes {
 public:
  Bytes& U(std::uint64_t value, std::size_t length) {
    for (std::size_t i = length; i-- > 0;)
      bytes_.push_back(static_cast<std::uint8_t>(i < 8 ? value >> (8 * i) : 0));
    return *this;
  }
  Bytes& U8(std::uint64_t value) { return U(value, 1); }
  Bytes& U16(std::uint64_t value) { return U(value, 2); }
  Bytes& U32(std::uint64_t value) { return U(value, 4); }
  Bytes& U64(std::uint64_t value) { return U(value, 8); }
  Bytes& Zeros(std::size_t count) { return U(0, count); }

  /// Either family, as text.
  Bytes& Address(const std::string& text) {
    std::uint8_t octets[16];
    const bool is_ipv6 = text.find(':') != std::string::npos;
    if (inet_pton(is_ipv6 ? AF_INET6 : AF_INET, text.c_str(), octets) != 1) std::abort();
    return Append({octets, is_ipv6 ? 16U : 4U});
  }
  Bytes& Append(std::span<const std::uint8_t> more) {
    bytes_.insert(bytes_.end(), more.begin(), more.end());
    return *this;
  }
  Bytes& Append(const Bytes& more) { return Append(more.span()); }

  /// A variable-length field with its length in one byte (RFC 7011 section 7, figure R) …
  Bytes& Variable(std::span<const std::uint8_t> value) { return U8(value.size()).Append(value); }
  /// … and with the byte 255 and two bytes of length, which is also allowed for short values.
  Bytes& LongVariable(std::span<const std::uint8_t> value) { return U8(255).U16(value.size()).Append(value); }

  std::span<const std::uint8_t> span() const { return bytes_; }
  std::size_t size() const { return bytes_.size(); }
  std::vector<std::uint8_t>& raw() { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
};

inline hostscope::Address AddressOf(const std::string& text) {
  Bytes bytes;
  bytes.Address(text);
  if (bytes.size() == 16) return hostscope::Address::FromIpv6(bytes.span().data());
  std::uint32_t network_order;
  std::memcpy(&network_order, bytes.span().data(), sizeof(network_order));
  return hostscope::Address::FromIpv4(network_order);
}

/// A field specifier. `enterprise` is written in IPFIX only, where it sets the enterprise bit.
struct Field {
  std::uint16_t id;
  std::uint16_t length;
  std::uint32_t enterprise = 0;
};
inline constexpr std::uint16_t kVariable = 0xffff;
inline constexpr std::uint32_t kReversePen = 29305;
inline constexpr std::uint32_t kCertPen = 6871;

/// A NetFlow v9 (RFC 3954) or IPFIX (RFC 7011) message.
class MessageBuilder {
 public:
  static MessageBuilder Ipfix(std::uint32_t domain = 1) { return MessageBuilder(10, domain); }
  static MessageBuilder Netflow9(std::uint32_t source_id = 1) { return MessageBuilder(9, source_id); }

  MessageBuilder& Sequence(std::uint32_t sequence) { return Set(sequence_, sequence); }
  MessageBuilder& ExportTime(std::uint32_t seconds) { return Set(export_time_, seconds); }
  MessageBuilder& Uptime(std::uint32_t milliseconds) { return Set(uptime_ms_, milliseconds); }

  MessageBuilder& Template(std::uint16_t id, const std::vector<Field>& fields) {
    Bytes record;
    record.U16(id).U16(fields.size());
    WriteFields(record, fields);
    return RawSet(is_ipfix() ? 2 : 0, record, 1);
  }

  /// v9 writes the lengths of the field specifiers in bytes, scope and options apart; its scope fields have
  /// types of their own, 1 to 5 (RFC 3954 section 6.1). IPFIX writes the count of all fields, then that of
  /// the scope fields.
  MessageBuilder& OptionsTemplate(std::uint16_t id, const std::vector<Field>& scope,
                                  const std::vector<Field>& fields) {
    Bytes record;
    record.U16(id);
    if (is_ipfix()) {
      record.U16(scope.size() + fields.size()).U16(scope.size());
    } else {
      record.U16(scope.size() * 4).U16(fields.size() * 4);
    }
    WriteFields(record, scope);
    WriteFields(record, fields);
    return RawSet(is_ipfix() ? 3 : 1, record, 1);
  }

  /// IPFIX: a template record without fields (RFC 7011 section 8.1).
  MessageBuilder& Withdrawal(std::uint16_t id) { return RawSet(2, Bytes().U16(id).U16(0), 1); }

  MessageBuilder& Data(std::uint16_t template_id, std::initializer_list<Bytes> records) {
    Bytes body;
    for (const Bytes& record : records) body.Append(record);
    return RawSet(template_id, body, records.size());
  }

  MessageBuilder& RawSet(std::uint16_t id, const Bytes& body, std::size_t records = 0) {
    last_set_ = sets_.size();
    sets_.U16(id).U16(4 + body.size()).Append(body);
    count_ += records;
    return *this;
  }
  /// Zero bytes at the end of the last set, counted in its length.
  MessageBuilder& Padding(std::size_t count) {
    sets_.Zeros(count);
    return SetLength(sets_.size() - last_set_);
  }
  /// Bytes behind the last set, in no set; IPFIX counts them in the header's length.
  MessageBuilder& Tail(const Bytes& bytes) {
    sets_.Append(bytes);
    return *this;
  }

  // Lies.
  MessageBuilder& SetLength(std::size_t length) {
    sets_.raw()[last_set_ + 2] = static_cast<std::uint8_t>(length >> 8);
    sets_.raw()[last_set_ + 3] = static_cast<std::uint8_t>(length);
    return *this;
  }
  MessageBuilder& HeaderLength(std::uint16_t length) { return Set(header_length_, length); }
  MessageBuilder& Count(std::uint16_t count) { return Set(header_count_, count); }
  MessageBuilder& Version(std::uint16_t version) { return Set(written_version_, version); }

  std::vector<std::uint8_t> Build() const {
    Bytes message;
    message.U16(written_version_.value_or(version_));
    if (is_ipfix()) {
      message.U16(header_length_.value_or(static_cast<std::uint16_t>(16 + sets_.size())));
      message.U32(export_time_).U32(sequence_).U32(domain_);
    } else {
      message.U16(header_count_.value_or(static_cast<std::uint16_t>(count_)));
      message.U32(uptime_ms_).U32(export_time_).U32(sequence_).U32(domain_);
    }
    message.Append(sets_);
    return {message.span().begin(), message.span().end()};
  }

 private:
  MessageBuilder(std::uint16_t version, std::uint32_t domain) : version_(version), domain_(domain) {}

  bool is_ipfix() const { return version_ == 10; }

  template <typename Member, typename Value>
  MessageBuilder& Set(Member& member, Value value) {
    member = value;
    return *this;
  }

  void WriteFields(Bytes& record, const std::vector<Field>& fields) const {
    for (const Field& field : fields) {
      const bool is_enterprise = is_ipfix() && field.enterprise != 0;
      record.U16(is_enterprise ? field.id | 0x8000U : field.id).U16(field.length);
      if (is_enterprise) record.U32(field.enterprise);
    }
  }

  std::uint16_t version_;
  std::uint32_t domain_;
  std::uint32_t sequence_ = 0;
  std::uint32_t export_time_ = 1'700'000'000;
  std::uint32_t uptime_ms_ = 3'600'000;
  std::size_t count_ = 0;
  std::optional<std::uint16_t> header_length_;
  std::optional<std::uint16_t> header_count_;
  std::optional<std::uint16_t> written_version_;
  Bytes sets_;
  std::size_t last_set_ = 0;
};

/// A record of NetFlow v5, with what the decoder reads of it.
struct Netflow5Record {
  std::string source = "10.0.0.1";
  std::string destination = "10.0.0.2";
  std::uint32_t packets = 1;
  std::uint32_t bytes = 100;
  std::uint32_t first_ms = 1000;
  std::uint32_t last_ms = 2000;
  std::uint16_t source_port = 40000;
  std::uint16_t destination_port = 80;
  std::uint8_t tcp_flags = 0;
  std::uint8_t protocol = 6;
};

class Netflow5Builder {
 public:
  Netflow5Builder& Record(const Netflow5Record& r) {
    records_.Address(r.source).Address(r.destination).Zeros(4 + 2 + 2).U32(r.packets).U32(r.bytes);
    records_.U32(r.first_ms).U32(r.last_ms).U16(r.source_port).U16(r.destination_port);
    records_.U8(0).U8(r.tcp_flags).U8(r.protocol).Zeros(1 + 2 + 2 + 1 + 1 + 2);
    ++count_;
    return *this;
  }
  Netflow5Builder& Sampling(std::uint16_t word) {
    sampling_ = word;
    return *this;
  }
  Netflow5Builder& Sequence(std::uint32_t sequence) {
    sequence_ = sequence;
    return *this;
  }
  Netflow5Builder& Count(std::uint16_t count) {
    header_count_ = count;
    return *this;
  }
  Netflow5Builder& Version(std::uint16_t version) {
    version_ = version;
    return *this;
  }
  std::vector<std::uint8_t> Build() const {
    Bytes message;
    message.U16(version_).U16(header_count_.value_or(count_)).U32(3'600'000).U32(1'700'000'000).U32(0);
    message.U32(sequence_).U8(0).U8(0).U16(sampling_).Append(records_);
    return {message.span().begin(), message.span().end()};
  }

 private:
  std::uint16_t version_ = 5;
  std::uint16_t count_ = 0;
  std::optional<std::uint16_t> header_count_;
  std::uint32_t sequence_ = 0;
  std::uint16_t sampling_ = 0;
  Bytes records_;
};

}  // namespace hostscope::ipfix::test
