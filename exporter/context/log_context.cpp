#include "exporter/context/log_context.h"

#include <algorithm>
#include <utility>

namespace hostscope::context {
namespace {

void PutCount(Counts& counts, const std::string& key, std::size_t most) {
  auto found =
      std::find_if(counts.begin(), counts.end(), [&](const auto& count) { return count.first == key; });
  if (found == counts.end()) {
    // The one least told gives way, and what follows it starts where it was (Metwally's Space-Saving): a
    // count is never too low, and keys told often stay.
    if (counts.size() < std::max<std::size_t>(most, 1)) {
      counts.emplace_back(key, 0);
    } else {
      counts.back().first = key;
    }
    found = counts.end() - 1;
  }
  ++found->second;
  while (found != counts.begin() && (found - 1)->second < found->second) {
    std::iter_swap(found - 1, found);
    --found;
  }
}

template <typename Kind>
Kind& As(Value& value) {
  if (!std::holds_alternative<Kind>(value)) value = Kind();
  return std::get<Kind>(value);
}

void Put(Value& value, const AttributeMapping& mapping, const std::string& told) {
  switch (mapping.keep) {
    case Keep::kLast:
      value = told;
      return;
    case Keep::kCount:
      PutCount(As<Counts>(value), told, mapping.length);
      return;
    case Keep::kList: {
      Texts& texts = As<Texts>(value);
      texts.insert(texts.begin(), told);
      if (texts.size() > std::max<std::size_t>(mapping.length, 1)) texts.pop_back();
      return;
    }
  }
}

std::size_t CostOfValue(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return CostOf(*text);
  std::size_t cost = 0;
  if (const auto* counts = std::get_if<Counts>(&value)) {
    for (const auto& [key, count] : *counts) cost += CostOf(key);
  } else {
    for (const std::string& text : std::get<Texts>(value)) cost += CostOf(text);
  }
  return cost;
}

std::size_t CostOfAll(const Attributes& attributes) {
  std::size_t cost = kEntryBytes;
  for (const auto& [name, value] : attributes) cost += CostOf(name) + CostOfValue(value);
  return cost;
}

}  // namespace

LogOutcome LogContext::Apply(const LogMessage& message, std::int64_t now_ns) {
  const auto found = hosts_.find(message.host);
  const bool is_new = found == hosts_.end();
  if (is_new && hosts_.size() >= limits_.hosts) return LogOutcome::kHostsFull;
  Attributes changed = is_new ? Attributes() : found->second.attributes;
  for (const LogMessage::Told& told : message.told)
    Put(changed[told.mapping->name], *told.mapping, told.value);
  if (changed.size() > limits_.attributes) return LogOutcome::kAttributesFull;
  const std::size_t bytes = CostOfAll(changed);
  const std::size_t before = is_new ? 0 : found->second.bytes;
  if (bytes > before && bytes_ - before + bytes > limits_.bytes) return LogOutcome::kBytesFull;
  bytes_ = bytes_ - before + bytes;
  Host& host = is_new ? hosts_[message.host] : found->second;
  // A message of long ago, or that says so, does not let go of what was told since.
  const std::int64_t told_ns = is_new ? now_ns : std::max(now_ns, host.told_ns);
  host = {std::move(changed), told_ns, bytes};
  return LogOutcome::kApplied;
}

std::size_t LogContext::Forget(std::int64_t now_ns) {
  if (lifetime_ns_ == 0) return 0;
  return std::erase_if(hosts_, [&](const auto& host) {
    if (now_ns - host.second.told_ns <= lifetime_ns_) return false;
    bytes_ -= host.second.bytes;
    return true;
  });
}

const Attributes* LogContext::Find(const Address& host) const {
  const auto found = hosts_.find(host);
  return found == hosts_.end() ? nullptr : &found->second.attributes;
}

void LogContext::ForEach(const Prefix& within,
                         const std::function<void(const Address&, const Attributes&)>& visit) const {
  for (auto host = hosts_.lower_bound(within.network); host != hosts_.end(); ++host) {
    if (within.Contains(host->first)) {
      visit(host->first, host->second.attributes);
    } else if (within.IsIpv4() ||
               !host->first.IsIpv4()) {  // ::/0 has IPv4 in its middle, which is none of it
      return;
    }
  }
}

void LogContext::ForEach(const std::function<void(const Address&, const Attributes&)>& visit) const {
  for (const auto& [address, host] : hosts_) visit(address, host.attributes);
}

}  // namespace hostscope::context
