#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "card/card.h"
#include "data/dataset.h"
#include "runtime/settings.h"

namespace tamis {

/// A model that is checked before anything is built from it, how it runs, and the pictures that it
/// is asked about.
struct CheckedModel {
  std::filesystem::path file;
  Card card;
  RunSettings settings;
  DataSpec data;
  std::vector<std::size_t> items;  ///< of the data, in the order of asking
};

}  // namespace tamis
