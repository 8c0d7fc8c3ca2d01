#include "base/output_part.h"

namespace tamis {

std::optional<std::size_t> likely_channel_axis(const Shape& shape, bool in_any_order) {
  switch (shape.size()) {
    case 0:
    case 1:
      return std::nullopt;
    case 2:
      if (in_any_order && shape[0] == 1) return std::nullopt;
      return 1;
    case 3:
      return shape[2] < shape[1] ? 2 : 1;
    case 4:
      return shape[1] == shape[2] && shape[3] != shape[2] ? 3 : 1;
    default:
      return shape.size() - 1;
  }
}

ChannelWalk::ChannelWalk(const Shape& shape, std::optional<std::size_t> axis) {
  if (!axis) {
    inner = element_count(shape);
    return;
  }
  for (std::size_t d = 0; d < shape.size(); ++d)
    (d < *axis ? outer : d == *axis ? channels : inner) *= shape[d];
}

}  // namespace tamis
