#include "exporter/context/file_context.h"

namespace hostscope::context {
namespace {

constexpr unsigned kMappedBits = 96;

// The prefix of `length` of 16 bytes around an address.
Prefix Around(const Address& address, bool is_ipv4, unsigned length) noexcept {
  return is_ipv4 ? Prefix::Ipv4(address.ipv4_bits(), length - kMappedBits) : Prefix::Ipv6(address, length);
}

}  // namespace

std::string FileContext::Add(const Prefix& prefix, std::string_view name, std::string_view value,
                             const Limits& limits) {
  auto& entries = by_length_[prefix.length];
  auto entry = entries.find(prefix.network);
  const bool is_new = entry == entries.end();
  const std::size_t cost = (is_new ? kEntryBytes : 0) + CostOf(name) + CostOf(value);
  if (is_new && size_ >= limits.hosts)
    return "is one host or prefix more than " + std::to_string(limits.hosts);
  if (bytes_ + cost > limits.bytes) return "would need more than " + std::to_string(limits.bytes) + " bytes";
  if (!is_new && entry->second.size() >= limits.attributes)
    return "is one attribute more than " + std::to_string(limits.attributes);
  if (!is_new && entry->second.contains(name)) return "is said already of this host or prefix";
  if (is_new) {
    entry = entries.emplace(prefix.network, Texts()).first;
    ++size_;
  }
  entry->second.emplace(name, value);
  bytes_ += cost;
  return {};
}

template <typename Visit>
void FileContext::ForEachAround(const Prefix& prefix, Visit visit) const {
  const bool is_ipv4 = prefix.IsIpv4();
  for (const auto& [length, entries] : by_length_) {
    if (length > prefix.length || (is_ipv4 && length < kMappedBits)) continue;
    const auto entry = entries.find(Around(prefix.network, is_ipv4, length).network);
    if (entry != entries.end() && !visit(entry->second)) return;
  }
}

void FileContext::Find(const Prefix& prefix, Attributes& found) const {
  ForEachAround(prefix, [&](const Texts& texts) {
    for (const auto& [name, text] : texts) found.emplace(name, text);
    return true;
  });
}

const FileContext::Texts* FileContext::EntryOf(const Prefix& prefix) const {
  const auto entries = by_length_.find(prefix.length);
  if (entries == by_length_.end()) return nullptr;
  const auto entry = entries->second.find(prefix.network);
  return entry == entries->second.end() ? nullptr : &entry->second;
}

void FileContext::FindExactly(const Prefix& prefix, Attributes& found) const {
  const Texts* texts = EntryOf(prefix);
  if (texts == nullptr) return;
  for (const auto& [name, text] : *texts) found.emplace(name, text);
}

bool FileContext::HasExactly(const Prefix& prefix, std::string_view name) const {
  const Texts* texts = EntryOf(prefix);
  return texts != nullptr && texts->contains(name);
}

const std::string* FileContext::FindOne(const Prefix& prefix, std::string_view name) const {
  const std::string* found = nullptr;
  ForEachAround(prefix, [&](const Texts& texts) {
    if (const auto text = texts.find(name); text != texts.end()) found = &text->second;
    return found == nullptr;
  });
  return found;
}

void FileContext::ForEach(const Prefix& within,
                          const std::function<void(const Prefix&, const Texts&)>& visit) const {
  for (const auto& [length, entries] : by_length_) {
    if (length < within.length) break;
    for (auto entry = entries.lower_bound(within.network); entry != entries.end(); ++entry) {
      const Prefix prefix{entry->first, static_cast<std::uint8_t>(length)};
      if (!within.Contains(entry->first)) {
        // ::/0 has IPv4 in its middle, which is none of it.
        if (!within.IsIpv4() && entry->first.IsIpv4()) continue;
        break;
      }
      visit(prefix, entry->second);
    }
  }
}

void FileContext::ForEach(const std::function<void(const Prefix&, const Texts&)>& visit) const {
  for (const auto& [length, entries] : by_length_) {
    for (const auto& [network, texts] : entries) visit({network, static_cast<std::uint8_t>(length)}, texts);
  }
}

}  // namespace hostscope::context
