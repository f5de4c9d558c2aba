#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace hostscope::exporter {

struct DeadLetterOptions {
  std::string path;                                    ///< empty: none are kept
  std::uint64_t max_bytes = std::uint64_t{256} << 20;  ///< of the file; beyond, they are only counted
};

struct DeadLetter {
  std::string_view data_stream;
  std::string_view id;
  std::string_view document;  ///< JSON
  int status = 0;
  std::string_view reason;
};

/// Documents that a server refused for good, for somebody to look at: a file of one JSON object a line,
///
///   {"@timestamp":"…","data_stream":"…","_id":"…","status":400,"reason":"…","document":{…}}
///
/// with the time of the refusal. It is appended to, and nobody but people shortens it. One thread.
class DeadLetters {
 public:
  /// Null, with the reason, where the file can't be opened.
  static std::unique_ptr<DeadLetters> Open(const DeadLetterOptions& options, std::string& problem);
  ~DeadLetters();
  DeadLetters(const DeadLetters&) = delete;
  DeadLetters& operator=(const DeadLetters&) = delete;

  /// Returns why it was not kept, or an empty string.
  std::string Add(const DeadLetter& letter);

 private:
  explicit DeadLetters(const DeadLetterOptions& options);
  class File;

  DeadLetterOptions options_;
  std::unique_ptr<File> file_;  // null: none are kept
};

}  // namespace hostscope::exporter
