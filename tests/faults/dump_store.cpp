// Writes every window of a store's history to standard output as NDJSON, in order; with the levels of network
// records that are the default ones:
//
//   dump_store STORE OBSERVER
//
// Exits with 1 where a file is not what was written.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "exporter/ndjson_sink.h"
#include "exporter/store/stored_window.h"

namespace hostscope::exporter {
namespace {

int Dump(const std::string& store, const std::string& observer) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(store + "/windows")) {
    if (entry.path().extension() == ".win") paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  const OpenedSink output =
      OpenNdjsonSink({.path = "-", .observer = observer, .networks = aggregator::NetworkLevels{}});
  for (const std::string& path : paths) {
    const OpenedWindow opened = StoredWindow::Open(path);
    std::string problem = opened.window == nullptr ? opened.problem : opened.window->Verify();
    if (problem.empty()) problem = output.sink->Write(*opened.window);
    if (problem.empty()) continue;
    std::fprintf(stderr, "%s: %s\n", path.c_str(), problem.c_str());
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace hostscope::exporter

int main(int argc, char** argv) {
  if (argc == 3) return hostscope::exporter::Dump(argv[1], argv[2]);
  std::fputs("usage: dump_store STORE OBSERVER\n", stderr);
  return 2;
}
