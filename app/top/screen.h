#pragma once

#include <termios.h>

#include <chrono>
#include <cstddef>
#include <vector>

#include "app/top/view.h"

namespace hostscope::app {

/// The terminal at standard input and output, taken over as a whole and given back as it was. One at a time,
/// one thread.
class Screen {
 public:
  /// Throws std::runtime_error where there is no terminal.
  Screen();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  static bool IsThere() noexcept;

  ScreenSize size() const noexcept;
  void Show(const std::vector<ScreenLine>& lines) const;
  /// The next key within that time; 0: none. Control-C comes as a key.
  char WaitForKey(std::chrono::milliseconds time) const noexcept;

 private:
  termios before_{};
};

}  // namespace hostscope::app
