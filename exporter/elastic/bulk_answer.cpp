#include "exporter/elastic/bulk_answer.h"

#include <simdjson.h>

namespace hostscope::exporter {

class BulkAnswerReader::Parser {
 public:
  simdjson::dom::parser parser;
};

namespace {

namespace dom = simdjson::dom;

std::string TextOf(const dom::element& item, std::string_view key) {
  std::string_view text;
  return item[key].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

// False where it is not an item of `create`.
bool ReadItem(const dom::element& element, ItemAnswer& item) {
  dom::element create;
  std::int64_t status = 0;
  if (element["create"].get(create) != simdjson::SUCCESS ||
      create["status"].get(status) != simdjson::SUCCESS || status < 100 || status > 599) {
    return false;
  }
  item.status = static_cast<int>(status);
  item.fate = FateOf(item.status);
  item.reason.clear();
  if (item.fate == ItemFate::kDelivered) return true;
  dom::element error;
  if (create["error"].get(error) == simdjson::SUCCESS) {
    item.reason = TextOf(error, "type") + ": " + TextOf(error, "reason");
  }
  return true;
}

}  // namespace

ItemFate FateOf(int status) noexcept {
  constexpr int kConflict = 409;
  if ((status >= 200 && status < 300) || status == kConflict) return ItemFate::kDelivered;
  switch (status) {
    case 401:
    case 403:
    case 404:
    case 408:
    case 429:
      return ItemFate::kAgain;
    default:
      return status >= 400 && status < 500 ? ItemFate::kRejected : ItemFate::kAgain;
  }
}

BulkAnswerReader::BulkAnswerReader() : parser_(std::make_unique<Parser>()) {}
BulkAnswerReader::~BulkAnswerReader() = default;

std::string BulkAnswerReader::Read(std::string_view json, std::size_t documents,
                                   std::vector<ItemAnswer>& items) {
  dom::element root;
  if (const simdjson::error_code error = parser_->parser.parse(json.data(), json.size()).get(root)) {
    return std::string("the answer is not JSON: ") + simdjson::error_message(error);
  }
  dom::array answers;
  if (root["items"].get(answers) != simdjson::SUCCESS) return "the answer has no items";
  items.resize(documents);
  std::size_t count = 0;
  for (const dom::element answer : answers) {
    if (count == documents || !ReadItem(answer, items[count])) {
      return "the answer's item " + std::to_string(count) + " is none that was asked for";
    }
    ++count;
  }
  if (count == documents) return {};
  return "the answer has " + std::to_string(count) + " items for " + std::to_string(documents) + " documents";
}

}  // namespace hostscope::exporter
