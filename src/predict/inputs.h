#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "data/dataset.h"

namespace tamis {

/// The images that a user named, as a dataset that a worker can open too. Keeps what it made for
/// that until it goes.
struct NamedImages {
  DataSpec spec;
  std::shared_ptr<const Dataset> dataset;
  /// Item::id → the image as the user named it, where that is another; else the id.
  std::map<std::string, std::string> names{};
  std::string about;  ///< a line for people: how many images, of which split
  std::unique_ptr<TemporaryFolder> folder;
};

/// The image as people know it.
std::string name_of(const NamedImages& images, const std::string& id);

/// One folder, dataset or list is opened as open_dataset() does (`split`: "" = its val, else all of
/// it). Image files, one or several, are taken in the order given. Throws not_found naming the
/// path, invalid_argument where a folder stands beside other inputs, where nothing is an image or
/// where a name cannot stand in a list.
NamedImages find_images(const std::vector<std::string>& inputs, const std::string& split);

}  // namespace tamis
