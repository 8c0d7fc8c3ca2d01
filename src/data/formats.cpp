#include "data/formats.h"

#include <algorithm>
#include <array>
#include <deque>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/folder.h"
#include "base/hash.h"
#include "base/printable.h"
#include "data/picture_header.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

struct SplitName {
  std::string_view folder;
  std::string_view split;
};
constexpr std::array kSplitNames{
    SplitName{"train", "train"}, SplitName{"val", "val"},        SplitName{"valid", "val"},
    SplitName{"test", "test"},   SplitName{"validation", "val"},
};
constexpr std::string_view kBlanks = " \t\r\n\v\f";

bool is_hidden(const fs::path& path) { return path.filename().string().rfind('.', 0) == 0; }

std::string_view trim(std::string_view text) {
  std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::vector<std::uint8_t> load_item(const Item& item) {
  try {
    return load_bytes(item.file, kImageFile);
  } catch (const Error& e) {
    throw Error(e.code(), printable("image " + item.id + ": " + e.what()));
  }
}

/// The folders above: a link to one of them leads back here.
std::set<FolderId> ids_above(const fs::path& folder) {
  std::set<FolderId> ids;
  std::error_code error;
  fs::path above = fs::canonical(folder, error).parent_path();
  while (!error && !above.empty()) {
    if (auto id = folder_id(above)) ids.insert(*id);
    if (above == above.parent_path()) break;
    above = above.parent_path();
  }
  return ids;
}

/// Calls visit(file) for each file below the folder, whatever its kind, until it returns false.
/// Each folder is entered once, by its own name rather than by a link where it has both.
template <typename Visit>
void for_each_file(const fs::path& folder, Visit visit) {
  std::set<FolderId> entered = ids_above(folder);
  std::vector<fs::path> own{folder};
  std::deque<fs::path> linked;
  while (!own.empty() || !linked.empty()) {
    fs::path next = own.empty() ? linked.front() : own.back();
    own.empty() ? linked.pop_front() : own.pop_back();
    if (auto id = folder_id(next); id && !entered.insert(*id).second) continue;
    for (const fs::path& entry : sorted_entries(next)) {
      std::error_code error;
      if (!fs::is_directory(entry, error)) {
        if (!visit(entry)) return;
      } else if (fs::is_symlink(entry, error)) {
        linked.push_back(entry);
      } else {
        own.push_back(entry);
      }
    }
  }
}

}  // namespace

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

void fail_corrupt(const fs::path& file, const std::string& what) {
  throw Error(ErrorCode::corrupt_data, "read " + file.string() + ": " + printable(what));
}

bool has_split(const DatasetInfo& info, const std::string& split) {
  return std::find(info.splits.begin(), info.splits.end(), split) != info.splits.end();
}

Picture FileDataset::load_picture(std::size_t i) const {
  const Item& item = items_.at(i);
  return decode_picture(load_item(item), printable(item.id), false);
}

std::string FileDataset::content_hash(std::size_t i) const {
  return hash_bytes(load_item(items_.at(i)));
}

std::map<std::string, fs::path> split_folders(const fs::path& folder) {
  std::map<std::string, fs::path> found;
  for (const SplitName& name : kSplitNames) {
    fs::path below = folder / name.folder;
    std::error_code error;
    if (fs::is_directory(below, error)) found.emplace(name.split, below);
  }
  return found;
}

fs::path split_folder(const fs::path& folder, const std::string& split) {
  auto found = split_folders(folder);
  auto it = found.find(split);
  return it == found.end() ? folder : it->second;
}

std::vector<std::string> ordered_splits(const std::map<std::string, fs::path>& found) {
  std::vector<std::string> splits;
  for (const char* split : {"train", "val", "test"})
    if (found.count(split) != 0) splits.emplace_back(split);
  return splits;
}

std::vector<fs::path> sorted_entries(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (auto it = fs::directory_iterator(folder, error); !error && it != fs::directory_iterator();
       it.increment(error))
    if (!is_hidden(it->path())) entries.push_back(it->path());
  if (error) throw Error(ErrorCode::io, "list " + folder.string() + ": " + error.message());
  std::sort(entries.begin(), entries.end());
  return entries;
}

std::vector<fs::path> pictures_below(const fs::path& folder) {
  std::vector<fs::path> files;
  for_each_file(folder, [&](const fs::path& file) {
    if (is_picture_name(file)) files.push_back(file);
    return true;
  });
  std::sort(files.begin(), files.end());
  return files;
}

bool has_pictures(const fs::path& folder) {
  bool found = false;
  for_each_file(folder, [&](const fs::path& file) {
    found = is_picture_name(file);
    return !found;
  });
  return found;
}

bool has_files(const fs::path& folder) {
  bool found = false;
  for_each_file(folder, [&](const fs::path&) {
    found = true;
    return false;
  });
  return found;
}

std::string id_below(const fs::path& root, const fs::path& file) {
  return file.lexically_normal().lexically_proximate(root.lexically_normal()).generic_string();
}

bool reaches_out(const Box& box, Size picture) {
  const float right = static_cast<float>(picture.width) * 0.01F + 1;
  const float down = static_cast<float>(picture.height) * 0.01F + 1;
  return box.x0 < -right || box.y0 < -down || box.x1 > static_cast<float>(picture.width) + right ||
         box.y1 > static_cast<float>(picture.height) + down;
}

std::vector<TextLine> filled_lines(const std::string& text, const std::string& name) {
  if (text.find('\0') != std::string::npos)
    throw Error(ErrorCode::corrupt_data, "read " + name + ": is not text (it holds a zero byte)");
  std::vector<TextLine> lines;
  std::size_t start = text.rfind("\xEF\xBB\xBF", 0) == 0 ? 3 : 0;
  for (std::size_t number = 1; start < text.size(); ++number) {
    std::size_t end = std::min(text.find('\n', start), text.size());
    std::string_view line = trim(std::string_view(text).substr(start, end - start));
    if (!line.empty()) lines.push_back({number, std::string(line)});
    start = end + 1;
  }
  return lines;
}

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t at = text.find_first_not_of(kBlanks); at != std::string_view::npos;) {
    std::size_t end = std::min(text.find_first_of(kBlanks, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(kBlanks, end);
  }
  return words;
}

std::vector<std::string> load_class_names(const fs::path& folder) {
  for (const char* name : {"classes.txt", "batches.meta.txt"}) {
    fs::path file = folder / name;
    std::error_code error;
    if (!fs::is_regular_file(file, error)) continue;
    std::vector<std::string> names;
    for (TextLine& line : filled_lines(load_text(file, kNamesFile), file.string()))
      names.push_back(std::move(line.text));
    return names;
  }
  return {};
}

}  // namespace tamis
