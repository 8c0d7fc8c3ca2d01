#include "base/content.h"

#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

constexpr const char* kSchema = "tamis/content/1";

[[noreturn]] void damaged(const fs::path& folder, const std::string& what) {
  throw Error(ErrorCode::corrupt_data, "read " + folder.string() + ": " + what);
}

FolderContent load_content(const fs::path& folder) {
  try {
    const Json json = load_json(folder / kContentFile);
    if (json.at("schema") != kSchema) damaged(folder, "its list of files is of another kind");
    FolderContent content;
    for (const auto& [name, file] : json.at("files").items())
      content[name] = {file.at("bytes").get<std::uint64_t>(), file.at("hash").get<std::string>()};
    return content;
  } catch (const Json::exception&) {
    damaged(folder, "its list of files is damaged");
  } catch (const Error&) {
    damaged(folder, "its list of files is missing or damaged");
  }
}

}  // namespace

FileContent content_of(const fs::path& file) { return {fs::file_size(file), hash_file(file)}; }

Json to_json(const FolderContent& content) {
  Json json = Json::object();
  for (const auto& [name, file] : content)
    json[name] = {{"bytes", file.bytes}, {"hash", file.hash}};
  return json;
}

FolderContent save_content(const fs::path& folder) {
  FolderContent content;
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(folder, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error))
    if (it->is_regular_file() && it->path() != folder / kContentFile)
      content[it->path().lexically_relative(folder).string()] = content_of(it->path());
  if (error) throw Error(ErrorCode::io, "read " + folder.string() + ": " + error.message());
  save_json(folder / kContentFile, {{"schema", kSchema}, {"files", to_json(content)}});
  return content;
}

void remove_damaged(const fs::path& folder) {
  FolderContent content;
  try {
    content = load_content(folder);
  } catch (const Error&) {
    return;  // nothing is known of it
  }
  for (const auto& [name, kept] : content) {
    std::error_code error;
    const fs::path file = folder / name;
    if (!fs::is_regular_file(file, error)) continue;
    try {
      if (content_of(file) == kept) continue;
    } catch (const std::exception&) {
      continue;  // who reads it says why not
    }
    fs::remove(file, error);
    say(Severity::warning, file.string() + ": was changed after it was written; it is made again");
  }
}

FolderContent check_content(const fs::path& folder) {
  const FolderContent content = load_content(folder);
  for (const auto& [name, kept] : content) {
    std::error_code error;
    const std::uint64_t bytes = fs::file_size(folder / name, error);
    if (error) damaged(folder, name + " is missing");
    if (bytes != kept.bytes || hash_file(folder / name) != kept.hash)
      damaged(folder, name + " was changed after it was written");
  }
  return content;
}

}  // namespace tamis
