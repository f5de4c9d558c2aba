#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/config/value.h"

namespace hostscope::app {

struct Key {
  std::string_view name;
  std::string_view help;  ///< one or more sentences, shown above the key in a printed configuration
  bool is_required = false;
};

class KeyVisitor;
using Describe = std::function<void(KeyVisitor&)>;

/// A sequence of maps that all have the same keys.
struct SectionList {
  std::function<void()> clear;
  std::function<Describe()> append;  ///< adds an item, returns its keys
  std::function<std::size_t()> size;
  std::function<Describe(std::size_t)> at;
  std::function<void(KeyVisitor&)> example;  ///< shows an item that is in no list, filled in as people would
};

/// Is shown every key of the configuration, once: DescribeConfig() in config_keys.cpp is the only place that
/// knows names, help and bounds. Reading and printing are two visitors.
class KeyVisitor {
 public:
  virtual ~KeyVisitor() = default;
  virtual void One(const Key& key, const Value& value) = 0;
  virtual void Many(const Key& key, const ValueList& values) = 0;
  virtual void Section(const Key& key, const Describe& describe) = 0;
  virtual void Sections(const Key& key, const SectionList& sections) = 0;
  /// Any names with text values, neither of them known here.
  virtual void Names(const Key& key, std::map<std::string, std::string>& names) = 0;
};

/// `describe(visitor, item)` shows the keys of one item; a new one starts as a copy of `initial`, which must
/// outlive the visit, as must `example`.
template <typename T, typename DescribeItem>
SectionList SectionsOf(std::vector<T>& items, const T& initial, const T& example, DescribeItem describe) {
  const auto bind = [&items, describe](std::size_t i) -> Describe {
    return [&items, describe, i](KeyVisitor& visitor) { describe(visitor, items[i]); };
  };
  return {[&items] { items.clear(); },
          [&items, &initial, bind] {
            items.push_back(initial);
            return bind(items.size() - 1);
          },
          [&items] { return items.size(); }, bind,
          [&example, describe](KeyVisitor& visitor) {
            T item = example;
            describe(visitor, item);
          }};
}

}  // namespace hostscope::app
