#include "exporter/query/context_answers.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "exporter/encoding/address_text.h"
#include "exporter/encoding/json_text.h"
#include "exporter/query/api_text.h"
#include "exporter/store/columns.h"

namespace hostscope::exporter {
namespace {

using context::kNameAttribute;

constexpr unsigned kAddressBits = 128;
using Votes = std::map<std::string, std::size_t, std::less<>>;

Prefix CellPrefix(const Prefix& prefix, unsigned depth, std::uint32_t cell) {
  const unsigned length = prefix.length + depth;
  const Uint128 bits = length == 0 ? 0 : static_cast<Uint128>(cell) << (kAddressBits - length);
  return {AddressOf(NumberOf(prefix.network) | bits), static_cast<std::uint8_t>(length)};
}

std::string CellTexts(const context::Context& context, const std::string& name, const Prefix& prefix,
                      unsigned depth, const Tile& tile) {
  const unsigned shift = kAddressBits - prefix.length - depth;
  const auto mask = static_cast<std::uint32_t>((std::uint64_t{1} << depth) - 1);
  std::map<std::uint32_t, Votes> votes;
  context.ForEach(prefix, name, [&](const Prefix& entry, std::string_view text) {
    if (entry.length < prefix.length + depth) return;  // around cells, not in one
    const auto number =
        shift >= kAddressBits ? 0U : static_cast<std::uint32_t>(NumberOf(entry.network) >> shift) & mask;
    ++votes[number].try_emplace(std::string(text)).first->second;
  });
  std::string texts;
  AppendList(texts, tile.cells, [&](std::uint32_t cell) -> std::string {
    if (const auto found = votes.find(cell); found != votes.end()) {
      const auto best = std::max_element(found->second.begin(), found->second.end(),
                                         [](const auto& a, const auto& b) { return a.second < b.second; });
      return JsonString(best->first);
    }
    const std::optional<std::string> around = context.TextOf(CellPrefix(prefix, depth, cell), name);
    return around ? JsonString(*around) : "null";
  });
  return texts;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace

std::string ContextMember(const context::Context* context, const Prefix& prefix) {
  if (context == nullptr) return {};
  const context::Attributes known = context->Find(prefix);
  return known.empty() ? std::string() : Join(",\"context\":", context::JsonOf(known));
}

std::string NamesMember(const context::Context* context, const std::vector<TopHost>& hosts) {
  if (context == nullptr) return {};
  std::map<std::string, std::string> names;
  for (const TopHost& top : hosts) {
    if (top.record.other) continue;
    if (auto name = context->TextOf(Prefix::Of(top.record.host), kNameAttribute))
      names.emplace(ToText(top.record.host), *std::move(name));
  }
  if (names.empty()) return {};
  std::string text = ",\"names\":{";
  AppendList(text, names,
             [](const auto& each) { return Join(Quoted(each.first), ":", JsonString(each.second)); });
  return text + "}";
}

std::string AttributesMember(const context::Context* context, const std::vector<std::string>& names,
                             const Prefix& prefix, unsigned depth, const Tile& tile) {
  if (names.empty()) return {};
  std::string text = ",\"attributes\":{";
  AppendList(text, names, [&](const std::string& name) {
    std::string texts;
    if (context != nullptr) {
      texts = CellTexts(*context, name, prefix, depth, tile);
    } else {
      AppendList(texts, tile.cells, [](std::uint32_t) { return std::string("null"); });
    }
    return Join(JsonString(name), ":[", texts, "]");
  });
  return text + "}";
}

std::string AttributeList(const context::Context* context) {
  std::string list;
  if (context == nullptr) return list;
  AppendList(list, context->Names(), [](const auto& each) {
    return Join("{\"name\":", JsonString(each.first), ",\"entries\":", std::to_string(each.second), "}");
  });
  return list;
}

std::string ValueList(const context::Context* context, std::string_view name, std::size_t most,
                      std::size_t& others) {
  Votes votes;
  if (context != nullptr) {
    context->ForEach(std::nullopt, name, [&](const Prefix&, std::string_view text) {
      ++votes.try_emplace(std::string(text)).first->second;
    });
  }
  std::vector<std::pair<std::string_view, std::size_t>> values(votes.begin(), votes.end());
  std::stable_sort(values.begin(), values.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  others = values.size() - std::min(values.size(), most);
  values.resize(values.size() - others);
  std::string list;
  AppendList(list, values, [](const auto& each) {
    return Join("{\"value\":", JsonString(each.first), ",\"entries\":", std::to_string(each.second), "}");
  });
  return list;
}

std::string FoundByName(const context::Context* context, std::string_view text, std::size_t most) {
  const std::string wanted = Lower(text);
  using Found = std::tuple<int, Prefix, std::string>;  // the best first
  std::vector<Found> found;
  if (context != nullptr && !wanted.empty()) {
    context->ForEach(std::nullopt, kNameAttribute, [&](const Prefix& prefix, std::string_view name) {
      const std::size_t at = Lower(name).find(wanted);
      if (at == std::string::npos) return;
      const int rank = name.size() == wanted.size() ? 0 : at == 0 ? 1 : 2;
      found.emplace_back(rank, prefix, name);
      std::push_heap(found.begin(), found.end());
      if (found.size() <= most) return;
      std::pop_heap(found.begin(), found.end());
      found.pop_back();
    });
  }
  std::sort(found.begin(), found.end());
  std::string list;
  AppendList(list, found, [](const Found& each) {
    const auto& [rank, prefix, name] = each;
    const bool is_host = prefix == Prefix::Of(prefix.network);
    return Join("{\"prefix\":", Quoted(ToText(prefix)),
                is_host ? Join(",\"host\":", Quoted(ToText(prefix.network))) : std::string(),
                ",\"name\":", JsonString(name), "}");
  });
  return list;
}

}  // namespace hostscope::exporter
