#include "app/state/state_file.h"

#include <unistd.h>

#include <stdexcept>

namespace hostscope::app {

void StateFile::MakeFolder() {
  if (const std::error_code error = files_.MakeFolder(folder_))
    throw std::runtime_error("state.path: " + folder_ + ": " + error.message());
}

std::string StateFile::Replace(const std::function<std::error_code(int fd)>& write) {
  const std::string unfinished = path_ + ".new";
  files_.Remove(unfinished);  // one that a crash left
  int fd = -1;
  if (const std::error_code error = files_.Create(unfinished, fd)) return error.message();
  std::error_code error = write(fd);
  if (!error) error = files_.SyncFile(fd);
  close(fd);
  if (!error) error = files_.Rename(unfinished, path_);
  if (!error) error = files_.SyncFolder(folder_);
  return error ? error.message() : std::string();
}

std::string StateFile::SetAside() {
  const std::string aside = path_ + ".damaged";
  const std::error_code error = files_.Rename(path_, aside);
  return error ? "it could not be set aside: " + error.message() : "it is now " + aside;
}

}  // namespace hostscope::app
