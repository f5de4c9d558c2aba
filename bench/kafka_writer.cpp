// The program's side of bench/kafka-rate: writes one window again and again to a Kafka broker, as the sink
// does.
//
//     kafka_writer BROKERS json|protobuf HEADERS(0|1) COMPRESSION HOSTS WINDOWS
//
// The window has ten flow records a host by Zipf's law, as that of record_encoding_bench. The first time does
// not count: it makes topics and connections. Prints records, seconds, and CPU seconds of this process.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "exporter/kafka/kafka_sink.h"
#include "tests/exporter/sketched_window.h"

namespace hostscope::exporter {
namespace {

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int Run(const KafkaOptions& options, std::uint32_t hosts, int windows) {
  const SketchedWindow window(hosts);
  const OpenedSink opened = OpenKafkaSink(options, [](std::string_view line) {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
  });
  std::string problem = opened.problem;
  if (problem.empty()) problem = opened.sink->Write(window);
  std::puts("ready");
  std::fflush(stdout);
  if (std::getchar() == EOF) return EXIT_FAILURE;
  const double cpu = CpuSeconds();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < windows && problem.empty(); ++i) problem = opened.sink->Write(window);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  if (!problem.empty()) {
    std::fprintf(stderr, "%s\n", problem.c_str());
    return EXIT_FAILURE;
  }
  const std::uint64_t records = (window.size() + 1) * static_cast<std::uint64_t>(windows);
  std::printf("{\"records\":%llu,\"seconds\":%.6f,\"cpu_seconds\":%.6f}\n",
              static_cast<unsigned long long>(records), elapsed.count(), CpuSeconds() - cpu);
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace hostscope::exporter

int main(int argc, char** argv) {
  using namespace hostscope::exporter;
  if (argc != 7) {
    std::fputs("usage: kafka_writer BROKERS json|protobuf HEADERS(0|1) COMPRESSION HOSTS WINDOWS\n", stderr);
    return 2;
  }
  KafkaOptions options{.brokers = argv[1], .observer = "mon1"};
  options.format = std::string_view(argv[2]) == "protobuf" ? RecordFormat::kProtobuf : RecordFormat::kJson;
  options.headers = std::string_view(argv[3]) == "1";
  options.compression = argv[4];
  return Run(options, static_cast<std::uint32_t>(std::strtoul(argv[5], nullptr, 10)), std::atoi(argv[6]));
}
