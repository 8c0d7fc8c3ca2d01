#include "tasks/coarse_map.h"

#include <algorithm>
#include <cmath>

#include "base/base64.h"
#include "base/error.h"
#include "vision/score_map.h"

namespace tamis {
namespace {

/// The picture's proportions, its longer side kCoarseSide at most.
Size coarse_size(Size picture) {
  const int longer = std::max({picture.height, picture.width, 1});
  const double scale = std::min(1.0, static_cast<double>(kCoarseSide) / longer);
  const auto side = [scale](int pixels) {
    return std::max(1, static_cast<int>(std::lround(pixels * scale)));
  };
  return {side(picture.height), side(picture.width)};
}

}  // namespace

CoarseMap coarse_map(std::span<const float> map, Size size, const Placement& placement) {
  CoarseMap out;
  out.size = coarse_size(placement.picture);
  Placement coarse = placement;
  coarse.picture = out.size;
  coarse.scale_x *= static_cast<double>(placement.picture.width) / out.size.width;
  coarse.scale_y *= static_cast<double>(placement.picture.height) / out.size.height;
  const std::vector<float> values = map_to_picture(map, size, coarse);
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  out.low = *low, out.high = *high;
  const float range = out.high - out.low;
  for (float v : values)
    out.levels.push_back(
        range > 0 ? static_cast<std::uint8_t>(std::lround((v - out.low) / range * 255)) : 0);
  return out;
}

Json to_json(const CoarseMap& map) {
  return {{"size", {map.size.height, map.size.width}},
          {"low", static_cast<double>(map.low)},
          {"high", static_cast<double>(map.high)},
          {"levels", to_base64(map.levels)}};
}

CoarseMap parse_coarse_map(const Json& json) {
  CoarseMap map;
  map.size = {json.at("size").at(0).get<int>(), json.at("size").at(1).get<int>()};
  map.low = json.at("low").get<float>();
  map.high = json.at("high").get<float>();
  map.levels = from_base64(json.at("levels").get<std::string>());
  const bool fits = map.size.height > 0 && map.size.width > 0 && map.size.height <= kCoarseSide &&
                    map.size.width <= kCoarseSide &&
                    map.levels.size() == static_cast<std::size_t>(map.size.height) * map.size.width;
  if (!fits)
    throw Error(ErrorCode::corrupt_data, "item record: a map of " +
                                             std::to_string(map.size.height) + " x " +
                                             std::to_string(map.size.width) + " with " +
                                             std::to_string(map.levels.size()) + " levels");
  return map;
}

}  // namespace tamis
