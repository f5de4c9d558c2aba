#include "app/config/config_reader.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>

#include "app/config/config_check.h"
#include "app/config/config_keys.h"
#include "app/config/yaml_tree.h"

namespace hostscope::app {
namespace {

using Kind = YamlNode::Kind;

/// Reads one map; its sections are read by readers of their own.
class MapReader final : public KeyVisitor {
 public:
  MapReader(const YamlNode& map, std::string path, KeyLines& lines, std::vector<Problem>& problems)
      : map_(map), path_(std::move(path)), lines_(lines), problems_(problems) {}

  void One(const Key& key, const Value& value) override {
    const YamlNode* node = Find(key);
    if (node != nullptr) Assign(*node, PathOf(key), value);
  }

  void Many(const Key& key, const ValueList& values) override {
    const YamlNode* node = Find(key);
    if (node == nullptr || !IsList(*node, PathOf(key), values.allowed)) return;
    values.clear();
    for (std::size_t i = 0; i < node->items.size(); ++i) {
      const std::string path = ItemPath(key, i);
      lines_[path] = node->items[i].line;
      Assign(node->items[i], path, values.append());
    }
  }

  void Section(const Key& key, const Describe& describe) override {
    const YamlNode* node = Find(key);
    if (node == nullptr) return;
    // A section that is named but empty still has its required keys missing, so it is read like any other.
    ReadMap(*node, PathOf(key), describe);
  }

  void Sections(const Key& key, const SectionList& sections) override {
    const YamlNode* node = Find(key);
    if (node == nullptr) return;
    sections.clear();
    if (node->kind == Kind::kNull) return;  // every item is commented out
    if (!IsList(*node, PathOf(key), "a list, each item with keys of its own")) return;
    for (std::size_t i = 0; i < node->items.size(); ++i) {
      const std::string path = ItemPath(key, i);
      lines_[path] = node->items[i].line;
      ReadMap(node->items[i], path, sections.append());
    }
  }

  void Names(const Key& key, std::map<std::string, std::string>& names) override {
    const YamlNode* node = Find(key);
    if (node == nullptr || !IsMap(*node, PathOf(key))) return;
    names.clear();
    for (std::size_t i = 0; i < node->keys.size(); ++i) {
      const std::string path = PathOf(key) + "." + node->keys[i].text;
      if (IsDuplicate(*node, i, path)) continue;
      lines_[path] = node->keys[i].line;
      Assign(node->items[i], path, Text(names[node->keys[i].text], "any text"));
    }
  }

  /// To be called once every key was shown: those that nobody asked for are errors.
  void Finish() {
    std::string allowed = "one of: ";
    for (std::size_t i = 0; i < known_.size(); ++i) allowed += (i > 0 ? ", " : "") + known_[i];
    for (std::size_t i = 0; i < map_.keys.size(); ++i) {
      const YamlNode& key = map_.keys[i];
      const std::string path = Join(key.text);
      if (std::find(known_.begin(), known_.end(), key.text) == known_.end()) {
        problems_.push_back({key.line, path, "is not a known key", allowed});
      } else {
        IsDuplicate(map_, i, path);
      }
    }
  }

  static void Read(const YamlNode& map, const std::string& path, const Describe& describe, KeyLines& lines,
                   std::vector<Problem>& problems) {
    MapReader reader(map, path, lines, problems);
    describe(reader);
    reader.Finish();
  }

 private:
  void ReadMap(const YamlNode& node, const std::string& path, const Describe& describe) {
    if (IsMap(node, path)) Read(node, path, describe, lines_, problems_);
  }

  const YamlNode* Find(const Key& key) {
    known_.emplace_back(key.name);
    for (std::size_t i = 0; i < map_.keys.size(); ++i) {
      if (map_.keys[i].kind != Kind::kScalar || map_.keys[i].text != key.name) continue;
      lines_[PathOf(key)] = map_.keys[i].line;
      return &map_.items[i];
    }
    if (key.is_required) problems_.push_back({map_.line, PathOf(key), "is missing", "it has no default"});
    return nullptr;
  }

  void Assign(const YamlNode& node, const std::string& path, const Value& value) {
    std::string wrong = "is not a single value";
    if (node.kind == Kind::kNull) wrong = "has no value";
    if (node.kind == Kind::kScalar) wrong = value.assign(node.text);
    if (!wrong.empty()) problems_.push_back({node.line, path, std::move(wrong), value.allowed});
  }

  bool IsList(const YamlNode& node, const std::string& path, const std::string& allowed) {
    if (node.kind == Kind::kSequence) return true;
    problems_.push_back({node.line, path, "is not a list", allowed});
    return false;
  }

  bool IsMap(const YamlNode& node, const std::string& path) {
    if (node.kind == Kind::kMap || node.kind == Kind::kNull) return true;
    problems_.push_back(
        {node.line, path, "has no keys of its own", "a section: `key: value` lines, indented"});
    return false;
  }

  bool IsDuplicate(const YamlNode& map, std::size_t index, const std::string& path) {
    for (std::size_t i = 0; i < index; ++i) {
      if (map.keys[i].text != map.keys[index].text) continue;
      problems_.push_back({map.keys[index].line, path, "is given twice",
                           "once; the first is on line " + std::to_string(map.keys[i].line)});
      return true;
    }
    return false;
  }

  std::string Join(std::string_view name) const {
    return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
  }
  std::string PathOf(const Key& key) const { return Join(key.name); }
  std::string ItemPath(const Key& key, std::size_t i) const {
    return PathOf(key) + "[" + std::to_string(i) + "]";
  }

  const YamlNode& map_;
  std::string path_;
  KeyLines& lines_;
  std::vector<Problem>& problems_;
  std::vector<std::string> known_;
};

}  // namespace

std::string FormatProblem(const std::string& file, const Problem& problem) {
  std::string text = file + ":";
  if (problem.line > 0) text += std::to_string(problem.line) + ":";
  if (!problem.key.empty()) text += " " + problem.key + ":";
  text += " " + problem.wrong;
  if (!problem.allowed.empty()) text += "; " + problem.allowed;
  return text;
}

LoadedConfig ParseConfig(std::string_view text) {
  LoadedConfig loaded;
  YamlNode root;
  if (const YamlError error = ParseYaml(text, root); !error.what.empty()) {
    loaded.problems.push_back({error.line, "yaml", error.what, "one YAML document without aliases"});
    return loaded;
  }
  KeyLines& lines = loaded.lines;
  if (root.kind == Kind::kScalar || root.kind == Kind::kSequence) {
    loaded.problems.push_back(
        {root.line, "yaml", "the document is not a map", "sections of `key: value` lines"});
    return loaded;
  }
  MapReader::Read(
      root, "", [&](KeyVisitor& visitor) { DescribeConfig(visitor, loaded.config); }, lines, loaded.problems);
  CheckConfig(loaded.config, lines, loaded.problems);
  std::stable_sort(loaded.problems.begin(), loaded.problems.end(),
                   [](const Problem& a, const Problem& b) { return a.line < b.line; });
  return loaded;
}

LoadedConfig LoadConfig(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text;
  std::array<char, 16384> part;
  // Opening a directory works; reading it is what fails, and sets badbit.
  while (file.read(part.data(), part.size()) || file.gcount() > 0) {
    text.append(part.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (!file.is_open() || file.bad()) {
    LoadedConfig unread;
    unread.problems.push_back(
        {0, "", std::string("can't be read: ") + std::strerror(errno != 0 ? errno : EIO), ""});
    return unread;
  }
  return ParseConfig(text);
}

}  // namespace hostscope::app
