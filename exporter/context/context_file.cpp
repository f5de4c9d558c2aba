#include "exporter/context/context_file.h"

#include <simdjson.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <utility>

#include "exporter/encoding/address_text.h"

namespace hostscope::context {
namespace {

constexpr const char* kPrefixColumn = "prefix";
constexpr const char* kAllowedPrefixes = "an address, or a prefix without bits beyond its length";
constexpr const char* kAllowedJson = "an array of objects, each of a prefix and text attributes";
constexpr std::size_t kMaxShown = 60;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";  // of UTF-8, as spreadsheets begin files

std::string Shown(std::string_view value) {
  std::string text = "'";
  for (const char c : value.substr(0, kMaxShown)) text += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
  return text += value.size() > kMaxShown ? "…'" : "'";
}

std::optional<Prefix> ReadPrefix(std::string_view text) {
  if (const auto host = exporter::ParseAddress(text)) return Prefix::Of(*host);
  return exporter::ParsePrefix(text);
}

/// Takes what is read, and keeps what is wrong with it.
class Filler {
 public:
  Filler(const std::string& path, const Limits& limits, FileContext& context)
      : path_(path), limits_(limits), context_(context) {}

  void Report(std::size_t line, const std::string& what, const std::string& allowed) {
    if (IsFull()) return;
    problems_.push_back(path_ + ":" + std::to_string(line) + ": " + what + "; " + allowed);
  }
  bool IsGood() const { return problems_.empty(); }
  bool IsFull() const { return problems_.size() >= kMaxProblems; }

  bool CheckName(std::size_t line, std::string_view name) {
    if (IsAttributeName(name) && name != kPrefixColumn) return true;
    Report(line, Shown(name) + " is no name of an attribute", std::string(kAllowedNames) + ", not 'prefix'");
    return false;
  }

  std::optional<Prefix> ReadPrefixOf(std::size_t line, std::string_view text) {
    auto prefix = ReadPrefix(text);
    if (!prefix) Report(line, "prefix " + Shown(text) + " can't be read", kAllowedPrefixes);
    return prefix;
  }

  void Add(std::size_t line, const Prefix& prefix, std::string_view name, std::string_view value) {
    std::string wrong = WhyNoValue(value, limits_);
    if (wrong.empty()) wrong = context_.Add(prefix, name, value, limits_);
    if (wrong.empty()) return;
    Report(line, std::string(name) + " " + Shown(value) + " of " + exporter::ToText(prefix) + " " + wrong,
           "text of 1 to " + std::to_string(limits_.value_bytes) +
               " bytes, each attribute once, and no more than context.hosts, .attributes and .memory");
  }

  std::vector<std::string> Take() { return std::move(problems_); }

 private:
  const std::string& path_;
  const Limits& limits_;
  FileContext& context_;
  std::vector<std::string> problems_;
};

/// A text that is read character by character, and the line of the next one.
class TextCursor {
 protected:
  explicit TextCursor(std::string_view text) : rest_(text) {}

  char Take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == '\n') ++line_;
    return c;
  }

  std::string_view rest_;
  std::size_t line_ = 1;
};

/// Cuts CSV into records of fields, and counts lines.
class CsvReader : TextCursor {
 public:
  explicit CsvReader(std::string_view text) : TextCursor(text) {}

  /// False at the end. `line`: where it begins. `is_open`: a quotation mark is missing.
  bool Next(std::vector<std::string>& fields, std::size_t& line, bool& is_open) {
    fields.assign(1, {});
    line = line_;
    is_open = false;
    if (rest_.empty()) return false;
    while (!rest_.empty()) {
      const char c = Take();
      if (c == '"' && fields.back().empty()) {
        is_open = !TakeQuoted(fields.back());
      } else if (c == ',') {
        fields.emplace_back();
      } else if (c == '\n') {
        break;
      } else if (c != '\r' || (!rest_.empty() && rest_.front() != '\n')) {
        fields.back() += c;
      }
    }
    return true;
  }

 private:
  bool TakeQuoted(std::string& field) {
    while (!rest_.empty()) {
      const char c = Take();
      if (c == '"') {
        if (rest_.empty() || rest_.front() != '"') return true;
        Take();
      }
      field += c;
    }
    return false;
  }
};

bool IsBlank(const std::vector<std::string>& fields) {
  return fields.size() == 1 && fields[0].empty();
}

bool CheckColumns(const std::vector<std::string>& columns, std::size_t line, Filler& filler) {
  if (columns.front() != kPrefixColumn) {
    filler.Report(line, "the first column is " + Shown(columns.front()),
                  "a first line prefix,NAME,… of column names");
    return false;
  }
  for (std::size_t i = 1; i < columns.size(); ++i) {
    if (!filler.CheckName(line, columns[i])) return false;
    if (std::find(columns.begin(), columns.begin() + static_cast<std::ptrdiff_t>(i), columns[i]) ==
        columns.begin() + static_cast<std::ptrdiff_t>(i))
      continue;
    filler.Report(line, "column " + Shown(columns[i]) + " is there twice", "each once");
    return false;
  }
  return true;
}

namespace dom = simdjson::dom;

void AddObject(const dom::element& element, std::size_t line, Filler& filler) {
  dom::object object;
  std::string_view text;
  if (element.get_object().get(object) != simdjson::SUCCESS) {
    filler.Report(line, "an item is no object", kAllowedJson);
    return;
  }
  if (object.at_key(kPrefixColumn).get_string().get(text) != simdjson::SUCCESS) {
    filler.Report(line, "an object has no text 'prefix'", kAllowedPrefixes);
    return;
  }
  const auto prefix = filler.ReadPrefixOf(line, text);
  if (!prefix) return;
  bool has_prefix = false;
  for (const auto [name, value] : object) {
    if (name == kPrefixColumn && !std::exchange(has_prefix, true)) continue;
    if (!filler.CheckName(line, name)) return;
    if (value.get_string().get(text) != simdjson::SUCCESS) {
      filler.Report(line, "attribute " + Shown(name) + " is no text", "text, in quotation marks");
      return;
    }
    filler.Add(line, *prefix, name, text);
  }
}

/// The items of an array with the lines where they begin: simdjson says no lines. What is not JSON is cut
/// somewhere.
class ItemCutter : TextCursor {
 public:
  explicit ItemCutter(std::string_view text) : TextCursor(text) {}

  /// False at the end.
  bool Next(std::string_view& item) {
    const char* begin = nullptr;
    while (!rest_.empty()) {
      const char* const place = rest_.data();
      const char c = Take();
      if (c == '"') SkipText();
      if (c == '[' || c == '{') ++depth_;
      if (c == ']' || c == '}') --depth_;
      const bool is_opening = c == '[' && depth_ == 1;
      if (depth_ == 0 || (depth_ == 1 && c == ',')) {
        if (begin == nullptr) continue;
        item = {begin, static_cast<std::size_t>(place - begin)};
        return true;
      }
      if (begin != nullptr || is_opening || c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
      begin = place;
      item_line_ = line_;
    }
    item = {begin, begin == nullptr ? 0 : static_cast<std::size_t>(rest_.data() - begin)};
    return begin != nullptr;
  }
  std::size_t item_line() const { return item_line_; }
  std::size_t line() const { return line_; }

 private:
  void SkipText() {
    while (!rest_.empty()) {
      const char c = Take();
      if (c == '"') return;
      if (c == '\\' && !rest_.empty()) Take();
    }
  }

  std::size_t item_line_ = 1;
  int depth_ = 0;
};

/// Where the first item is that is no JSON, else the end.
std::size_t LineOfError(std::string_view text) {
  dom::parser parser;
  ItemCutter cutter(text);
  std::string_view item;
  while (cutter.Next(item)) {
    if (parser.parse(item.data(), item.size()).error() != simdjson::SUCCESS) return cutter.item_line();
  }
  return cutter.line();
}

}  // namespace

std::string_view KindOfFile(std::string_view path) noexcept {
  if (path.ends_with(".csv")) return "csv";
  if (path.ends_with(".json")) return "json";
  return {};
}

std::vector<std::string> ParseCsv(const std::string& path, std::string_view text, const Limits& limits,
                                  FileContext& context) {
  Filler filler(path, limits, context);
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  CsvReader reader(text);
  std::vector<std::string> columns;
  std::vector<std::string> fields;
  std::size_t line = 0;
  bool is_open = false;
  while (!filler.IsFull() && reader.Next(fields, line, is_open)) {
    if (is_open) filler.Report(line, "a quotation mark has no second one", "a pair around a field");
    if (is_open || IsBlank(fields)) continue;
    if (columns.empty()) {
      columns = fields;
      if (!CheckColumns(columns, line, filler)) break;
      continue;
    }
    if (fields.size() != columns.size()) {
      filler.Report(line, std::to_string(fields.size()) + " fields",
                    std::to_string(columns.size()) + " as in the first line");
      continue;
    }
    const auto prefix = filler.ReadPrefixOf(line, fields[0]);
    for (std::size_t i = 1; prefix && i < fields.size(); ++i) {
      if (!fields[i].empty()) filler.Add(line, *prefix, columns[i], fields[i]);
    }
  }
  if (columns.empty() && filler.IsGood())
    filler.Report(1, "is empty", "a first line prefix,NAME,… of column names");
  return filler.Take();
}

std::vector<std::string> ParseJson(const std::string& path, std::string_view text, const Limits& limits,
                                   FileContext& context) {
  Filler filler(path, limits, context);
  dom::parser parser;
  dom::element root;
  if (const auto error = parser.parse(text.data(), text.size()).get(root)) {
    filler.Report(LineOfError(text), std::string("is no good JSON: ") + simdjson::error_message(error),
                  kAllowedJson);
    return filler.Take();
  }
  dom::array array;
  if (root.get_array().get(array) != simdjson::SUCCESS) {
    filler.Report(1, "is no array", kAllowedJson);
    return filler.Take();
  }
  ItemCutter cutter(text);
  std::string_view item;
  for (const dom::element element : array) {
    cutter.Next(item);
    AddObject(element, cutter.item_line(), filler);
    if (filler.IsFull()) break;
  }
  return filler.Take();
}

std::vector<std::string> ReadContextFile(const std::string& path, const Limits& limits,
                                         FileContext& context) {
  errno = 0;
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const auto why = [] { return std::string(std::strerror(errno != 0 ? errno : EIO)); };
  if (!file.is_open()) return {path + ": can't be read: " + why()};
  const auto size = static_cast<std::int64_t>(file.tellg());
  if (size < 0 || static_cast<std::uint64_t>(size) > limits.bytes) {
    return {path + ": has " + std::to_string(size) + " bytes; up to context.memory, " +
            std::to_string(limits.bytes)};
  }
  std::string text(static_cast<std::size_t>(size), '\0');
  file.seekg(0);
  if (!file.read(text.data(), size)) return {path + ": can't be read: " + why()};
  return KindOfFile(path) == "json" ? ParseJson(path, text, limits, context)
                                    : ParseCsv(path, text, limits, context);
}

}  // namespace hostscope::context
