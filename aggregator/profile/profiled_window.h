#pragma once

#include "aggregator/closed_window.h"
#include "aggregator/profile/profile_store.h"

namespace hostscope::aggregator {

/// Compares a closed window with the profiles of its hosts, which then learn from it. The result is that
/// window with the deviation of each host in its record, and the events; it keeps the window. A window that
/// is partial, or that the store does not take in, comes back as it is. One pass over the hosts:
/// docs/profiles.md has what it costs. On the store's thread; the result is for any.
ClosedWindowPtr CompareWithProfiles(ProfileStore& profiles, ClosedWindowPtr window);

}  // namespace hostscope::aggregator
