#pragma once

#include "aggregator/profile/host_profile.h"

namespace hostscope::aggregator {

/// Makes `into` the profile of a host that both were learned of, each in other windows: what is learned is
/// weighted by the windows that it comes from. For the windows that both saw, each a part of the host's
/// flows, this is not right; such windows are to be merged first, which loses nothing.
void MergeProfiles(HostProfile& into, const HostProfile& from) noexcept;

}  // namespace hostscope::aggregator
