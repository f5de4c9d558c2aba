#include "app/generate/message_builder.h"

#include "app/generate/netflow5_builder.h"
#include "app/generate/template_builder.h"

namespace hostscope::app {

std::unique_ptr<MessageBuilder> MakeMessageBuilder(const GenerateOptions& options) {
  if (options.format == ExportFormat::kNetflow5) return std::make_unique<Netflow5Builder>(options);
  return std::make_unique<TemplateBuilder>(options);
}

std::uint32_t UptimeMs(ReceiveTime start, ReceiveTime time) noexcept {
  constexpr std::int64_t kHourMs = 3'600'000;
  return static_cast<std::uint32_t>((time.ns - start.ns) / kNanosecondsPerMillisecond + kHourMs);
}

}  // namespace hostscope::app
