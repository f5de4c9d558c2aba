#include <algorithm>

#include "ipfix/record_reader.h"

// What the thread that keeps an exporter's books has to know at once of a set that another thread will read.
namespace hostscope::ipfix {
namespace {

void NoteSelectors(std::span<const std::uint64_t> selectors, SetSurvey& survey) noexcept {
  for (const std::uint64_t selector : selectors) {
    const auto known = survey.known_selectors();
    if (!known.empty() && known.back() == selector) continue;  // neighbours mostly name the same
    if (std::find(known.begin(), known.end(), selector) != known.end()) continue;
    if (known.size() == SetSurvey::kMaxSelectors) {
      survey.has_more_selectors = true;
      return;
    }
    survey.selectors[survey.selector_count++] = selector;
  }
}

}  // namespace

SetSurvey RecordReader::Survey(const Plan& plan, std::span<const std::uint8_t> body,
                               bool wants_selectors) noexcept {
  SetSurvey survey;
  body = WithoutPadding(plan, body);
  if (plan.is_fixed_length() && !wants_selectors) {
    survey.records = body.size() / plan.minimum_length;
    return survey;
  }
  const std::span<const ReadStep> steps = plan.all_steps();
  const auto selector = std::find_if(steps.begin(), steps.end(), [&](const ReadStep& step) {
    return wants_selectors && step.kind == ReadKind::kColumn && step.column == Column::kSelector;
  });
  while (!body.empty()) {
    bool is_malformed = false;
    const std::size_t rows = TakeChunk(plan, body, is_malformed);
    survey.records += rows + (is_malformed ? 1 : 0);
    if (rows == 0) break;
    if (selector == steps.end()) continue;
    std::uint64_t* const values = ColumnData(Column::kSelector);
    ReadNumbers(*selector, rows, values);
    NoteSelectors({values, rows}, survey);
  }
  return survey;
}

}  // namespace hostscope::ipfix
