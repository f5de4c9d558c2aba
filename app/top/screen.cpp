#include "app/top/screen.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace hostscope::app {
namespace {

// ECMA-48: an alternate screen, so that what was there comes back; no cursor.
constexpr std::string_view kTakeOver = "\x1b[?1049h\x1b[?25l";
constexpr std::string_view kGiveBack = "\x1b[0m\x1b[?25h\x1b[?1049l";
constexpr std::string_view kHome = "\x1b[H";
constexpr std::string_view kHeading = "\x1b[7m";
constexpr std::string_view kPlain = "\x1b[0m";
constexpr std::string_view kClearRest = "\x1b[K";
constexpr std::string_view kClearBelow = "\x1b[J";

void Write(std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = write(STDOUT_FILENO, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

bool Screen::IsThere() noexcept {
  return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
}

Screen::Screen() {
  if (!IsThere() || tcgetattr(STDIN_FILENO, &before_) != 0)
    throw std::runtime_error("there is no terminal; --once prints what it would show");
  termios raw = before_;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
  tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  Write(kTakeOver);
}

Screen::~Screen() {
  Write(kGiveBack);
  tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

ScreenSize Screen::size() const noexcept {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

void Screen::Show(const std::vector<ScreenLine>& lines) const {
  std::string text(kHome);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i != 0) text += "\r\n";
    if (lines[i].is_heading) text += kHeading;
    text += lines[i].text;
    text += kPlain;
    // After the last column that would take its character away.
    if (lines[i].text.size() < size().columns) text += kClearRest;
  }
  if (lines.size() < size().rows) text += kClearBelow;
  Write(text);
}

char Screen::WaitForKey(std::chrono::milliseconds time) const noexcept {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  if (poll(&input, 1, static_cast<int>(time.count())) <= 0) return 0;
  char key = 0;
  constexpr char kEnd = 3;  // a terminal that is gone is the end, too
  return read(STDIN_FILENO, &key, 1) == 1 ? key : kEnd;
}

}  // namespace hostscope::app
