#include "aggregator/hashing.h"

namespace hostscope::aggregator {
namespace {

std::array<Coupon, 65536> ComputeAll() noexcept {
  std::array<Coupon, 65536> coupons{};
  for (std::size_t port = 0; port < coupons.size(); ++port) {
    coupons[port] = ComputePortCoupon(static_cast<std::uint16_t>(port));
  }
  return coupons;
}

}  // namespace

const std::array<Coupon, 65536> kPortCoupons = ComputeAll();

}  // namespace hostscope::aggregator
