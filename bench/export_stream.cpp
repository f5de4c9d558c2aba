#include "bench/export_stream.h"

#include <memory>
#include <optional>
#include <tuple>

#include "app/config/text.h"
#include "app/generate/message_builder.h"
#include "app/generate/traffic.h"

namespace hostscope::bench {
namespace {

constexpr std::size_t kRecordBytes = 46;
constexpr std::size_t kRecordsPerDatagram = 31;
// 2026-01-01T00:00:00Z
constexpr ReceiveTime kStart{1'767'225'600 * kNanosecondsPerSecond};

app::GenerateOptions OptionsOf(const StreamOptions& options) {
  app::GenerateOptions generate;
  generate.hosts = options.hosts;
  generate.zipf = options.zipf;
  generate.ipv4_network = *app::ParsePrefix("10.0.0.0/8").value;
  generate.ipv6_network = *app::ParsePrefix("2001:db8::/32").value;
  generate.start = kStart;
  return generate;
}

}  // namespace

ExportStream::ExportStream(const StreamOptions& options) : records_(options.records) {
  const app::GenerateOptions generate = OptionsOf(options);
  app::Traffic traffic(generate);
  const std::unique_ptr<app::MessageBuilder> builder = app::MakeMessageBuilder(generate);
  bytes_.reserve(records_ * (kRecordBytes + 2));
  app::MessageContext context{.export_time = kStart, .with_templates = true};
  std::optional<app::SyntheticFlow> pending;
  for (std::uint64_t made = 0; made < records_;) {
    builder->Begin(context);
    for (std::size_t count = 0; made < records_ && count < kRecordsPerDatagram; ++count, ++made) {
      if (!pending) pending = traffic.Next();
      if (!options.both_roles) pending->destination.bytes[12] = 198;
      if (!builder->Add(*pending)) break;
      pending.reset();
    }
    const std::span<const std::uint8_t> message = builder->Finish();
    bytes_.insert(bytes_.end(), message.begin(), message.end());
    ends_.push_back(bytes_.size());
    context.sequence += builder->sequence_units();
    context.with_templates = false;
  }
}

const ExportStream& StreamOf(const StreamOptions& options) {
  static StreamOptions made_of;
  static std::unique_ptr<ExportStream> made;
  const auto key = [](const StreamOptions& o) {
    return std::tuple(o.hosts, o.zipf, o.both_roles, o.records);
  };
  if (made == nullptr || key(made_of) != key(options)) {
    made.reset();  // before the next one takes its memory
    made = std::make_unique<ExportStream>(options);
    made_of = options;
  }
  return *made;
}

}  // namespace hostscope::bench
