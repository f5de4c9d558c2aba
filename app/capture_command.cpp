#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "app/capture/pcapng.h"
#include "app/command_line.h"
#include "app/option_text.h"
#include "app/server_arguments.h"
#include "exporter/encoding/address_text.h"
#include "exporter/http/http_client.h"

namespace hostscope::app {
namespace {

struct CaptureArguments {
  ServerArguments server;
  std::string path;
  std::optional<Prefix> exporter;
  std::uint64_t seconds = 0;
  std::uint64_t frames = 0;
  std::uint64_t snap = 0;
};

std::atomic<bool> is_over{false};

Parsed<std::optional<Prefix>> ParseExporter(std::string_view text) {
  Parsed<Prefix> parsed = ParsePrefix(text);
  if (!parsed.value) return Parsed<std::optional<Prefix>>::Wrong(parsed.wrong);
  return {std::optional<std::optional<Prefix>>(*parsed.value), {}};
}

std::string PathOf(const CaptureArguments& arguments) {
  std::string path = "/api/v1/capture";
  const auto add = [&](const char* name, const std::string& value) {
    path += (path.find('?') == std::string::npos ? "?" : "&") + std::string(name) + "=" + value;
  };
  if (arguments.exporter) add("exporter", exporter::ToText(*arguments.exporter));
  if (arguments.seconds != 0) add("seconds", std::to_string(arguments.seconds));
  if (arguments.frames != 0) add("frames", std::to_string(arguments.frames));
  if (arguments.snap != 0) add("snap", std::to_string(arguments.snap));
  return path;
}

int RunCapture(const CaptureArguments& arguments) {
  const http::ClientOptions client = ClientOptionsOf(arguments.server);
  const bool is_pipe = arguments.path == "-";
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> owned(
      is_pipe ? nullptr : std::fopen(arguments.path.c_str(), "wb"),
      [](std::FILE* file) { return std::fclose(file); });
  std::FILE* const file = is_pipe ? stdout : owned.get();
  if (file == nullptr) throw std::runtime_error(arguments.path + ": " + std::strerror(errno));
  std::signal(SIGINT, [](int) { is_over.store(true); });
  std::signal(SIGTERM, [](int) { is_over.store(true); });

  PcapngCutter cutter;
  std::string problem;
  const auto write = [&](std::string_view blocks) {
    const bool is_written =
        std::fwrite(blocks.data(), 1, blocks.size(), file) == blocks.size() && std::fflush(file) == 0;
    if (!is_written) problem = arguments.path + ": " + std::strerror(errno);
    return is_written;
  };
  const auto take = [&](std::string_view piece) {
    if (cutter.Take(piece, write)) return true;
    if (problem.empty()) problem = arguments.server.url + ": what it sends is no capture";
    return false;
  };
  const http::ClientReply reply = http::GetStream(client, PathOf(arguments), take, is_over);
  if (problem.empty() && !reply.problem.empty()) problem = arguments.server.url + ": " + reply.problem;
  if (problem.empty() && reply.status != 0 && reply.status != 200)
    problem = arguments.server.url + ": " + std::to_string(reply.status) + ": " + reply.body;
  if (!problem.empty()) throw std::runtime_error(problem);
  std::fprintf(stderr, "%llu frames", static_cast<unsigned long long>(cutter.packets()));
  if (cutter.dropped() != 0)
    std::fprintf(stderr, "; %llu more came too fast", static_cast<unsigned long long>(cutter.dropped()));
  std::fputc('\n', stderr);
  return kExitSuccess;
}

}  // namespace

void AddCapture(CLI::App& root, Command& chosen) {
  auto arguments = std::make_shared<CaptureArguments>();
  CLI::App* command = root.add_subcommand(
      "capture",
      "Write the frames that a running appliance receives to a file, for tcpdump, Wireshark or replay.");
  AddServerUrl(*command, arguments->server);
  command->add_option("-o,--output", arguments->path, "File in pcapng format; \"-\" for standard output")
      ->type_name("FILE")
      ->required();
  AddParsed(*command, "--exporter", arguments->exporter, ParseExporter, "Only frames from this prefix")
      ->type_name("CIDR");
  command->add_option("--seconds", arguments->seconds, "End after so long")->check(CLI::Range(1, 86'400));
  command->add_option("--frames", arguments->frames, "End after so many")->check(CLI::PositiveNumber);
  command->add_option("--snap", arguments->snap, "Keep so many bytes of each frame")
      ->check(CLI::Range(1, 262'144));
  AddServerAccess(*command, arguments->server);
  command->footer(
      "SIGINT ends it. Frames that come faster than the file is written are left out, and counted.");
  command->callback([arguments, &chosen] { chosen = [arguments] { return RunCapture(*arguments); }; });
}

}  // namespace hostscope::app
