#pragma once

#include <cstddef>
#include <vector>

#include "base/geometry.h"
#include "data/selection.h"

namespace tamis {

/// A picture size and how many pictures have it.
struct PictureCount {
  Size size;
  std::size_t count = 0;
};

/// Sizes of the items' pictures, upright, from the files' headers; records and unreadable files are
/// left out. At most `most` items are looked at, evenly spread. Thread safe.
std::vector<PictureCount> picture_sizes(const ItemSet& items, std::size_t most = 2000);

}  // namespace tamis
