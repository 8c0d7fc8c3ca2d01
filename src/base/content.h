#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "base/json.h"

namespace tamis {

/// A file by what is in it.
struct FileContent {
  std::uint64_t bytes = 0;
  std::string hash;  ///< hash_file()
  bool operator==(const FileContent&) const = default;
};
FileContent content_of(const std::filesystem::path& file);

/// The files of a folder by their names, "weights/a.bin" for those in folders of it.
using FolderContent = std::map<std::string, FileContent>;
Json to_json(const FolderContent& content);

/// Where a folder keeps what it holds, so that damage is found; not counted among its files.
inline constexpr const char* kContentFile = ".content.json";

/// Reads and hashes all files, and writes the list beside them. Throws io.
FolderContent save_content(const std::filesystem::path& folder);

/// The files as they were listed, each compared with what is there now. Throws corrupt_data, naming
/// the first that is missing or another; also where there is no list.
FolderContent check_content(const std::filesystem::path& folder);

/// Removes the listed files that are not as they were listed, and says so: for a folder that
/// another program fills and reads. Files that are not listed stay. Never throws.
void remove_damaged(const std::filesystem::path& folder);

}  // namespace tamis
