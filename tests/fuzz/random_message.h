#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "tests/ipfix/message_builder.h"

/// Export messages with a meaning, at random: templates of the elements that the decoder reads, and data
/// records that fit them. They take fuzzing to where bytes at random would not get. The same seed gives the
/// same message everywhere.
namespace hostscope::fuzz {

/// Fields that belong together, such as the two addresses or a start and an end.
struct FieldGroup {
  std::string name;
  std::vector<ipfix::test::Field> fields;
};
/// Every group that the decoder gives a meaning, and some that it skips.
const std::vector<FieldGroup>& FieldGroups();
/// Groups that options records announce sampling with.
const std::vector<FieldGroup>& SamplingGroups();

/// The template records of a message: what data records of each id would have to look like.
struct KnownTemplate {
  bool is_options = false;
  std::vector<ipfix::test::Field> fields;
};
using KnownTemplates = std::map<std::uint16_t, KnownTemplate>;

class RandomMessage {
 public:
  explicit RandomMessage(std::uint32_t seed) : random_(seed) {}

  /// A number below `limit`, which is not 0.
  std::size_t Below(std::size_t limit) { return random_() % limit; }
  bool OneIn(std::size_t n) { return Below(n) == 0; }

  /// A message with templates and data, v5 now and then. `known` gains its templates.
  std::vector<std::uint8_t> Message(KnownTemplates& known);
  /// A set of records of one of the `known` templates, with its header; nothing where none is known.
  ipfix::test::Bytes DataSet(const KnownTemplates& known);
  /// A record of these fields.
  ipfix::test::Bytes Record(const std::vector<ipfix::test::Field>& fields);

 private:
  std::vector<ipfix::test::Field> Fields();
  std::vector<ipfix::test::Field> OptionsFields();
  ipfix::test::Bytes Value(const ipfix::test::Field& field, std::size_t length);
  ipfix::test::Bytes Section(bool starts_with_link);
  std::vector<std::uint8_t> Netflow5();

  std::mt19937 random_;
};

}  // namespace hostscope::fuzz
