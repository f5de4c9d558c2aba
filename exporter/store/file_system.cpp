#include "exporter/store/file_system.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace hostscope::exporter {
namespace {

constexpr mode_t kFileMode = 0640;
constexpr mode_t kFolderMode = 0750;

std::error_code ErrorOf(bool is_good) noexcept {
  return is_good ? std::error_code() : std::error_code(errno, std::generic_category());
}

class SystemCalls final : public FileSystem {
 public:
  std::error_code Create(const std::string& path, int& fd) override {
    fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode);
    return ErrorOf(fd >= 0);
  }

  std::error_code Write(int fd, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = write(fd, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return ErrorOf(false);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  std::error_code SyncFile(int fd) override { return ErrorOf(fsync(fd) == 0); }
  std::error_code Link(const std::string& from, const std::string& to) override {
    return ErrorOf(link(from.c_str(), to.c_str()) == 0);
  }
  std::error_code Rename(const std::string& from, const std::string& to) override {
    return ErrorOf(std::rename(from.c_str(), to.c_str()) == 0);
  }
  std::error_code Remove(const std::string& path) override { return ErrorOf(std::remove(path.c_str()) == 0); }

  std::error_code SyncFolder(const std::string& path) override {
    const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return ErrorOf(false);
    const std::error_code error = ErrorOf(fsync(fd) == 0);
    close(fd);
    return error;
  }

  std::error_code MakeFolder(const std::string& path) override {
    return ErrorOf(mkdir(path.c_str(), kFolderMode) == 0 || errno == EEXIST);
  }
};

}  // namespace

FileSystem& RealFileSystem() {
  static SystemCalls system_calls;
  return system_calls;
}

}  // namespace hostscope::exporter
