#include "exporter/elastic/dead_letters.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "exporter/encoding/json_text.h"
#include "exporter/encoding/line_writer.h"

namespace hostscope::exporter {

class DeadLetters::File {
 public:
  explicit File(int fd) : fd_(fd), writer_(fd, never_) {
    struct stat state {};
    if (fstat(fd, &state) == 0) size_ = static_cast<std::uint64_t>(state.st_size);
  }
  ~File() { close(fd_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  std::uint64_t size() const noexcept { return size_; }
  std::string Write(std::string_view line) {
    std::string problem;
    size_ += writer_.Write(line, problem);
    return problem;
  }

 private:
  int fd_;
  std::atomic<bool> never_{false};
  LineWriter writer_;
  std::uint64_t size_ = 0;
};

DeadLetters::DeadLetters(const DeadLetterOptions& options) : options_(options) {}
DeadLetters::~DeadLetters() = default;

std::unique_ptr<DeadLetters> DeadLetters::Open(const DeadLetterOptions& options, std::string& problem) {
  std::unique_ptr<DeadLetters> letters(new DeadLetters(options));
  if (options.path.empty()) return letters;
  constexpr mode_t kMode = 0640;
  const int fd = open(options.path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, kMode);
  if (fd < 0) {
    problem = options.path + ": " + std::generic_category().message(errno);
    return nullptr;
  }
  letters->file_ = std::make_unique<File>(fd);
  return letters;
}

std::string DeadLetters::Add(const DeadLetter& letter) {
  if (file_ == nullptr) return {};
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  std::array<char, kTimeText> time;
  FormatTime(ReceiveTime{std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()}, time.data());
  std::string line = "{\"@timestamp\":\"";
  line.append(time.data(), time.size())
      .append("\",\"data_stream\":")
      .append(JsonString(letter.data_stream))
      .append(",\"_id\":")
      .append(JsonString(letter.id))
      .append(",\"status\":")
      .append(std::to_string(letter.status))
      .append(",\"reason\":")
      .append(JsonString(letter.reason))
      .append(",\"document\":")
      .append(letter.document)
      .append("}\n");
  if (file_->size() + line.size() > options_.max_bytes) return options_.path + " is full";
  const std::string problem = file_->Write(line);
  return problem.empty() ? problem : options_.path + ": " + problem;
}

}  // namespace hostscope::exporter
