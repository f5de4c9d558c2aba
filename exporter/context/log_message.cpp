#include "exporter/context/log_message.h"

#include <simdjson.h>

#include <new>
#include <optional>

#include "exporter/encoding/address_text.h"

namespace hostscope::context {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kMaxDepth = 64;

// A field by its whole name, as flat logs have it, or through the objects that it is in.
std::optional<dom::element> FieldOf(const dom::object& object, std::string_view path) {
  dom::element found;
  if (object.at_key(path).get(found) == simdjson::SUCCESS) return found;
  const std::size_t point = path.find('.');
  dom::object inner;
  if (point == std::string_view::npos ||
      object.at_key(path.substr(0, point)).get_object().get(inner) != simdjson::SUCCESS)
    return std::nullopt;
  return FieldOf(inner, path.substr(point + 1));
}

// Of text, numbers, true and false; nothing of others.
std::optional<std::string> ScalarOf(const dom::element& element) {
  switch (element.type()) {
    case dom::element_type::STRING:
      return std::string(element.get_string().value_unsafe());
    case dom::element_type::INT64:
    case dom::element_type::UINT64:
    case dom::element_type::DOUBLE:
    case dom::element_type::BOOL:
      return simdjson::to_string(element);
    default:
      return std::nullopt;
  }
}

bool IsWanted(const dom::object& object, const std::map<std::string, std::string>& when) {
  for (const auto& [field, wanted] : when) {
    const auto element = FieldOf(object, field);
    if (!element || ScalarOf(*element) != wanted) return false;
  }
  return true;
}

}  // namespace

struct LogMessageReader::Parser {
  dom::parser parser{kMaxMessage};
};

LogMessageReader::LogMessageReader(const Limits& limits)
    : limits_(limits), parser_(std::make_unique<Parser>()) {
  // Memory for the largest message, once.
  if (parser_->parser.allocate(kMaxMessage, kMaxDepth) != simdjson::SUCCESS) throw std::bad_alloc();
}
LogMessageReader::~LogMessageReader() = default;

LogOutcome LogMessageReader::Read(std::string_view text, const TopicMapping& mapping, LogMessage& message) {
  message.told.clear();
  if (text.size() > kMaxMessage) return LogOutcome::kTooLarge;
  if (text.empty())
    return LogOutcome::kNotJson;  // what a broker has of a key that was deleted: no bytes at all
  dom::element root;
  if (parser_->parser.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS)
    return LogOutcome::kNotJson;
  dom::object object;
  if (root.get_object().get(object) != simdjson::SUCCESS) return LogOutcome::kNotObject;
  if (!IsWanted(object, mapping.when)) return LogOutcome::kOther;
  const auto host = FieldOf(object, mapping.host);
  std::string_view address_text;
  if (!host || host->get_string().get(address_text) != simdjson::SUCCESS) return LogOutcome::kNoHost;
  const auto address = exporter::ParseAddress(address_text);
  if (!address || address->IsUnspecified()) return LogOutcome::kBadAddress;
  message.host = *address;
  for (const AttributeMapping& attribute : mapping.attributes) {
    const auto field = FieldOf(object, attribute.field);
    if (!field || field->is_null()) continue;
    auto value = ScalarOf(*field);
    if (!value || !WhyNoValue(*value, limits_).empty()) return LogOutcome::kBadValue;
    message.told.push_back({&attribute, *std::move(value)});
  }
  return message.told.empty() ? LogOutcome::kNoAttribute : LogOutcome::kApplied;
}

}  // namespace hostscope::context
