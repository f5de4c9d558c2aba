#include "app/config/config_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <utility>
#include <vector>

#include "app/config/config_keys.h"

namespace hostscope::app {
namespace {

/// Double-quoted where YAML could read something else into it.
std::string Quoted(const std::string& text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=-";
  const bool is_plain = !text.empty() && text.find_first_not_of(kPlain) == std::string::npos &&
                        text.front() != '-' && text.front() != ':' && text.back() != ':';
  if (is_plain) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (c == '\n') {
      quoted += "\\n";
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

class Writer final : public KeyVisitor {
 public:
  Writer(std::string& text, int indent) : text_(text), indent_(static_cast<std::size_t>(indent), ' ') {}

  void One(const Key& key, const Value& value) override {
    Begin(key);
    text_ += fmt::format(" {}\n", Quoted(value.write()));
  }

  void Many(const Key& key, const ValueList& values) override {
    Begin(key);
    text_ += " [";
    bool is_first = true;
    for (const std::string& item : values.write()) {
      if (!is_first) text_ += ", ";
      // A double quote keeps commas and the colons of IPv6 from meaning anything inside of [ ].
      text_ += fmt::format("\"{}\"", item);
      is_first = false;
    }
    text_ += "]\n";
  }

  void Section(const Key& key, const Describe& describe) override {
    Begin(key);
    text_ += "\n";
    Writer inner(text_, Indent() + 2);
    describe(inner);
  }

  void Sections(const Key& key, const SectionList& sections) override {
    Begin(key);
    text_ += sections.size() == 0 ? " []\n" : "\n";
    for (std::size_t i = 0; i < sections.size(); ++i) {
      text_ += indent_ + "  -\n";
      Writer inner(text_, Indent() + 4);
      sections.at(i)(inner);
    }
  }

  void Names(const Key& key, std::map<std::string, std::string>& names) override {
    Begin(key);
    text_ += names.empty() ? " {}\n" : "\n";
    for (const auto& [name, value] : names)
      text_ += fmt::format("{}  {}: {}\n", indent_, Quoted(name), Quoted(value));
  }

 private:
  int Indent() const { return static_cast<int>(indent_.size()); }

  void Begin(const Key& key) {
    std::string_view help = key.help;
    while (!help.empty()) {
      const std::size_t end = std::min(help.find('\n'), help.size());
      text_ += fmt::format("{}# {}\n", indent_, help.substr(0, end));
      help.remove_prefix(std::min(end + 1, help.size()));
    }
    text_ += fmt::format("{}{}:", indent_, key.name);
  }

  std::string& text_;
  std::string indent_;
};

/// Text of each top-level section, in order.
std::vector<std::pair<std::string, std::string>> SectionsOf(const Config& config) {
  std::vector<std::pair<std::string, std::string>> sections;
  std::istringstream lines(WriteConfig(config));
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    if (line.front() != ' ') sections.emplace_back(line.substr(0, line.find(':')), "");
    sections.back().second += line + '\n';
  }
  return sections;
}

}  // namespace

std::string WriteConfig(const Config& config) {
  std::string text;
  Config copy = config;
  Writer writer(text, 0);
  DescribeConfig(writer, copy);
  return text;
}

std::string ChangedSections(const Config& before, const Config& after) {
  const auto old_sections = SectionsOf(before);
  const auto new_sections = SectionsOf(after);
  std::string changed;
  for (std::size_t i = 0; i < new_sections.size(); ++i) {
    if (old_sections[i] == new_sections[i]) continue;
    if (!changed.empty()) changed += ", ";
    changed += new_sections[i].first;
  }
  return changed;
}

}  // namespace hostscope::app
