#include "app/doctor/doctor.h"

#include <algorithm>

#include "app/doctor/checks.h"
#include "exporter/encoding/json_text.h"

namespace hostscope::app {

Findings Examine(const Config& config, const SystemView& system) {
  Findings findings;
  CheckProcessor(system, findings);
  CheckCores(config, system, findings);
  CheckNuma(config, system, findings);
  CheckHugepages(config, system, findings);
  CheckLimits(config, system, findings);
  CheckPorts(config, system, findings);
  CheckClock(system, findings);
  CheckStore(config, findings);
  CheckSinks(config, findings);
  CheckHttp(config, findings);
  return findings;
}

bool HasFailure(const Findings& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.verdict == Verdict::kFail; });
}

std::string ToText(const Findings& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    switch (finding.verdict) {
      case Verdict::kOk:
        text += "ok    ";
        break;
      case Verdict::kWarn:
        text += "warn  ";
        break;
      case Verdict::kFail:
        text += "FAIL  ";
        break;
    }
    text += finding.check + ": " + finding.text + '\n';
    if (!finding.mend.empty()) text += "      mend: " + finding.mend + '\n';
  }
  return text;
}

std::string ToJson(const Findings& findings) {
  using exporter::JsonString;
  std::string json = HasFailure(findings) ? R"({"ok":false,"checks":[)" : R"({"ok":true,"checks":[)";
  for (const Finding& finding : findings) {
    if (json.back() != '[') json += ',';
    json += R"({"check":)" + JsonString(finding.check) + R"(,"verdict":)";
    switch (finding.verdict) {
      case Verdict::kOk:
        json += R"("ok")";
        break;
      case Verdict::kWarn:
        json += R"("warn")";
        break;
      case Verdict::kFail:
        json += R"("fail")";
        break;
    }
    json += R"(,"text":)" + JsonString(finding.text);
    if (!finding.mend.empty()) json += R"(,"mend":)" + JsonString(finding.mend);
    json += '}';
  }
  return json + "]}\n";
}

}  // namespace hostscope::app
