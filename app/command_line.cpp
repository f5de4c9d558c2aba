#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>

namespace hostscope::app {

int RunCommandLine(int argc, char** argv) {
  CLI::App root("A live record of every host, from NetFlow and IPFIX.", "hostscope");
  root.require_subcommand(1);
  root.set_version_flag("--version", "hostscope " HOSTSCOPE_VERSION);
  root.footer("Exit status: 0 success, 1 it failed, 2 wrong usage. `hostscope COMMAND --help` says more.");
  Command chosen;
  AddRun(root, chosen);
  AddReplay(root, chosen);
  AddCheck(root, chosen);
  AddGenerate(root, chosen);
  AddTop(root, chosen);
  AddCapture(root, chosen);
  AddDoctor(root, chosen);
  try {
    root.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and version come this way too, with status 0.
    return root.exit(error) == 0 ? kExitSuccess : kExitUsage;
  }
  try {
    return chosen();
  } catch (const std::exception& error) {
    std::cerr << "hostscope: " << error.what() << '\n';
    return kExitFailure;
  }
}

}  // namespace hostscope::app
