#include "aggregator/mapped_memory.h"

#include <sys/mman.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace hostscope::aggregator {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

}  // namespace

MappedMemory::MappedMemory(std::size_t bytes) {
  if (bytes == 0) return;
  // Small regions stay on 4 KiB pages: a huge page under each would cost more memory than it saves misses.
  const bool is_huge = bytes >= kHugePage;
  const std::size_t unit = is_huge ? kHugePage : 4096;
  size_ = (bytes + unit - 1) / unit * unit;
  // The kernel backs only ranges that are aligned to a huge page with one; it aligns large anonymous maps
  // itself from Linux 6.7 on, before that the slack at both ends stays on small pages, which is good enough.
  void* at = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) {
    throw std::system_error(errno, std::generic_category(),
                            "can't reserve " + std::to_string(size_) + " bytes for the host table");
  }
  if (is_huge) madvise(at, size_, MADV_HUGEPAGE);  // A hint: without it everything works, slower.
  data_ = static_cast<std::byte*>(at);
}

MappedMemory::~MappedMemory() {
  if (data_ != nullptr) munmap(data_, size_);
}

}  // namespace hostscope::aggregator
