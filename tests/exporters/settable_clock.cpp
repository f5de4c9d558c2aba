// For LD_PRELOAD: CLOCK_REALTIME is ahead of the system's by as many nanoseconds as the file
// $CLOCK_OFFSET_FILE holds, 8 bytes in the machine's order, at every moment. Asks for no memory, since an
// allocator may ask for the time first.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

std::atomic<const std::atomic<std::int64_t>*> the_offset{nullptr};

const std::atomic<std::int64_t>* Offset() {
  if (const auto* known = the_offset.load(std::memory_order_acquire)) return known;
  const char* const path = std::getenv("CLOCK_OFFSET_FILE");
  const int file = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return nullptr;
  void* const memory = mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (memory == MAP_FAILED) return nullptr;
  const auto* const offset = static_cast<const std::atomic<std::int64_t>*>(memory);
  the_offset.store(offset, std::memory_order_release);
  return offset;
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const auto result = static_cast<int>(syscall(SYS_clock_gettime, clock, time));
  if (result != 0 || clock != CLOCK_REALTIME) return result;
  if (const auto* const offset = Offset()) {
    const std::int64_t now = time->tv_sec * kNanosecondsPerSecond + time->tv_nsec + offset->load();
    time->tv_sec = now / kNanosecondsPerSecond;
    time->tv_nsec = now % kNanosecondsPerSecond;
  }
  return 0;
}
