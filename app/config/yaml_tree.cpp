#include "app/config/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <sstream>

namespace hostscope::app {
namespace {

int LineOf(const YAML::Mark& mark) {
  return mark.line + 1;
}

/// Builds the tree from the parser's events.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(YamlNode& root) : root_(root) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    YamlNode& node = Add(YamlNode::Kind::kNull, mark);
    // The mark of what is not there is that of what comes next, maybe many lines below.
    const bool is_value = !open_.empty() && open_.back()->items.size() == open_.back()->keys.size();
    if (is_value) node.line = open_.back()->keys.back().line;
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw YAML::ParserException(mark, "aliases are not supported");
  }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string& value) override {
    Add(YamlNode::Kind::kScalar, mark).text = value;
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    Open(YamlNode::Kind::kSequence, mark);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    Open(YamlNode::Kind::kMap, mark);
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  // Pointers into vectors that grow stay valid, because only the innermost open node grows.
  YamlNode& Add(YamlNode::Kind kind, const YAML::Mark& mark) {
    YamlNode& node = Place();
    node.kind = kind;
    node.line = LineOf(mark);
    return node;
  }

  void Open(YamlNode::Kind kind, const YAML::Mark& mark) { open_.push_back(&Add(kind, mark)); }

  YamlNode& Place() {
    if (open_.empty()) return root_;
    YamlNode& parent = *open_.back();
    const bool is_key = parent.kind == YamlNode::Kind::kMap && parent.keys.size() == parent.items.size();
    return is_key ? parent.keys.emplace_back() : parent.items.emplace_back();
  }

  YamlNode& root_;
  std::vector<YamlNode*> open_;
};

}  // namespace

YamlError ParseYaml(std::string_view text, YamlNode& root) {
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    TreeBuilder builder(root);
    if (!parser.HandleNextDocument(builder)) return {};
    YamlNode second;
    TreeBuilder second_builder(second);
    if (parser.HandleNextDocument(second_builder)) return {second.line, "a second document begins here"};
  } catch (const YAML::Exception& error) {
    return {error.mark.is_null() ? 1 : LineOf(error.mark), error.msg};
  }
  return {};
}

}  // namespace hostscope::app
