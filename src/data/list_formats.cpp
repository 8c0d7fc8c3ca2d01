#include <algorithm>
#include <cctype>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "base/number.h"
#include "base/printable.h"
#include "data/formats.h"
#include "data/picture_header.h"

/// Text files that name a picture a line: labels.txt (with class indices), and lists of paths.
namespace tamis {
namespace fs = std::filesystem;
namespace {

/// Whatever it is, as long as it is no folder: reading it says what is wrong.
bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error) && !fs::is_directory(path, error);
}

[[noreturn]] void fail(const fs::path& file, const TextLine& line, const std::string& what) {
  throw Error(ErrorCode::corrupt_data, "read " + file.string() + " line " +
                                           std::to_string(line.number) + ": " + printable(what));
}

bool is_separator(char c) {
  return c == ',' || c == ';' || std::isspace(static_cast<unsigned char>(c));
}

/// Where the picture's name ends: behind the first extension of a picture that a separator or the
/// line's end follows. Names with blanks and commas are read right this way.
std::optional<std::size_t> name_end(const std::string& text) {
  for (std::size_t dot = text.find('.'); dot != std::string::npos; dot = text.find('.', dot + 1)) {
    std::size_t end = dot + 1;
    while (end < text.size() && std::isalnum(static_cast<unsigned char>(text[end]))) ++end;
    bool ends = end == text.size() || is_separator(text[end]) || text[end] == '"';
    if (ends && is_picture_name(text.substr(0, end))) return end;
  }
  return std::nullopt;
}

struct Row {
  std::string file;
  std::optional<int> label;
};

Row parse_row(const fs::path& list, const TextLine& line) {
  auto end = name_end(line.text);
  if (!end) fail(list, line, "names no image: " + line.text.substr(0, 80));
  std::size_t start = line.text[0] == '"' ? 1 : 0;
  Row row{line.text.substr(start, *end - start), std::nullopt};
  std::string rest = line.text.substr(*end);
  for (char& c : rest)
    if (c == ',' || c == ';' || c == '"') c = ' ';
  auto fields = split_words(rest);
  if (fields.empty()) return row;
  row.label = parse_number<int>(fields[0]);
  if (!row.label || *row.label < 0)
    fail(list, line,
         "class index expected, got " + std::string(fields[0].substr(0, 40)) +
             "; a line is: file, index");
  return row;
}

bool is_heading(const TextLine& line) {
  std::string first = line.text.substr(0, line.text.find_first_of(",; \t"));
  for (char& c : first) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const char* word : {"file", "filename", "image", "path", "name"})
    if (first == word) return true;
  return false;
}

/// Adds the row's item; one that is there already is read once, and must have the same class.
void add_row(const fs::path& list, const TextLine& line, const fs::path& root, const Row& row,
             std::map<std::string, std::optional<int>>& seen, std::vector<Item>& items) {
  fs::path file = root / row.file;
  Item item{id_below(root, file), {}, file, std::nullopt};
  item.truth.label = row.label;
  if (!items.empty() && items.front().truth.label.has_value() != row.label.has_value())
    fail(list, line, "some lines have a class index and others have none");
  auto [known, is_new] = seen.emplace(item.id, row.label);
  if (!is_new && known->second != row.label)
    fail(list, line, item.id + " is listed again with another class");
  if (is_new) items.push_back(std::move(item));
}

/// The text file of a split: the path itself, or the labels.txt of the (split's) folder.
fs::path list_file(const fs::path& path, const std::string& split) {
  return is_file(path) ? path : split_folder(path, split) / "labels.txt";
}

}  // namespace

std::optional<DatasetInfo> probe_labels_txt(const fs::path& path) {
  DatasetInfo info;
  if (is_there(path / "labels.txt") || (is_file(path) && path.filename() == "labels.txt")) {
    info.splits.emplace_back(kWholeSplit);
    return info;
  }
  auto folders = split_folders(path);
  std::erase_if(folders, [](const auto& entry) { return !is_there(entry.second / "labels.txt"); });
  if (folders.empty()) return std::nullopt;
  info.splits = ordered_splits(folders);
  return info;
}

std::optional<DatasetInfo> probe_list(const fs::path& path) {
  if (!is_file(path)) return std::nullopt;
  if (path.extension() != ".txt" && path.extension() != ".csv" && path.extension() != ".tsv" &&
      path.extension() != ".lst")
    return std::nullopt;
  DatasetInfo info;
  info.splits.emplace_back(kWholeSplit);
  return info;
}

std::unique_ptr<Dataset> open_list(const fs::path& path, const std::string& split) {
  fs::path list = list_file(path, split);
  fs::path root = list.parent_path();
  std::vector<Item> items;
  std::map<std::string, std::optional<int>> seen;
  Reading reading;
  for (const TextLine& line : filled_lines(load_text(list, kListFile), list.string())) {
    if (items.empty() && !name_end(line.text) && is_heading(line)) continue;
    const std::size_t before = items.size();
    add_row(list, line, root, parse_row(list, line), seen, items);
    reading.repeated_items += before == items.size() ? 1 : 0;
  }
  if (!items.empty() && !items.front().truth.label)
    reading.looked_for = "a class index behind each name in " + list.string();
  return std::make_unique<FileDataset>(std::move(items), load_class_names(root),
                                       std::move(reading));
}

}  // namespace tamis
