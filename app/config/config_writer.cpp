#include "app/config/config_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <utility>
#include <vector>

#include "app/config/config_keys.h"

namespace hostscope::app {
namespace {

std::string DoubleQuoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      quoted += fmt::format("\\x{:02x}", byte);
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

/// Double-quoted where YAML could read something else into it.
std::string Quoted(const std::string& text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=-";
  const bool is_plain = !text.empty() && text.find_first_not_of(kPlain) == std::string::npos &&
                        text.front() != '-' && text.front() != ':' && text.back() != ':' && text != "null" &&
                        text != "Null" && text != "NULL";
  return is_plain ? text : DoubleQuoted(text);
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
      // Quotes keep commas and the colons of IPv6 from meaning anything inside of [ ].
      text_ += DoubleQuoted(item);
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
    text_ += "\n";
    if (sections.size() == 0) PutExample(sections);
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

  /// An item that is no more than a comment: without the "#" before "-" and before two spaces it would be
  /// one.
  void PutExample(const SectionList& sections) {
    std::string item = "-\n";
    Writer inner(item, 2);
    sections.example(inner);
    std::istringstream lines(item);
    for (std::string line; std::getline(lines, line);) text_ += fmt::format("{}  #{}\n", indent_, line);
  }

  void Begin(const Key& key) {
    if (indent_.empty()) text_ += '\n';
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

/// Text of each key of the first and second level, in order; the same keys whatever the values.
std::vector<std::pair<std::string, std::string>> KeysOf(const Config& config) {
  std::vector<std::pair<std::string, std::string>> keys;
  std::string section;
  std::istringstream lines(WriteConfig(config));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t indent = line.find_first_not_of(' ');
    if (indent == std::string::npos || line[indent] == '#') continue;
    const std::string name = line.substr(indent, line.find(':') - indent);
    if (indent == 0) keys.emplace_back(section = name, "");
    // Below that, and in lists, lines belong to the key above.
    if (indent == 2 && line[indent] != '-') keys.emplace_back(section + "." + name, "");
    keys.back().second += line + '\n';
  }
  return keys;
}

}  // namespace

std::string WriteConfig(const Config& config) {
  std::string text;
  Config copy = config;
  Writer writer(text, 0);
  DescribeConfig(writer, copy);
  return text;
}

std::string WriteExample() {
  return "# The configuration of Hostscope. Every key is here with its default; a file needs only those that "
         "differ.\n"
         "# Durations and sizes have units: 500ms, 10s, 5m, 1d; 64KiB, 256MiB, 4GiB. Lists that are empty "
         "show an item\n"
         "# behind \"#\": remove that sign, and no space, to have it. `hostscope check -c FILE` names every "
         "problem.\n" +
         WriteConfig({});
}

std::string ChangedKeys(const Config& before, const Config& after) {
  const auto old_keys = KeysOf(before);
  const auto new_keys = KeysOf(after);
  std::string changed;
  for (std::size_t i = 0; i < new_keys.size(); ++i) {
    if (old_keys[i] == new_keys[i]) continue;
    if (!changed.empty()) changed += ", ";
    changed += new_keys[i].first;
  }
  return changed;
}

}  // namespace hostscope::app
