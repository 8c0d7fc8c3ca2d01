#include "data/picture_sizes.h"

#include <map>
#include <utility>

#include "data/picture_header.h"

namespace tamis {

std::vector<PictureCount> picture_sizes(const ItemSet& items, std::size_t most) {
  std::map<std::pair<int, int>, std::size_t> counts;
  const std::size_t step = items.items.size() / most + 1;
  for (std::size_t i = 0; i < items.items.size(); i += step) {
    const Item& item = items.dataset->items()[items.items[i]];
    if (item.record) continue;
    if (const auto header = probe_picture_header(item.file)) {
      const Size size = header->upright();
      if (size.height > 0 && size.width > 0) ++counts[{size.height, size.width}];
    }
  }
  std::vector<PictureCount> found;
  for (const auto& [size, count] : counts) found.push_back({{size.first, size.second}, count});
  return found;
}

}  // namespace tamis
