#include "tests/fuzz/random_message.h"

#include <algorithm>

namespace hostscope::fuzz {

using ipfix::test::Bytes;
using ipfix::test::Field;
using ipfix::test::kCertPen;
using ipfix::test::kReversePen;
using ipfix::test::kVariable;
using ipfix::test::MessageBuilder;
using ipfix::test::Netflow5Builder;
using ipfix::test::Netflow5Record;

const std::vector<FieldGroup>& FieldGroups() {
  static const std::vector<FieldGroup> kGroups{
      {"ipv4", {{8, 4}, {12, 4}}},
      {"ipv6", {{27, 16}, {28, 16}}},
      {"both-families", {{27, 16}, {28, 16}, {8, 4}, {12, 4}, {60, 1}}},
      {"frame-section", {{315, kVariable}}},
      {"ip-section", {{313, 60}}},
      {"cisco-section", {{103, 2}, {104, 80}}},
      {"transport", {{7, 2}, {11, 2}, {4, 1}}},
      {"implied-transport", {{180, 2}, {181, 2}, {182, 2}, {183, 2}}},
      {"icmp", {{4, 1}, {32, 2}, {139, 2}, {7, 2}, {11, 2}}},
      {"flags", {{6, 1}}},
      {"wide-flags", {{6, 2}}},
      {"yaf-flags", {{14, 1, kCertPen}, {15, 1, kCertPen}, {0x400e, 1, kCertPen}, {0x400f, 1, kCertPen}}},
      {"deltas", {{2, 4}, {1, 4}}},
      {"odd-deltas", {{2, 3}, {1, 5}}},
      {"long-deltas", {{1, 8}, {2, 8}}},
      {"totals", {{85, 8}, {86, 8}}},
      {"asa", {{233, 1}, {231, 4}, {232, 4}, {298, 4}, {299, 4}}},
      {"asa-old", {{40005, 1}, {231, 4}, {232, 4}}},
      {"post", {{23, 8}, {24, 8}, {171, 8}, {172, 8}}},
      {"layer2", {{352, 8}, {353, 8}}},
      {"reverse", {{1, 8, kReversePen}, {2, 8, kReversePen}, {6, 1, kReversePen}}},
      {"reverse-totals", {{85, 8, kReversePen}, {86, 8, kReversePen}}},
      {"reverse-times", {{152, 8, kReversePen}, {153, 8, kReversePen}}},
      {"nat", {{230, 1}, {225, 4}, {226, 4}}},
      {"direction", {{61, 1}}},
      {"uptime", {{22, 4}, {21, 4}}},
      {"seconds", {{150, 4}, {151, 4}}},
      {"milliseconds", {{152, 8}, {153, 8}}},
      {"ntp-microseconds", {{154, 8}, {155, 8}}},
      {"ntp-nanoseconds", {{156, 8}, {157, 8}}},
      {"delta-microseconds", {{158, 4}, {159, 4}}},
      {"duration-milliseconds", {{161, 4}}},
      {"duration-microseconds", {{162, 4}}},
      {"sampler", {{48, 1}}},
      {"selector", {{302, 8}}},
      {"interval", {{34, 4}}},
      {"name", {{82, kVariable}}},
      {"padding", {{210, 3}}},
      {"no-length", {{5, 0}}},
      {"enterprise", {{1, 4, 9}, {2, kVariable, 25461}}},
  };
  return kGroups;
}

const std::vector<FieldGroup>& SamplingGroups() {
  static const std::vector<FieldGroup> kGroups{
      {"interval", {{34, 4}}},
      {"random-interval", {{48, 1}, {49, 1}, {50, 2}}},
      {"packet-interval", {{302, 4}, {305, 4}}},
      {"packet-space", {{302, 8}, {304, 2}, {305, 4}, {306, 4}}},
      {"size-population", {{302, 2}, {309, 4}, {310, 4}}},
      {"population", {{310, 4}}},
  };
  return kGroups;
}

namespace {

/// What integers tend to be: nothing, little, much, a wire's maximum, a time.
constexpr std::uint64_t kIntegers[] = {0,
                                       1,
                                       2,
                                       3,
                                       4,
                                       5,
                                       6,
                                       17,
                                       53,
                                       100,
                                       443,
                                       1000,
                                       1500,
                                       65535,
                                       255,
                                       254,
                                       8443,
                                       49152,
                                       0x01000000,
                                       0xffffffff,
                                       0x7fffffff,
                                       0x80000000,
                                       1'700'000'000,
                                       1'700'000'000'000,
                                       UINT64_MAX};

const FieldGroup& OneOf(const std::vector<FieldGroup>& groups, std::size_t which) {
  return groups[which % groups.size()];
}

}  // namespace

std::vector<Field> RandomMessage::Fields() {
  std::vector<Field> fields;
  const auto add = [&](const FieldGroup& group) {
    fields.insert(fields.end(), group.fields.begin(), group.fields.end());
  };
  constexpr std::size_t kAddressGroups = 6;  // they come first
  if (!OneIn(8)) add(FieldGroups()[Below(kAddressGroups)]);
  for (std::size_t groups = 1 + Below(5); groups-- > 0;) add(OneOf(FieldGroups(), Below(1000)));
  for (std::size_t i = fields.size(); OneIn(2) && i > 1; --i) std::swap(fields[i - 1], fields[Below(i)]);
  if (OneIn(4)) fields[Below(fields.size())].length = static_cast<std::uint16_t>(Below(10));
  if (OneIn(12)) fields[Below(fields.size())].length = kVariable;
  return fields;
}

std::vector<Field> RandomMessage::OptionsFields() {
  std::vector<Field> fields = OneOf(SamplingGroups(), Below(1000)).fields;
  if (OneIn(4)) fields[Below(fields.size())].length = static_cast<std::uint16_t>(1 + Below(8));
  if (OneIn(4)) fields.push_back({82, kVariable});
  return fields;
}

Bytes RandomMessage::Section(bool starts_with_link) {
  Bytes packet;
  if (starts_with_link) packet.Zeros(12).U16(0x0800);
  const std::uint8_t protocol = OneIn(2) ? 6 : 17;
  packet.U8(0x45).U8(0).U16(20 + 1000).U16(1).U16(OneIn(4) ? 0x2000 : 0).U8(64).U8(protocol).U16(0);
  packet.Address("10.1.0.1")
      .Address("10.1.0.2")
      .U16(40000)
      .U16(443)
      .U32(1)
      .U32(2)
      .U16(0x5012)
      .U16(1000)
      .U32(0);
  return packet;
}

Bytes RandomMessage::Value(const Field& field, std::size_t length) {
  Bytes value;
  if (field.id == 104 || field.id == 313 || field.id == 315) {
    value = Section(field.id != 313);
    value.raw().resize(length);
  } else if (length <= 8) {
    value.U(OneIn(4) ? random_() : kIntegers[Below(std::size(kIntegers))], length);
  } else if (length == 16 && OneIn(2)) {
    value.Address(OneIn(2) ? "2001:db8::5" : "::ffff:10.0.0.5");
  } else {
    while (value.size() < length) value.U8(OneIn(4) ? random_() : 0);
  }
  return value;
}

Bytes RandomMessage::Record(const std::vector<Field>& fields) {
  Bytes record;
  for (const Field& field : fields) {
    if (field.length != kVariable) {
      record.Append(Value(field, field.length));
      continue;
    }
    const bool is_section = field.id == 104 || field.id == 313 || field.id == 315;
    const Bytes value = Value(field, is_section ? 34 + Below(40) : Below(20));
    if (OneIn(4)) {
      record.LongVariable(value.span());
    } else {
      record.Variable(value.span());
    }
  }
  return record;
}

Bytes RandomMessage::DataSet(const KnownTemplates& known) {
  if (known.empty()) return {};
  const auto& [id, definition] = *std::next(known.begin(), static_cast<std::ptrdiff_t>(Below(known.size())));
  constexpr std::size_t kLongEnough = 1200;
  Bytes set = Bytes().U16(id).U16(0);
  for (std::size_t records = OneIn(8) ? 40 : 1 + Below(3); records-- > 0 && set.size() < kLongEnough;) {
    set.Append(Record(definition.fields));
  }
  if (OneIn(4)) set.Zeros(Below(36));
  if (set.size() > UINT16_MAX) return {};  // of a template that a mutation made so long
  set.raw()[2] = static_cast<std::uint8_t>(set.size() >> 8);
  set.raw()[3] = static_cast<std::uint8_t>(set.size());
  return set;
}

std::vector<std::uint8_t> RandomMessage::Netflow5() {
  Netflow5Builder message;
  for (std::size_t records = 1 + Below(4); records-- > 0;) {
    message.Record({.packets = static_cast<std::uint32_t>(random_()), .bytes = 1000, .protocol = 17});
  }
  return message.Sampling(static_cast<std::uint16_t>(random_()))
      .Sequence(static_cast<std::uint32_t>(Below(100)))
      .Build();
}

std::vector<std::uint8_t> RandomMessage::Message(KnownTemplates& known) {
  if (OneIn(12)) return Netflow5();
  MessageBuilder message = OneIn(2) ? MessageBuilder::Ipfix(1) : MessageBuilder::Netflow9(1);
  message.Sequence(static_cast<std::uint32_t>(Below(50)));
  for (std::size_t templates = Below(3); templates-- > 0;) {
    const auto id = static_cast<std::uint16_t>(256 + Below(4));
    KnownTemplate definition{.is_options = OneIn(4), .fields = {}};
    definition.fields = definition.is_options ? OptionsFields() : Fields();
    if (definition.is_options) {
      const std::vector<Field> scope{{static_cast<std::uint16_t>(OneIn(2) ? 1 : 149), 4}};
      message.OptionsTemplate(id, scope, definition.fields);
      definition.fields.insert(definition.fields.begin(), scope.begin(), scope.end());
    } else {
      message.Template(id, definition.fields);
    }
    known[id] = definition;
  }
  if (OneIn(16)) message.Withdrawal(256);
  for (std::size_t sets = Below(4); sets-- > 0;) message.Tail(DataSet(known));
  return message.Build();
}

}  // namespace hostscope::fuzz
