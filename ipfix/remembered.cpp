#include "ipfix/remembered.h"

#include <algorithm>
#include <functional>
#include <tuple>
#include <utility>

namespace hostscope::ipfix {
namespace {

auto KeyOf(const RememberedTemplate& one) noexcept {
  return std::tuple(one.notice.address, one.notice.port, one.notice.domain);
}
auto KeyOf(const RememberedRate& one) noexcept {
  return std::tuple(one.address, one.domain);
}

/// Items are in the order of their keys.
template <typename Item, typename Key>
std::span<const Item> Find(const std::vector<Item>& items, const Key& key) noexcept {
  struct ByKey {
    bool operator()(const Item& item, const Key& wanted) const noexcept { return KeyOf(item) < wanted; }
    bool operator()(const Key& wanted, const Item& item) const noexcept { return wanted < KeyOf(item); }
  };
  const auto [first, last] = std::equal_range(items.begin(), items.end(), key, ByKey{});
  return {first, last};
}

ReceiveTime ReceivedOf(const RememberedTemplate& one) noexcept {
  return one.notice.received;
}
ReceiveTime ReceivedOf(const RememberedRate& one) noexcept {
  return one.received;
}

template <typename Item>
void Sort(std::vector<Item>& items) {
  std::ranges::stable_sort(items, std::less<>(),
                           [](const Item& item) { return std::tuple(KeyOf(item), ReceivedOf(item)); });
}

}  // namespace

Remembered::Remembered(std::vector<RememberedTemplate> templates, std::vector<RememberedRate> rates)
    : templates_(std::move(templates)), rates_(std::move(rates)) {
  Sort(templates_);
  Sort(rates_);
}

std::span<const RememberedTemplate> Remembered::TemplatesOf(const Address& address, std::uint16_t port,
                                                            std::uint32_t domain) const noexcept {
  return Find(templates_, std::tuple(address, port, domain));
}

std::span<const RememberedRate> Remembered::RatesOf(const Address& address,
                                                    std::uint32_t domain) const noexcept {
  return Find(rates_, std::tuple(address, domain));
}

}  // namespace hostscope::ipfix
