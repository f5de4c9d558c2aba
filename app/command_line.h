#pragma once

#include <functional>

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
}

namespace hostscope::app {

/// Exit statuses of every command.
inline constexpr int kExitSuccess = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;

/// What the command line asks for; returns the exit status.
using Command = std::function<int()>;

/// Each adds one command to `root`. Parsing a command line that names it sets `chosen`.
void AddRun(CLI::App& root, Command& chosen);
void AddReplay(CLI::App& root, Command& chosen);
void AddCheck(CLI::App& root, Command& chosen);
void AddGenerate(CLI::App& root, Command& chosen);
void AddCapture(CLI::App& root, Command& chosen);
void AddTop(CLI::App& root, Command& chosen);
void AddDoctor(CLI::App& root, Command& chosen);

/// Reads the command line and runs the command that it names. Returns the exit status.
int RunCommandLine(int argc, char** argv);

}  // namespace hostscope::app
