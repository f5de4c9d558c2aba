#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exporter/context/file_context.h"

namespace hostscope::context {

/// Adds what a file says to `context`; `path` ends in .csv or .json. Returns its problems, of which there are
/// at most kMaxProblems, each as FILE:LINE: the value and what is wrong; what is allowed. With any of them
/// `context` is of no use.
///
/// CSV (RFC 4180): the first line names the columns, `prefix` first; fields in quotation marks may have
/// commas, doubled quotation marks and line ends; an empty field says nothing. JSON: an array of objects of
/// `prefix` and text attributes. `prefix` is an address, or a prefix without bits beyond its length.
std::vector<std::string> ReadContextFile(const std::string& path, const Limits& limits, FileContext& context);

inline constexpr std::size_t kMaxProblems = 20;

/// The same of text in memory; `path` is for messages.
std::vector<std::string> ParseCsv(const std::string& path, std::string_view text, const Limits& limits,
                                  FileContext& context);
std::vector<std::string> ParseJson(const std::string& path, std::string_view text, const Limits& limits,
                                   FileContext& context);

/// "csv", "json", or an empty string where the name ends in neither.
std::string_view KindOfFile(std::string_view path) noexcept;

}  // namespace hostscope::context
