#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "exporter/context/attributes.h"
#include "ipfix/prefix.h"

namespace hostscope::context {

/// Attributes of hosts and prefixes as files have them. Once filled it is not changed: any thread reads.
class FileContext {
 public:
  /// Why it is refused, or an empty string: beyond the limits, or said already. `prefix` of full length: a
  /// host.
  std::string Add(const Prefix& prefix, std::string_view name, std::string_view value, const Limits& limits);

  /// For each attribute the value of the longest prefix around `prefix` that has one, added where `found` has
  /// none.
  void Find(const Prefix& prefix, Attributes& found) const;
  /// The same of an entry that is `prefix` itself.
  void FindExactly(const Prefix& prefix, Attributes& found) const;
  bool HasExactly(const Prefix& prefix, std::string_view name) const;
  /// One attribute of the longest prefix; null: there is none.
  const std::string* FindOne(const Prefix& prefix, std::string_view name) const;

  using Texts = std::map<std::string, std::string, std::less<>>;
  /// Every entry inside `within`, the longer ones first.
  void ForEach(const Prefix& within, const std::function<void(const Prefix&, const Texts&)>& visit) const;
  void ForEach(const std::function<void(const Prefix&, const Texts&)>& visit) const;

  std::size_t size() const noexcept { return size_; }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  /// Entries that are `prefix` or around it, longest first, until `visit` returns false.
  template <typename Visit>
  void ForEachAround(const Prefix& prefix, Visit visit) const;
  const Texts* EntryOf(const Prefix& prefix) const;

  // By the length of 16 bytes, longest first. IPv4 is 96 bits longer, and so no IPv6 prefix is around it but
  // ::/n, which Prefix::Contains() refuses.
  std::map<unsigned, std::map<Address, Texts>, std::greater<>> by_length_;
  std::size_t size_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace hostscope::context
