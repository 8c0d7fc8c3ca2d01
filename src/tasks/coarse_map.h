#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/geometry.h"
#include "base/json.h"
#include "base/picture.h"

namespace tamis {

/// A map over a picture, coarse enough to be kept of every item: at most kCoarseSide cells along
/// the longer side, each value as one of 256 levels between `low` (level 0) and `high` (level 255).
struct CoarseMap {
  Size size;
  float low = 0, high = 0;
  std::vector<std::uint8_t> levels;  ///< rows
  float at(std::size_t cell) const { return low + (high - low) * levels[cell] / 255.0f; }
};

inline constexpr int kCoarseSide = 48;

/// Of a map over the model's whole input (rows of `size`): its values, bilinear, at the centres of
/// the picture's cells. Throws as map_to_picture. Safe from any thread.
CoarseMap coarse_map(std::span<const float> map, Size size, const Placement& placement);

/// {"size": [height, width], "low", "high", "levels": base64}.
Json to_json(const CoarseMap& map);
/// Throws corrupt_data, or what Json throws, where it is not that.
CoarseMap parse_coarse_map(const Json& json);

}  // namespace tamis
