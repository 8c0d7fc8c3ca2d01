#include <algorithm>
#include <bit>
#include <cstdint>
#include <unordered_map>

#include "vision/detect.h"

namespace tamis {
namespace {

/// Falling score, ties by index, as one number that rises: sorting whole numbers is several times
/// quicker than sorting detections.
std::uint64_t sort_key(float score, std::size_t index) {
  auto bits = std::bit_cast<std::uint32_t>(score);
  std::uint32_t rising = (bits & 0x80000000u) ? ~bits : bits | 0x80000000u;
  return static_cast<std::uint64_t>(~rising) << 32 | static_cast<std::uint32_t>(index);
}

std::vector<std::uint64_t> order_by_score(const std::vector<Detection>& candidates,
                                          std::size_t most) {
  std::vector<std::uint64_t> keys(candidates.size());
  for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = sort_key(candidates[i].score, i);
  if (most < keys.size()) {
    std::nth_element(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(most), keys.end());
    keys.resize(most);
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

bool overlaps(const Box& box, const std::vector<Box>& kept, float limit) {
  // a / b > limit without the division, which most pairs do not need: they do not touch.
  float area = box.area();
  return std::any_of(kept.begin(), kept.end(), [&](const Box& k) {
    float shared = intersection(box, k);
    return shared > 0 && shared / (area + k.area() - shared) > limit;
  });
}

}  // namespace

std::vector<std::size_t> suppressed_order(const std::vector<Detection>& candidates,
                                          const DetectOptions& options) {
  auto most = static_cast<std::size_t>(std::max(options.max_candidates, 0));
  auto wanted = static_cast<std::size_t>(std::max(options.max_detections, 0));
  std::vector<std::size_t> out;
  std::unordered_map<int, std::vector<Box>> kept_of_class;
  for (std::uint64_t key : order_by_score(candidates, most)) {
    if (out.size() == wanted) break;
    std::size_t index = static_cast<std::uint32_t>(key);
    const Detection& d = candidates[index];
    std::vector<Box>& kept = kept_of_class[d.label];
    if (overlaps(d.box, kept, options.nms_iou)) continue;
    kept.push_back(d.box);
    out.push_back(index);
  }
  return out;
}

std::vector<Detection> suppress(std::vector<Detection> candidates, const DetectOptions& options) {
  std::vector<Detection> out;
  for (std::size_t i : suppressed_order(candidates, options)) out.push_back(candidates[i]);
  return out;
}

}  // namespace tamis
