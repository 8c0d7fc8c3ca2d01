#include "base/folder.h"

#include <sys/stat.h>
#include <unistd.h>

namespace tamis {

std::optional<FolderId> folder_id(const std::filesystem::path& folder) {
  struct stat info {};
  if (::stat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return std::nullopt;
  return FolderId{info.st_dev, info.st_ino};
}

bool may_write_into(const std::filesystem::path& folder) {
  return ::access(folder.c_str(), W_OK | X_OK) == 0;
}

}  // namespace tamis
