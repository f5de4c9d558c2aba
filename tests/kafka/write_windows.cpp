// Writes windows of made hosts to Kafka, as the program does, and the same records to a file, for broker
// tests:
//
//   write_windows BROKERS HOSTS WINDOWS FILE [PROPERTY=VALUE…]
//
// PROPERTY is one of librdkafka's, or `secrets.` and one of those for a file with its value, or `schema` or
// `compression`.
// // Prints what was delivered so far, ten times a second, then the sink's status; exits with 0 if all was
// delivered.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "exporter/kafka/kafka_sink.h"
#include "exporter/ndjson_sink.h"
#include "exporter/sink_runner.h"
#include "tests/exporter/windows.h"

namespace hostscope::exporter {
namespace {

constexpr const char* kObserver = "broker-test";
constexpr std::chrono::milliseconds kTick{100};

int WriteWindows(const KafkaOptions& options, std::size_t hosts, std::int64_t windows,
                 const std::string& path) {
  const LogFunction log = [](std::string_view line) {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
  };
  OpenedSink kafka = OpenKafkaSink(options, log);
  OpenedSink file = OpenNdjsonSink({.path = path, .observer = kObserver});
  if (!kafka.problem.empty() || !file.problem.empty()) {
    std::fprintf(stderr, "%s %s\n", kafka.problem.c_str(), file.problem.c_str());
    return EXIT_FAILURE;
  }
  const auto count = static_cast<std::uint64_t>(windows);
  SinkRunner runner(std::move(kafka.sink), {.max_waiting = count}, log);
  for (std::int64_t i = 0; i < windows; ++i) {
    const auto window = std::make_shared<const ListedWindow>(ManyHosts(hosts, i));
    runner.Push(window);
    file.sink->Write(*window);
  }
  SinkRunnerStatus status = runner.status();
  while (status.written + status.failed < count) {
    std::printf("delivered %llu\n", static_cast<unsigned long long>(status.sink.delivered));
    std::fflush(stdout);
    std::this_thread::sleep_for(kTick);
    status = runner.status();
  }
  runner.Stop(std::chrono::seconds(10));
  const SinkStatus sink = runner.status().sink;
  std::printf("{\"delivered\":%llu,\"retried\":%llu,\"rejected\":%llu,\"dropped\":%llu,\"windows\":%llu}\n",
              static_cast<unsigned long long>(sink.delivered), static_cast<unsigned long long>(sink.retried),
              static_cast<unsigned long long>(sink.rejected), static_cast<unsigned long long>(sink.dropped),
              static_cast<unsigned long long>(sink.windows));
  return sink.windows == count ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace hostscope::exporter

int main(int argc, char** argv) {
  using namespace hostscope::exporter;
  if (argc < 5) {
    std::fprintf(stderr, "usage: write_windows BROKERS HOSTS WINDOWS FILE [PROPERTY=VALUE…]\n");
    return 2;
  }
  KafkaOptions options{.brokers = argv[1], .observer = kObserver};
  for (int i = 5; i < argc; ++i) {
    const std::string property = argv[i];
    const std::size_t equals = property.find('=');
    const std::string name = property.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : property.substr(equals + 1);
    constexpr std::string_view kSecrets = "secrets.";
    if (name == "schema") {
      options.schema = value == "stream4flow" ? Schema::kStream4Flow : Schema::kHostscope;
    } else if (name == "compression") {
      options.compression = value;
    } else if (name.starts_with(kSecrets)) {
      options.secrets[name.substr(kSecrets.size())] = value;
    } else {
      options.properties[name] = value;
    }
  }
  return WriteWindows(options, std::strtoull(argv[2], nullptr, 10), std::strtoll(argv[3], nullptr, 10),
                      argv[4]);
}
