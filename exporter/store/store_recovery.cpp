#include "exporter/store/store_recovery.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <system_error>
#include <utility>

namespace hostscope::exporter {
namespace {

constexpr std::string_view kUnfinished = ".new";
constexpr std::size_t kMaxFolderName = 200;  // what file systems take is 255, and suffixes come

/// Names in a folder, sorted, without those that begin with a dot. An unreadable folder has none.
std::vector<std::string> NamesIn(const std::string& folder) {
  std::vector<std::string> names;
  DIR* const stream = opendir(folder.c_str());
  if (stream == nullptr) return names;
  while (const dirent* entry = readdir(stream)) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  closedir(stream);
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<WindowId> WindowsIn(const std::string& folder) {
  std::vector<WindowId> ids;
  for (const std::string& name : NamesIn(folder)) {
    if (const auto id = ParseFileName(name)) ids.push_back(*id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

bool IsFolder(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

std::uint64_t SizeOf(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

class Recovery {
 public:
  Recovery(const StoreOptions& options, const StoreLayout& layout, FileSystem& fs, const LogFunction& log)
      : options_(options), layout_(layout), fs_(fs), log_(log) {}

  RecoveredStore Run() {
    MakeFolders();
    if (!found_.problem.empty()) return std::move(found_);
    FinishIncoming();
    ListWindows();
    MakeSpools();
    if (found_.problem.empty()) LoadSpools();
    CheckNewest();
    return std::move(found_);
  }

 private:
  bool Check(const std::error_code& error, const std::string& path) {
    if (!error) return true;
    if (found_.problem.empty()) found_.problem = path + ": " + error.message();
    return false;
  }

  void MakeFolders() {
    for (const std::string& folder :
         {layout_.path, layout_.windows(), layout_.unsent(), layout_.incoming(), layout_.damaged()}) {
      if (!Check(fs_.MakeFolder(folder), folder)) return;
    }
    Check(fs_.SyncFolder(layout_.path), layout_.path);
  }

  void FinishIncoming();
  std::error_code Finish(const WindowId& id);
  void ListWindows();
  void MakeSpools();
  std::error_code MakeSpool(const std::string& folder);
  void RemoveFolder(const std::string& folder);
  void LoadSpools();
  void LoadSpool(Spool& spool);
  void CheckNewest();

  const StoreOptions& options_;
  const StoreLayout& layout_;
  FileSystem& fs_;
  const LogFunction& log_;
  RecoveredStore found_;
};

void Recovery::FinishIncoming() {
  for (const std::string& name : NamesIn(layout_.incoming())) {
    const std::string path = layout_.incoming() + "/" + name;
    const auto id = ParseFileName(name);
    std::string problem = "not a window's name";
    if (id) {
      const OpenedWindow opened = StoredWindow::Open(path);
      problem = opened.window == nullptr ? opened.problem : opened.window->Verify();
      if (problem.empty() && opened.window->span() != id->span) problem = "its name is of another window";
    }
    if (!problem.empty()) {
      log_(std::string(path).append(": unfinished, removed: ").append(problem));
      fs_.Remove(path);
      ++found_.torn;
    } else if (const std::error_code error = Finish(*id)) {
      log_(path + ": can't be brought to its place, stays: " + error.message());
      found_.leftovers.insert(*id);
    } else {
      ++found_.finished;
    }
  }
}

// The rest of the protocol, for a file that may not have been synced. Each step may have been taken before.
std::error_code Recovery::Finish(const WindowId& id) {
  const std::string path = layout_.Incoming(id);
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const auto unsynced_file = fs_.SyncFile(fd);
  if (fd >= 0) close(fd);
  if (unsynced_file) return unsynced_file;
  for (const std::string& sink : options_.sinks) {
    const std::string folder = layout_.SpoolOf(sink);
    if (!IsFolder(folder)) continue;
    const auto error = fs_.Link(path, folder + "/" + FileNameOf(id));
    if (error && error != std::errc::file_exists) return error;
    if (const auto unsynced = fs_.SyncFolder(folder)) return unsynced;
  }
  const std::string folder = layout_.WindowsOf(id.span.length_ns);
  if (const auto error = fs_.MakeFolder(folder)) return error;
  if (const auto error = fs_.Rename(path, layout_.Window(id))) return error;
  if (const auto error = fs_.SyncFolder(folder)) return error;
  return fs_.SyncFolder(layout_.windows());
}

void Recovery::ListWindows() {
  for (const std::string& name : NamesIn(layout_.windows())) {
    const std::string folder = layout_.windows() + "/" + name;
    for (const WindowId& id : WindowsIn(folder)) {
      if (std::to_string(id.span.length_ns) == name)
        found_.windows.emplace(id, SizeOf(folder + "/" + FileNameOf(id)));
    }
  }
}

void Recovery::MakeSpools() {
  for (const std::string& name : NamesIn(layout_.unsent())) {
    if (name.ends_with(kUnfinished)) RemoveFolder(layout_.unsent() + "/" + name);
  }
  for (const std::string& sink : options_.sinks) {
    const std::string folder = layout_.SpoolOf(sink);
    if (!IsFolder(folder) && !Check(MakeSpool(folder), folder)) return;
    found_.spools.push_back(std::make_unique<Spool>(sink, folder, options_.spool_bytes, true, fs_, log_));
  }
  for (const std::string& name : NamesIn(layout_.unsent())) {
    const std::string folder = layout_.unsent() + "/" + name;
    const bool is_known = std::any_of(found_.spools.begin(), found_.spools.end(),
                                      [&](const auto& spool) { return spool->folder() == folder; });
    if (is_known || !IsFolder(folder)) continue;
    found_.spools.push_back(std::make_unique<Spool>(name, folder, options_.spool_bytes, false, fs_, log_));
  }
}

// Under a name of its own until it is complete, so that a crash leaves no sink with a part of what it is to
// get.
std::error_code Recovery::MakeSpool(const std::string& folder) {
  const std::string unfinished = folder + std::string(kUnfinished);
  if (const auto error = fs_.MakeFolder(unfinished)) return error;
  if (options_.new_sinks_get_everything) {
    for (const auto& [id, bytes] : found_.windows) {
      if (const auto error = fs_.Link(layout_.Window(id), unfinished + "/" + FileNameOf(id))) return error;
    }
  }
  if (const auto error = fs_.SyncFolder(unfinished)) return error;
  if (const auto error = fs_.Rename(unfinished, folder)) return error;
  return fs_.SyncFolder(layout_.unsent());
}

void Recovery::RemoveFolder(const std::string& folder) {
  for (const std::string& name : NamesIn(folder)) fs_.Remove(std::string(folder).append("/").append(name));
  fs_.Remove(folder);
}

void Recovery::LoadSpools() {
  for (const auto& spool : found_.spools) {
    LoadSpool(*spool);
    const SpoolStatus status = spool->status();
    if (status.windows == 0) continue;
    log_(spool->name() + ": " + std::to_string(status.windows) + " windows unsent, " +
         std::to_string(status.rows) + " host records" +
         (spool->is_fed() ? "" : "; no such sink is configured, " + spool->folder() + " is kept"));
  }
}

void Recovery::LoadSpool(Spool& spool) {
  for (const WindowId& id : WindowsIn(spool.folder())) {
    const OpenedWindow opened = StoredWindow::Open(spool.PathOf(id));
    if (opened.is_damaged) found_.damaged.emplace(id, opened.problem);
    Unsent unsent{.id = id, .bytes = SizeOf(spool.PathOf(id))};
    if (opened.window != nullptr) {  // of a damaged one no record count is known
      unsent.rows = opened.window->size();
      unsent.networks = opened.window->network_counts();
      unsent.events = opened.window->CountEvents();
    }
    spool.Add(std::move(unsent));
  }
}

void Recovery::CheckNewest() {
  std::map<std::int64_t, std::size_t> checked;  // by length
  std::for_each(found_.windows.rbegin(), found_.windows.rend(), [&](const auto& window) {
    const WindowId& id = window.first;
    if (checked[id.span.length_ns]++ >= kCheckedAtStart) return;
    const OpenedWindow opened = StoredWindow::Open(layout_.Window(id));
    if (opened.is_damaged) found_.damaged.emplace(id, opened.problem);
  });
}

}  // namespace

std::string StoreLayout::FolderNameOf(std::string_view sink) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string name;
  for (const char c : sink) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = std::isalnum(byte) != 0 || c == '-' || c == '_' || (c == '.' && !name.empty());
    if (is_plain) {
      name += c;
    } else {
      name += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
    }
  }
  if (name.size() > kMaxFolderName) {
    const std::string whole = std::to_string(ChecksumOf(sink));
    name.resize(kMaxFolderName);
    name += '-' + whole;
  }
  // Else it would be taken for an unfinished folder.
  if (name.ends_with(kUnfinished)) name += '%';
  return name;
}

RecoveredStore Recover(const StoreOptions& options, const StoreLayout& layout, FileSystem& fs,
                       const LogFunction& log) {
  return Recovery(options, layout, fs, log).Run();
}

}  // namespace hostscope::exporter
