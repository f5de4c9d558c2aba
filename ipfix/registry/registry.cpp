#include "ipfix/registry/registry.h"

#include <algorithm>
#include <iterator>

namespace hostscope::ipfix {
namespace {

using Type = AbstractDataType;
using Semantics = DataTypeSemantics;

constexpr InformationElement kElements[] = {
#include "ipfix/registry/information_elements.inc"
};

constexpr std::uint64_t OrderOf(std::uint32_t enterprise, std::uint16_t id) noexcept {
  return std::uint64_t{enterprise} << 16 | id;
}
constexpr std::uint64_t OrderOf(const InformationElement& element) noexcept {
  return OrderOf(element.enterprise, element.id);
}

static_assert(std::ranges::adjacent_find(kElements, std::ranges::greater_equal{},
                                         [](const InformationElement& element) {
                                           return OrderOf(element);
                                         }) == std::end(kElements),
              "Find() needs the elements in ascending order, each once");

const InformationElement* FindForward(std::uint32_t enterprise, std::uint16_t id) noexcept {
  const std::uint64_t wanted = OrderOf(enterprise, id);
  const auto* found = std::ranges::lower_bound(
      kElements, wanted, {}, [](const InformationElement& element) { return OrderOf(element); });
  return found != std::end(kElements) && OrderOf(*found) == wanted ? found : nullptr;
}

}  // namespace

const InformationElement* Find(std::uint32_t enterprise, std::uint16_t id) noexcept {
  const bool is_cert_reverse = enterprise == kCertEnterprise && (id & kCertReverseBit) != 0;
  if (enterprise != kReverseEnterprise && !is_cert_reverse) return FindForward(enterprise, id);
  const InformationElement* forward =
      is_cert_reverse ? FindForward(enterprise, static_cast<std::uint16_t>(id & ~kCertReverseBit))
                      : FindForward(0, id);
  return forward != nullptr && forward->is_reversible ? forward : nullptr;
}

std::span<const InformationElement> AllElements() noexcept {
  return kElements;
}

}  // namespace hostscope::ipfix
