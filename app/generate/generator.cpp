#include "app/generate/generator.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <vector>

#include "app/generate/datagram_output.h"
#include "app/generate/message_builder.h"
#include "app/generate/truth.h"

namespace hostscope::app {
namespace {

using Clock = std::chrono::steady_clock;

ReceiveTime WallClock() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()};
}

struct Exporter {
  std::uint32_t sequence = 0;
  std::optional<ReceiveTime> templates_sent;
};

class Generator {
 public:
  Generator(const GenerateOptions& options, DatagramOutput& output)
      : options_(options),
        output_(output),
        traffic_(options),
        builder_(MakeMessageBuilder(options)),
        summary_(options),
        exporters_(options.exporters),
        per_turn_(DatagramsPerTurn(options)) {}

  std::string Run() {
    started_ = Clock::now();
    for (std::uint32_t exporter = 0; made_ < options_.records;
         exporter = (exporter + 1) % options_.exporters) {
      for (std::uint32_t i = 0; i < per_turn_ && made_ < options_.records; ++i) SendOne(exporter);
    }
    output_.Flush();
    if (!options_.truth_path.empty()) truth_.Write(options_.truth_path);
    return summary_.ToJson(std::chrono::duration<double>(Clock::now() - started_).count());
  }

 private:
  /// Exporters take turns of about a millisecond, so that a fast run asks the kernel once for many datagrams.
  static std::uint32_t DatagramsPerTurn(const GenerateOptions& options) {
    constexpr double kTypicalRecords = 30;
    constexpr std::uint32_t kMost = 32;
    if (options.records_per_second <= 0) return kMost;
    const double per_millisecond = options.records_per_second / kTypicalRecords / 1000;
    return static_cast<std::uint32_t>(std::clamp(per_millisecond, 1.0, static_cast<double>(kMost)));
  }

  void SendOne(std::uint32_t index) {
    Exporter& exporter = exporters_[index];
    MessageContext context;
    context.export_time = WaitForTurn();
    context.domain = index;
    context.sequence = exporter.sequence;
    context.with_templates =
        !exporter.templates_sent ||
        context.export_time.ns - exporter.templates_sent->ns >= options_.template_interval_ns;
    if (!exporter.templates_sent) summary_.AddExporter();
    if (context.with_templates) exporter.templates_sent = context.export_time;
    builder_->Begin(context);
    std::size_t count = 0;
    while (made_ < options_.records &&
           (options_.records_per_datagram == 0 || count < options_.records_per_datagram)) {
      if (!pending_) pending_ = traffic_.Next();
      if (!builder_->Add(*pending_)) break;
      summary_.AddFlow(*pending_);
      if (!options_.truth_path.empty()) truth_.AddFlow(*pending_);
      pending_.reset();
      ++made_;
      ++count;
    }
    const std::span<const std::uint8_t> message = builder_->Finish();
    exporter.sequence += builder_->sequence_units();
    summary_.AddDatagram(message.size());
    output_.Send(index, message, context.export_time);
  }

  /// When the next datagram is due: the time it has in a capture, or the time until which to wait.
  ReceiveTime WaitForTurn() {
    const double rate = options_.records_per_second;
    const double due_s = rate > 0 ? static_cast<double>(made_) / rate : 0;
    if (!output_.is_live()) return {options_.start.ns + static_cast<std::int64_t>(due_s * 1e9)};
    const auto due =
        started_ + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(due_s));
    if (due > Clock::now()) {
      output_.Flush();
      std::this_thread::sleep_until(due);
    }
    return WallClock();
  }

  const GenerateOptions& options_;
  DatagramOutput& output_;
  Traffic traffic_;
  std::unique_ptr<MessageBuilder> builder_;
  Summary summary_;
  Truth truth_;
  std::vector<Exporter> exporters_;
  std::uint32_t per_turn_;
  std::optional<SyntheticFlow> pending_;  // drawn, but the last datagram had no room for it
  std::uint64_t made_ = 0;
  Clock::time_point started_;
};

}  // namespace

std::string Generate(GenerateOptions options) {
  const std::unique_ptr<DatagramOutput> output =
      options.pcap_path.empty() ? MakeUdpOutput(options) : MakePcapOutput(options);
  if (output->is_live()) options.start = WallClock();
  Generator generator(options, *output);
  return generator.Run();
}

}  // namespace hostscope::app
