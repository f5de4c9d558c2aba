#include "app/doctor/system_view.h"

#include <sys/timex.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace hostscope::app {
namespace {

ClockState ReadClock() {
  timex state{};
  const int status = adjtimex(&state);  // modes 0: only reads
  return {status >= 0 && status != TIME_ERROR && (state.status & STA_UNSYNC) == 0, state.maxerror};
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\r";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

}  // namespace

SystemView::SystemView(std::string root) : clock(ReadClock), root_(std::move(root)) {}

std::optional<std::string> SystemView::Text(const std::string& path) const {
  std::ifstream file(root_ + path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) return std::nullopt;
  return std::string(Trimmed(text.str()));
}

std::optional<std::uint64_t> SystemView::Number(const std::string& path) const {
  const std::optional<std::string> text = Text(path);
  std::uint64_t number = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), number).ec != std::errc{})
    return std::nullopt;
  return number;
}

bool SystemView::Exists(const std::string& path) const {
  std::error_code ignored;
  return std::filesystem::exists(root_ + path, ignored);
}

std::string SystemView::LinkName(const std::string& path) const {
  std::error_code error;
  const std::filesystem::path target = std::filesystem::read_symlink(root_ + path, error);
  return error ? std::string() : target.filename().string();
}

std::vector<std::string> SystemView::Names(const std::string& path) const {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(root_ + path, error))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<unsigned> SystemView::CpuList(const std::string& path) const {
  return ParseCpuList(Text(path).value_or(""));
}

std::string SystemView::Field(const std::string& path, std::string_view name) const {
  std::istringstream lines(Text(path).value_or(""));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || Trimmed(std::string_view(line).substr(0, colon)) != name) continue;
    return std::string(Trimmed(std::string_view(line).substr(colon + 1)));
  }
  return {};
}

std::vector<unsigned> ParseCpuList(std::string_view text) {
  std::vector<unsigned> cpus;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    unsigned first = 0;
    auto parsed = std::from_chars(at, end, first);
    if (parsed.ec != std::errc{}) break;
    unsigned last = first;
    if (parsed.ptr < end && *parsed.ptr == '-') parsed = std::from_chars(parsed.ptr + 1, end, last);
    for (unsigned cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
    at = parsed.ptr + (parsed.ptr < end ? 1 : 0);
  }
  return cpus;
}

std::string ToCpuList(const std::vector<unsigned>& cpus) {
  std::string list;
  for (std::size_t i = 0; i < cpus.size();) {
    std::size_t last = i;
    while (last + 1 < cpus.size() && cpus[last + 1] == cpus[last] + 1) ++last;
    if (!list.empty()) list += ',';
    list.append(std::to_string(cpus[i]));
    if (last > i) list.append(1, '-').append(std::to_string(cpus[last]));
    i = last + 1;
  }
  return list;
}

}  // namespace hostscope::app
