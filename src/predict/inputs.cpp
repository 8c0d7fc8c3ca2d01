#include "predict/inputs.h"

#include <fmt/format.h>

#include "base/error.h"
#include "data/picture_header.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

fs::path existing(const std::string& input) {
  std::error_code error;
  if (!fs::exists(input, error))
    throw Error(ErrorCode::not_found,
                fmt::format("predict: {}: no such file or folder; give images or a folder", input));
  return input;
}

/// A list of the files, a line each, which is a dataset that any process can open.
void list_files(const std::vector<fs::path>& files, NamedImages& images) {
  std::string list;
  for (const fs::path& file : files) {
    const std::string line = fs::absolute(file).string();
    if (line.find_first_of("\r\n") != std::string::npos || line.find('"') != std::string::npos)
      throw Error(ErrorCode::invalid_argument,
                  "predict: " + line +
                      ": has a line break or a quote in its name; rename it, or "
                      "give its folder");
    list += line + "\n";
  }
  images.folder = std::make_unique<TemporaryFolder>("tamis-predict");
  images.spec.path = images.folder->path() / "images.txt";
  save_file(images.spec.path, list);
}

/// Items that came twice are named as they were first.
void name_items(const std::vector<std::string>& inputs, NamedImages& images) {
  std::map<fs::path, std::string> given;
  for (const std::string& input : inputs) given.emplace(fs::absolute(input), input);
  for (const Item& item : images.dataset->items())
    if (const auto name = given.find(item.file); name != given.end())
      images.names.emplace(item.id, name->second);
}

bool is_list(const fs::path& file) { return !is_picture_name(file); }

}  // namespace

std::string name_of(const NamedImages& images, const std::string& id) {
  const auto name = images.names.find(id);
  return name == images.names.end() ? id : name->second;
}

NamedImages find_images(const std::vector<std::string>& inputs, const std::string& split) {
  NamedImages images;
  std::vector<fs::path> files;
  for (const std::string& input : inputs) files.push_back(existing(input));
  const bool alone = files.size() == 1;
  for (const fs::path& file : files)
    if (!alone && (fs::is_directory(file) || is_list(file)))
      throw Error(ErrorCode::invalid_argument,
                  fmt::format("predict: {}: is no image file; give one folder or list alone, or "
                              "several image files",
                              file.string()));
  std::string where;
  if (alone && (fs::is_directory(files[0]) || is_list(files[0]))) {
    images.spec.path = files[0];
    images.spec.split = split.empty() ? default_split(probe_dataset(files[0])) : split;
    where = images.spec.split == "all" ? "" : ", split " + images.spec.split;
  } else {
    list_files(files, images);
  }
  images.dataset = open_dataset(images.spec);
  if (images.folder) name_items(inputs, images);
  const std::size_t count = images.dataset->items().size();
  if (count == 0)
    throw Error(ErrorCode::invalid_argument,
                fmt::format("predict: {}: holds no image", files[0].string()));
  images.about = fmt::format("{}{} ({}{})", count, count == 1 ? " image" : " images",
                             alone ? files[0].string() : "as named", where);
  return images;
}

}  // namespace tamis
