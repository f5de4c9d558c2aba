// What files and logs say of hosts: any bytes as a log message, as CSV and as JSON. A message that is not
// applied changes nothing, and what is held stays within its limits.
#include <algorithm>
#include <string>
#include <string_view>

#include "exporter/context/context_file.h"
#include "exporter/context/log_context.h"
#include "exporter/context/log_message.h"
#include "tests/fuzz/fuzz_target.h"

namespace hostscope::context {
namespace {

const TopicMapping kMapping{
    "logs",
    "client.ip",
    {},
    {{"name", "client.name"}, {"users", "user", Keep::kCount, 3}, {"at", "at", Keep::kList, 2}}};

Limits SmallLimits() {
  Limits limits;
  limits.hosts = 8;
  limits.attributes = 2;
  limits.value_bytes = 16;
  limits.bytes = 2048;
  return limits;
}

std::string TextOfAll(const LogContext& context) {
  std::string text;
  context.ForEach([&](const Address&, const Attributes& attributes) { text += JsonOf(attributes); });
  return text;
}

// Lines are messages, so that one input has several.
void TryMessages(std::string_view data) {
  LogMessageReader reader(SmallLimits());
  LogContext context(SmallLimits(), 0);
  LogMessage message;
  while (!data.empty()) {
    const std::size_t end = std::min(data.find('\n'), data.size());
    const std::string before = TextOfAll(context);
    LogOutcome outcome = reader.Read(data.substr(0, end), kMapping, message);
    if (outcome == LogOutcome::kApplied) outcome = context.Apply(message, 0);
    fuzz::Require(outcome == LogOutcome::kApplied || TextOfAll(context) == before,
                  "what is refused changes nothing", std::string(NameOf(outcome).name));
    fuzz::Require(context.size() <= SmallLimits().hosts && context.bytes() <= SmallLimits().bytes,
                  "limits hold");
    data.remove_prefix(std::min(end + 1, data.size()));
  }
}

void TryFiles(std::string_view data) {
  for (const auto parse : {&ParseCsv, &ParseJson}) {
    FileContext context;
    const auto problems = parse("file", data, SmallLimits(), context);
    fuzz::Require(problems.size() <= kMaxProblems, "problems are few");
    fuzz::Require(context.size() <= SmallLimits().hosts && context.bytes() <= SmallLimits().bytes,
                  "limits hold");
    for (const std::string& problem : problems)
      fuzz::Require(problem.starts_with("file:") && problem.find("; ") != std::string::npos,
                    "problems have a place", problem);
    std::size_t entries = 0;
    context.ForEach([&](const Prefix& prefix, const FileContext::Texts& texts) {
      ++entries;
      Attributes found;
      context.Find(prefix, found);
      for (const auto& [name, text] : texts)
        fuzz::Require(std::get<std::string>(found.at(name)) == text, "an entry is found", name);
    });
    fuzz::Require(entries == context.size(), "entries are counted");
  }
}

}  // namespace
}  // namespace hostscope::context

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  hostscope::context::TryMessages(text);
  hostscope::context::TryFiles(text);
  return 0;
}
