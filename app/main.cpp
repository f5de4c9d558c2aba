#include <csignal>

#include "app/command_line.h"

int main(int argc, char** argv) {
  // A consumer that closes its end of a pipe is a write error with a message, not a silent death.
  std::signal(SIGPIPE, SIG_IGN);
  return hostscope::app::RunCommandLine(argc, argv);
}
