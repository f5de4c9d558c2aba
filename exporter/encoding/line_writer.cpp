#include "exporter/encoding/line_writer.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <system_error>

namespace hostscope::exporter {
namespace {

constexpr int kPollMs = 100;

std::string ErrorText(int error) {
  return std::generic_category().message(error);
}

// While it lives, writing to a pipe without reader or beyond a file size limit gives an error and no signal.
// Only this thread is concerned, so that the program's own handling of the two signals stays as it is.
class SignalShield {
 public:
  SignalShield() noexcept {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGPIPE);
    sigaddset(&signals_, SIGXFSZ);
    sigset_t pending;
    sigpending(&pending);
    had_pending_ = sigismember(&pending, SIGPIPE) == 1 || sigismember(&pending, SIGXFSZ) == 1;
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  }
  ~SignalShield() {
    const int error = errno;
    if (!had_pending_) {
      const timespec no_wait{};
      while (sigtimedwait(&signals_, nullptr, &no_wait) > 0) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = error;
  }
  SignalShield(const SignalShield&) = delete;
  SignalShield& operator=(const SignalShield&) = delete;

 private:
  sigset_t signals_;
  sigset_t before_;
  bool had_pending_ = false;
};

// The longest run of whole lines at the head of `lines` that a pipe takes at once; a longer line goes in
// parts.
std::size_t AtomicPiece(std::string_view lines) noexcept {
  if (lines.size() <= PIPE_BUF) return lines.size();
  const std::size_t end = lines.rfind('\n', PIPE_BUF - 1);
  return end == std::string_view::npos ? PIPE_BUF : end + 1;
}

// The null device, which takes everything at once.
bool IsNullDevice(const struct stat& status) noexcept {
  return S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
}

// Whether a file ends within a line: who wrote it was killed. `fd` may be open for writing only.
bool EndsWithinLine(int fd, off_t size) {
  char last = '\n';
  const int reader = open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDONLY | O_CLOEXEC);
  if (reader < 0) return false;
  const bool is_read = pread(reader, &last, 1, size - 1) == 1;
  close(reader);
  return is_read && last != '\n';
}

}  // namespace

LineWriter::LineWriter(int fd, const std::atomic<bool>& cancelled) : fd_(fd), cancelled_(cancelled) {
  struct stat status {};
  if (fstat(fd_, &status) != 0) return;
  is_regular_ = S_ISREG(status.st_mode);
  takes_all_ = is_regular_ || IsNullDevice(status);
  is_torn_ = is_regular_ && status.st_size > 0 && EndsWithinLine(fd_, status.st_size);
}

std::size_t LineWriter::Write(std::string_view lines, std::string& problem) {
  const SignalShield shield;
  if (is_torn_) {
    if (WriteBytes("\n", problem) == 0) return 0;
    is_torn_ = false;
  }
  const std::size_t written = WriteBytes(lines, problem);
  if (written == lines.size()) return written;
  const std::size_t last_end = written == 0 ? std::string_view::npos : lines.rfind('\n', written - 1);
  const std::size_t whole = last_end == std::string_view::npos ? 0 : last_end + 1;
  if (whole != written) RepairTornLine(written - whole);
  return whole;
}

std::size_t LineWriter::WriteBytes(std::string_view bytes, std::string& problem) noexcept {
  std::size_t written = 0;
  while (written < bytes.size()) {
    // A blocking pipe that polls as writable takes PIPE_BUF bytes without blocking, so Cancel() is always
    // heard.
    if (!takes_all_ && !WaitUntilWritable(problem)) break;
    const std::string_view rest = bytes.substr(written);
    const std::size_t piece = takes_all_ ? rest.size() : AtomicPiece(rest);
    const ssize_t count = write(fd_, rest.data(), piece);
    if (count >= 0) {
      written += static_cast<std::size_t>(count);
    } else if (errno != EINTR && errno != EAGAIN) {
      problem = ErrorText(errno);
      break;
    }
  }
  return written;
}

bool LineWriter::WaitUntilWritable(std::string& problem) noexcept {
  while (!cancelled_.load(std::memory_order_relaxed)) {
    pollfd waited{fd_, POLLOUT, 0};
    const int ready = poll(&waited, 1, kPollMs);
    if (ready > 0 || (ready < 0 && errno != EINTR)) return true;  // write() will say what is wrong
  }
  problem = "cancelled while the reader did not read";
  return false;
}

void LineWriter::RepairTornLine(std::size_t torn_bytes) noexcept {
  is_torn_ = true;
  struct stat status {};
  if (!is_regular_ || fstat(fd_, &status) != 0) return;
  const off_t end = lseek(fd_, 0, SEEK_CUR);
  if (end != status.st_size) return;  // another writer has appended since
  const off_t whole = end - static_cast<off_t>(torn_bytes);
  if (ftruncate(fd_, whole) == 0 && lseek(fd_, whole, SEEK_SET) == whole) is_torn_ = false;
}

std::string LineWriter::Sync() {
  if (!is_regular_ || fdatasync(fd_) == 0) return {};
  return ErrorText(errno);
}

}  // namespace hostscope::exporter
