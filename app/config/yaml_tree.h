#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hostscope::app {

/// A YAML document with the line of everything in it. yaml-cpp's own tree forgets where keys stand and keeps
/// one of two equal keys; this one keeps both, in order.
struct YamlNode {
  enum class Kind : std::uint8_t { kNull, kScalar, kSequence, kMap };

  Kind kind = Kind::kNull;
  int line = 1;
  std::string text;             ///< kScalar
  std::vector<YamlNode> keys;   ///< kMap: keys[i] belongs to items[i]
  std::vector<YamlNode> items;  ///< kMap: values; kSequence: items
};

struct YamlError {
  int line = 0;  ///< 0: none
  std::string what;
};

/// Parses one document. Aliases, and a second document, are errors.
YamlError ParseYaml(std::string_view text, YamlNode& root);

}  // namespace hostscope::app
