#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "app/top/busy_hosts.h"
#include "app/top/scrape.h"

namespace hostscope::app {

struct ScreenLine {
  std::string text;         ///< ASCII, at most as wide as the screen
  bool is_heading = false;  ///< to be set apart
};

struct ScreenSize {
  std::size_t columns = 80;
  std::size_t rows = 24;  ///< 0: as many as there is something to say
};

/// What is on the screen: the state of an appliance in `now`, its rates since `before`, and who is busy.
/// `title` begins the first line. On a small screen the longest lists are cut, and say so.
std::vector<ScreenLine> MakeView(const Scrape& before, const Scrape& now, const BusyHosts& busy,
                                 const std::string& title, const ScreenSize& size);

/// Seconds between the books of two scrapes: workers write theirs down once a second, so it is not the time
/// between the scrapes. 0: they are the same books.
double SecondsBetween(const Scrape& before, const Scrape& now);

}  // namespace hostscope::app
