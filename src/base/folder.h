#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <utility>

namespace tamis {

/// What a folder is, under whatever name it was reached.
using FolderId = std::pair<dev_t, ino_t>;

/// Absent where the path leads to no folder. Follows links. Thread safe.
std::optional<FolderId> folder_id(const std::filesystem::path& folder);

/// Whether this user may make files in the folder. Thread safe.
bool may_write_into(const std::filesystem::path& folder);

}  // namespace tamis
