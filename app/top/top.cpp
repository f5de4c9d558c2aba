#include "app/top/top.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <iostream>
#include <optional>
#include <thread>
#include <utility>

#include "app/command_line.h"
#include "app/run/signals.h"
#include "app/top/screen.h"
#include "app/top/view.h"

namespace hostscope::app {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// How soon a key, a new size or a signal shows.
constexpr auto kReaction = 100ms;
constexpr char kControlC = 3;

/// What the appliance says, and why it says nothing.
struct Answer {
  std::optional<Scrape> scrape;
  std::string problem;
  BusyHosts busy;
};

Answer Ask(const TopOptions& options) {
  const http::ClientReply reply = http::Get(options.client, "/metrics");
  if (reply.status == 0) return {std::nullopt, reply.problem, {}};
  if (reply.status == 401) return {std::nullopt, "it wants a token (401); --token names a file with one", {}};
  if (reply.status != 200) return {std::nullopt, fmt::format("it answers with status {}", reply.status), {}};
  Scrape scrape = Scrape::Parse(reply.body);
  if (!scrape.Has("datagrams_received_total"))
    return {std::nullopt, "what answers there is not hostscope", {}};
  // Of an appliance without windows yet, or too loaded to look for hosts, the rest is shown.
  BusyHosts busy;
  const http::ClientReply status = http::Get(options.client, BusyHosts::kStatusPath);
  if (const std::string path = BusyHosts::PathAfter(status.body); !path.empty())
    busy = BusyHosts::Parse(http::Get(options.client, path).body).value_or(BusyHosts());
  return {std::move(scrape), {}, std::move(busy)};
}

std::string Title(const TopOptions& options) {
  std::tm local{};
  const std::time_t now = std::time(nullptr);
  localtime_r(&now, &local);
  return fmt::format("hostscope top  {}  {:%H:%M:%S}", options.url, local);
}

/// Two scrapes, and the rates between them.
class History {
 public:
  void Add(Answer answer) {
    problem_ = std::move(answer.problem);
    if (!answer.scrape) return;
    // Of a restarted appliance all is new.
    const bool is_same =
        now_ && answer.scrape->Sum("datagrams_received_total") >= now_->Sum("datagrams_received_total");
    if (is_same && SecondsBetween(*now_, *answer.scrape) <= 0) return;
    before_ = is_same ? std::move(now_) : answer.scrape;
    now_ = std::move(answer.scrape);
    busy_ = std::move(answer.busy);
  }

  std::vector<ScreenLine> View(const TopOptions& options, const ScreenSize& size) const {
    std::vector<ScreenLine> lines;
    if (!problem_.empty()) {
      std::string text = fmt::format("{}: {}", options.url, problem_);
      text.resize(std::min(text.size(), size.columns));
      lines.push_back({std::move(text)});
    }
    if (!now_) return lines;
    ScreenSize rest = size;
    if (rest.rows != 0) rest.rows -= std::min(rest.rows, lines.size());
    for (ScreenLine& line : MakeView(*before_, *now_, busy_, Title(options), rest))
      lines.push_back(std::move(line));
    return lines;
  }

 private:
  std::optional<Scrape> before_;
  std::optional<Scrape> now_;
  BusyHosts busy_;
  std::string problem_;
};

int PrintOnce(const TopOptions& options) {
  History history;
  for (int i = 0; i < 2; ++i) {
    if (i != 0) std::this_thread::sleep_for(options.interval);
    Answer answer = Ask(options);
    if (!answer.scrape) {
      std::cerr << "hostscope: " << options.url << ": " << answer.problem << '\n';
      return kExitFailure;
    }
    history.Add(std::move(answer));
  }
  for (const ScreenLine& line : history.View(options, {.columns = 80, .rows = 0}))
    std::cout << line.text << '\n';
  return std::cout.flush() ? kExitSuccess : kExitFailure;
}

int Watch(const TopOptions& options) {
  const Signals signals;
  const Screen screen;
  History history;
  Clock::time_point next = Clock::now();
  ScreenSize shown{0, 0};
  while (signals.Wait(0ms) == 0) {
    const ScreenSize size = screen.size();
    const bool is_due = Clock::now() >= next;
    if (is_due) {
      history.Add(Ask(options));
      next = Clock::now() + options.interval;
    }
    if (is_due || size.columns != shown.columns || size.rows != shown.rows) {
      screen.Show(history.View(options, size));
      shown = size;
    }
    const char key = screen.WaitForKey(kReaction);
    if (key == 'q' || key == kControlC) return kExitSuccess;
  }
  return kExitSuccess;
}

}  // namespace

int Top(const TopOptions& options) {
  return options.is_once ? PrintOnce(options) : Watch(options);
}

}  // namespace hostscope::app
