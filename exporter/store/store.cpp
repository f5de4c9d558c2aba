#include "exporter/store/store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "exporter/store/store_layout.h"
#include "exporter/store/store_recovery.h"
#include "exporter/store/window_catalog.h"
#include "exporter/store/window_writer.h"
#include "ipfix/counter.h"

namespace hostscope::exporter {
namespace {

using aggregator::ClosedWindow;

constexpr std::uint64_t kLeastRoom = std::uint64_t{1} << 20;
constexpr mode_t kLockMode = 0640;

bool IsDiskFull(const std::error_code& error) {
  return error == std::errc::no_space_on_device || error.value() == EDQUOT;
}

/// Counts that the writing thread and readers' threads may both add to.
using SharedCounter = std::atomic<std::uint64_t>;

}  // namespace

class Store::Impl {
 public:
  Impl(const StoreOptions& options, LogFunction log, FileSystem& fs)
      : options_(options),
        layout_{options.path},
        log_(std::move(log)),
        fs_(fs),
        retention_(options.retention) {}
  ~Impl() {
    if (lock_fd_ >= 0) close(lock_fd_);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  std::string Start();
  std::string Put(const ClosedWindow& window);
  void CancelPut() noexcept { is_cancelled_.store(true, std::memory_order_relaxed); }
  const WindowCatalog& catalog() const noexcept { return catalog_; }
  std::shared_ptr<const StoredWindow> Read(const WindowId& id);
  void SetAside(const WindowId& id, const std::string& problem);
  void SetRetention(std::map<std::int64_t, Retention> retention) {
    const std::lock_guard lock(retention_mutex_);
    retention_ = std::move(retention);
  }
  Spool& spool(std::size_t i) { return *spools_.at(i); }
  std::vector<const Spool*> spools() const;
  StoreStatus status() const;
  const std::string& path() const noexcept { return options_.path; }

 private:
  std::string Lock();
  WindowId NewId(const ClosedWindow& window) const;
  std::error_code TryToStore(const ClosedWindow& window, const WindowId& id, WrittenWindow& written);
  std::error_code WriteIncoming(const ClosedWindow& window, const WindowId& id, WrittenWindow& written);
  std::error_code LinkAndRename(const WindowId& id);
  void TakeBack(const WindowId& id);
  void Enter(const WindowId& id, const WrittenWindow& written);
  bool MakeRoom(std::uint64_t bytes);
  std::optional<WindowId> OldestUnsent() const;
  std::uint64_t Remove(const WindowId& id);
  void Expire(const WindowId& newest);
  std::string GiveFromMemory(const ClosedWindow& window, const WindowId& id, const std::error_code& why);
  Retention RetentionOf(std::int64_t length_ns) const;

  const StoreOptions options_;
  const StoreLayout layout_;
  const LogFunction log_;
  FileSystem& fs_;
  int lock_fd_ = -1;
  std::vector<std::unique_ptr<Spool>> spools_;
  std::set<WindowId> leftovers_;
  std::atomic<bool> is_cancelled_{false};

  mutable std::mutex retention_mutex_;
  std::map<std::int64_t, Retention> retention_;  // by window length

  std::set<std::int64_t> folders_;  // of windows/, that are surely there: lengths

  WindowCatalog catalog_;

  std::uint64_t torn_ = 0;  // what start-up found
  std::uint64_t finished_ = 0;
  Counter written_windows_;  // of the writing thread
  Counter written_rows_;
  Counter written_bytes_;
  Counter failures_;
  Counter given_from_memory_;
  Counter lost_windows_;
  Counter lost_rows_;
  Counter expired_;
  Counter removed_for_room_;
  SharedCounter damaged_{0};
};

std::string Store::Impl::Lock() {
  const std::string path = layout_.lock();
  lock_fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kLockMode);
  if (lock_fd_ < 0) return path + ": " + std::generic_category().message(errno);
  if (flock(lock_fd_, LOCK_EX | LOCK_NB) == 0) return {};
  return layout_.path + ": another program uses this store";
}

std::string Store::Impl::Start() {
  if (const auto error = fs_.MakeFolder(layout_.path)) return layout_.path + ": " + error.message();
  if (std::string problem = Lock(); !problem.empty()) return problem;
  RecoveredStore found = Recover(options_, layout_, fs_, log_);
  if (!found.problem.empty()) return found.problem;
  for (const auto& [id, bytes] : found.windows) catalog_.Add(id, bytes);
  spools_ = std::move(found.spools);
  leftovers_ = std::move(found.leftovers);
  torn_ = found.torn;
  finished_ = found.finished;
  for (const auto& [id, problem] : found.damaged) SetAside(id, problem);
  return {};
}

// ---- Writing

std::string Store::Impl::Put(const ClosedWindow& window) {
  const WindowId id = NewId(window);
  for (;;) {
    WrittenWindow written;
    const std::error_code error = TryToStore(window, id, written);
    if (!error) {
      Enter(id, written);
      Expire(id);
      return {};
    }
    failures_.Add(1);
    if (is_cancelled_.load(std::memory_order_relaxed)) return GiveFromMemory(window, id, error);
    // The last window of this length says how much is missing at least.
    const std::uint64_t room = std::max({written.bytes, catalog_.NewestBytes(id.span.length_ns), kLeastRoom});
    if (!IsDiskFull(error) || !MakeRoom(room)) return GiveFromMemory(window, id, error);
  }
}

WindowId Store::Impl::NewId(const ClosedWindow& window) const {
  WindowId id{window.span(), 0};
  const auto stay_behind = [&id](std::optional<unsigned> last) {
    if (last) id.part = std::max(id.part, *last + 1);
  };
  for (const auto& spool : spools_) stay_behind(spool->LastPart(id.span));
  for (const WindowId& leftover : leftovers_) {
    if (leftover.span == id.span) stay_behind(leftover.part);
  }
  stay_behind(catalog_.LastPart(id.span));
  return id;
}

std::error_code Store::Impl::TryToStore(const ClosedWindow& window, const WindowId& id,
                                        WrittenWindow& written) {
  std::error_code error = WriteIncoming(window, id, written);
  if (!error) error = LinkAndRename(id);
  if (error) TakeBack(id);
  return error;
}

std::error_code Store::Impl::WriteIncoming(const ClosedWindow& window, const WindowId& id,
                                           WrittenWindow& written) {
  int fd = -1;
  if (const auto error = fs_.Create(layout_.Incoming(id), fd)) return error;
  std::uint64_t bytes = 0;
  written = WriteWindow(
      window,
      [&](std::string_view piece) -> std::error_code {
        if (is_cancelled_.load(std::memory_order_relaxed))
          return std::make_error_code(std::errc::operation_canceled);
        bytes += piece.size();
        return fs_.Write(fd, piece);
      },
      options_.content);
  if (written.error) written.bytes = bytes;
  const std::error_code error = written.error ? written.error : fs_.SyncFile(fd);
  close(fd);
  return error;
}

std::error_code Store::Impl::LinkAndRename(const WindowId& id) {
  const std::string incoming = layout_.Incoming(id);
  for (const auto& spool : spools_) {
    if (!spool->is_fed()) continue;
    if (const auto error = fs_.Link(incoming, spool->PathOf(id))) return error;
    if (const auto error = fs_.SyncFolder(spool->folder())) return error;
  }
  const std::string folder = layout_.WindowsOf(id.span.length_ns);
  if (!folders_.contains(id.span.length_ns)) {
    if (const auto error = fs_.MakeFolder(folder)) return error;
    if (const auto error = fs_.SyncFolder(layout_.windows())) return error;
    folders_.insert(id.span.length_ns);
  }
  if (const auto error = fs_.Rename(incoming, layout_.Window(id))) return error;
  // It is there for all who look. Whether it would survive a power failure is another matter.
  if (const auto error = fs_.SyncFolder(folder)) log_(folder + ": " + error.message());
  return {};
}

// What is left of an attempt. Errors are of no use here: start-up finds what can't be removed now.
void Store::Impl::TakeBack(const WindowId& id) {
  for (const auto& spool : spools_) {
    if (spool->is_fed()) fs_.Remove(spool->PathOf(id));
  }
  fs_.Remove(layout_.Incoming(id));
}

void Store::Impl::Enter(const WindowId& id, const WrittenWindow& written) {
  catalog_.Add(id, written.bytes);
  written_windows_.Add(1);
  written_rows_.Add(written.rows);
  written_bytes_.Add(written.bytes);
  for (const auto& spool : spools_) {
    if (spool->is_fed())
      spool->Add({id, written.bytes, written.rows, written.networks, nullptr, written.events});
  }
}

// The window goes to the sinks in the form of its file, but in memory, which is a fraction of its host table.
std::string Store::Impl::GiveFromMemory(const ClosedWindow& window, const WindowId& id,
                                        const std::error_code& why) {
  std::string what = options_.path + ": " + Describe(id) + " was not stored: " + why.message();
  const int fd = memfd_create("hostscope-window", MFD_CLOEXEC);
  if (fd >= 0) {
    const auto output = [fd](std::string_view piece) { return RealFileSystem().Write(fd, piece); };
    const WrittenWindow written = WriteWindow(window, output, options_.content);
    OpenedWindow opened = StoredWindow::OpenDescriptor(fd);
    if (!written.error && opened.window != nullptr) {
      log_(what + "; sinks get it from memory");
      given_from_memory_.Add(1);
      for (const auto& spool : spools_) {
        if (spool->is_fed())
          spool->Add({id, written.bytes, written.rows, written.networks, opened.window, written.events});
      }
      return {};
    }
  }
  lost_windows_.Add(1);
  lost_rows_.Add(window.size());
  return what;
}

// ---- Removing

// False where there is nothing left to remove.
bool Store::Impl::MakeRoom(std::uint64_t bytes) {
  std::uint64_t freed = 0;
  bool has_removed = false;
  while (freed < bytes) {
    std::optional<WindowId> oldest = catalog_.Oldest([this](const WindowId& id) {
      return std::none_of(spools_.begin(), spools_.end(),
                          [&](const auto& spool) { return spool->Contains(id); });
    });
    if (!oldest) {
      oldest = OldestUnsent();
      if (!oldest) break;
      for (const auto& spool : spools_) spool->Drop(*oldest, "the disk is full");
    }
    freed += std::max<std::uint64_t>(Remove(*oldest), 1);
    removed_for_room_.Add(1);
    has_removed = true;
  }
  return has_removed;
}

std::optional<WindowId> Store::Impl::OldestUnsent() const {
  std::optional<WindowId> oldest;
  for (const auto& spool : spools_) {
    const std::optional<WindowId> id = spool->OldestIdle();
    if (id && (!oldest || *id < *oldest)) oldest = id;
  }
  return oldest;
}

// Its name in windows/. Returns its size.
std::uint64_t Store::Impl::Remove(const WindowId& id) {
  const std::optional<std::uint64_t> bytes = catalog_.Remove(id);
  if (!bytes) return 0;
  const std::error_code error = fs_.Remove(layout_.Window(id));
  if (error && error != std::errc::no_such_file_or_directory)
    log_(layout_.Window(id) + ": can't be removed: " + error.message());
  return *bytes;
}

Retention Store::Impl::RetentionOf(std::int64_t length_ns) const {
  const std::lock_guard lock(retention_mutex_);
  const auto found = retention_.find(length_ns);
  return found == retention_.end() ? options_.other_lengths : found->second;
}

// Age counts back from the window just stored, so that a clock that stands wrong at start removes nothing.
void Store::Impl::Expire(const WindowId& newest) {
  const std::vector<WindowId> expired =
      catalog_.Expired(newest, [this](std::int64_t length_ns) { return RetentionOf(length_ns); });
  for (const WindowId& id : expired) Remove(id);
  expired_.Add(expired.size());
}

void Store::Impl::SetAside(const WindowId& id, const std::string& problem) {
  catalog_.Remove(id);
  // The first name moves, the others go: a rename onto another link of the same file would do nothing.
  bool is_moved = !fs_.Rename(layout_.Window(id), layout_.Damaged(id));
  std::string unsent_by;
  for (const auto& spool : spools_) {
    if (!spool->Contains(id)) continue;
    const std::string link = spool->PathOf(id);
    if (is_moved) {
      fs_.Remove(link);
    } else {
      is_moved = !fs_.Rename(link, layout_.Damaged(id));
    }
    spool->Forget(id);
    unsent_by += (unsent_by.empty() ? "; not sent to " : ", ") + spool->name();
  }
  if (!is_moved) return;  // another thread was faster
  damaged_.fetch_add(1, std::memory_order_relaxed);
  log_(layout_.Damaged(id) + ": set aside: " + problem + unsent_by);
}

// ---- Reading

std::shared_ptr<const StoredWindow> Store::Impl::Read(const WindowId& id) {
  OpenedWindow opened = StoredWindow::Open(layout_.Window(id));
  if (opened.is_damaged) SetAside(id, opened.problem);
  return std::move(opened.window);
}

std::vector<const Spool*> Store::Impl::spools() const {
  std::vector<const Spool*> spools;
  for (const auto& spool : spools_) spools.push_back(spool.get());
  return spools;
}

StoreStatus Store::Impl::status() const {
  StoreStatus status;
  status.windows = catalog_.windows();
  status.bytes = catalog_.bytes();
  status.written_windows = written_windows_.Get();
  status.written_rows = written_rows_.Get();
  status.written_bytes = written_bytes_.Get();
  status.failures = failures_.Get();
  status.in_memory = given_from_memory_.Get();
  status.lost_windows = lost_windows_.Get();
  status.lost_rows = lost_rows_.Get();
  status.expired = expired_.Get();
  status.removed_for_room = removed_for_room_.Get();
  status.damaged = damaged_.load(std::memory_order_relaxed);
  status.torn = torn_;
  status.finished = finished_;
  return status;
}

// ---- The class itself

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

OpenedStore Store::Open(const StoreOptions& options, LogFunction log, FileSystem& fs) {
  if (!log) log = [](std::string_view) {};
  auto impl = std::make_unique<Impl>(options, std::move(log), fs);
  std::string problem = impl->Start();
  if (!problem.empty()) return {nullptr, "store " + problem};
  return {std::unique_ptr<Store>(new Store(std::move(impl))), {}};
}

std::string Store::Put(const ClosedWindow& window) {
  return impl_->Put(window);
}
void Store::CancelPut() noexcept {
  impl_->CancelPut();
}
std::vector<std::int64_t> Store::Lengths() const {
  return impl_->catalog().Lengths();
}
std::vector<WindowInfo> Store::List(std::int64_t length_ns, ReceiveTime from, ReceiveTime to) const {
  return impl_->catalog().List(length_ns, from, to);
}

std::optional<WindowId> Store::Newest(std::int64_t length_ns) const {
  return impl_->catalog().Newest(length_ns);
}
std::shared_ptr<const StoredWindow> Store::Read(const WindowId& id) {
  return impl_->Read(id);
}
void Store::SetAside(const WindowId& id, const std::string& problem) {
  impl_->SetAside(id, problem);
}
void Store::SetRetention(std::map<std::int64_t, Retention> retention) {
  impl_->SetRetention(std::move(retention));
}
Spool& Store::spool(std::size_t i) {
  return impl_->spool(i);
}
std::vector<const Spool*> Store::spools() const {
  return impl_->spools();
}
StoreStatus Store::status() const {
  return impl_->status();
}
const std::string& Store::path() const noexcept {
  return impl_->path();
}

}  // namespace hostscope::exporter
