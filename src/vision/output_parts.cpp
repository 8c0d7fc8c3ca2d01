#include "vision/output_parts.h"

#include <string>
#include <utility>

namespace tamis {
namespace {

using Parts = std::vector<OutputPart>;

OutputPart part(std::string name, std::size_t output, std::size_t axis, std::int64_t begin,
                std::int64_t end) {
  return {std::move(name), output, axis, begin, end, true, false};
}

/// All channels of an output that predictions do not stand for.
OutputPart values(std::string name, std::size_t output, const Shape& shape) {
  return {std::move(name), output, 1, 0, shape[1], false, false};
}

bool has_rank(const std::vector<Shape>& outputs, std::size_t k, std::size_t rank) {
  return k < outputs.size() && outputs[k].size() == rank;
}

Parts in_any_order(Parts parts) {
  for (OutputPart& one : parts) one.in_any_order = true;
  return parts;
}

/// Pairs of maps from `first` on.
Parts pairs(const std::vector<Shape>& outputs, std::size_t count) {
  Parts parts;
  for (std::size_t k = 0; k + 1 < count; k += 2) {
    if (!has_rank(outputs, k, 4) || !has_rank(outputs, k + 1, 4)) return {};
    parts.push_back(part("boxes", k, 1, 0, outputs[k][1]));
    parts.push_back(part("scores", k + 1, 1, 0, outputs[k + 1][1]));
  }
  return parts;
}

}  // namespace

Parts yolov8_parts(const std::vector<Shape>& outputs) {
  if (!has_rank(outputs, 0, 3) || outputs[0][1] < 5) return {};
  return {part("boxes", 0, 1, 0, 4), part("scores", 0, 1, 4, outputs[0][1])};
}

Parts objectness_parts(const std::vector<Shape>& outputs) {
  if (!has_rank(outputs, 0, 3) || outputs[0][2] < 6) return {};
  return {part("boxes", 0, 2, 0, 4), part("objectness", 0, 2, 4, 5),
          part("scores", 0, 2, 5, outputs[0][2])};
}

Parts yolov8_cut_parts(const std::vector<Shape>& outputs) { return pairs(outputs, outputs.size()); }

Parts end2end_parts(const std::vector<Shape>& outputs) {
  if (!has_rank(outputs, 0, 3) || outputs[0][2] != 6) return {};
  return in_any_order(
      {part("boxes", 0, 2, 0, 4), part("scores", 0, 2, 4, 5), part("classes", 0, 2, 5, 6)});
}

Parts detr_parts(const std::vector<Shape>& outputs) {
  if (outputs.size() < 2 || outputs[0].size() != 3 || outputs[1].size() != 3) return {};
  return {part("scores", 0, 2, 0, outputs[0][2]), part("boxes", 1, 2, 0, outputs[1][2])};
}

Parts detr_scores_parts(const std::vector<Shape>& outputs) {
  if (!has_rank(outputs, 0, 3) || outputs[0][2] < 5) return {};
  return {part("boxes", 0, 2, 0, 4), part("scores", 0, 2, 4, outputs[0][2])};
}

Parts ssd_parts(const std::vector<Shape>& outputs) {
  if (outputs.size() < 4 || !has_rank(outputs, 0, 3)) return {};
  Parts parts{part("boxes", 0, 2, 0, outputs[0][2])};
  for (const auto& [name, k] :
       {std::pair("classes", 1), std::pair("scores", 2), std::pair("count", 3)})
    parts.push_back({name, static_cast<std::size_t>(k), std::nullopt, 0, 1, true, false});
  return in_any_order(std::move(parts));
}

Parts yolov8_seg_parts(const std::vector<Shape>& outputs) {
  if (outputs.size() < 2) return {};
  const std::size_t place = outputs[0].size() == 4 ? 0 : 1;
  const Shape &prototypes = outputs[place], &rows = outputs[1 - place];
  if (prototypes.size() != 4 || rows.size() != 3 || rows[1] < 5 + prototypes[1]) return {};
  const std::int64_t coefficients = rows[1] - prototypes[1];
  OutputPart last = part("coefficients", 1 - place, 1, coefficients, rows[1]);
  last.predicted = false;
  return {part("boxes", 1 - place, 1, 0, 4), part("scores", 1 - place, 1, 4, coefficients), last,
          values("prototypes", place, prototypes)};
}

Parts yolov8_seg_cut_parts(const std::vector<Shape>& outputs) {
  const std::size_t levels = outputs.size() / 3;
  if (outputs.size() != 3 * levels + 1) return {};
  Parts parts = pairs(outputs, 2 * levels);
  for (std::size_t k = 2 * levels; k < outputs.size() && !parts.empty(); ++k) {
    if (outputs[k].size() != 4) return {};
    parts.push_back(values(k < 3 * levels ? "coefficients" : "prototypes", k, outputs[k]));
  }
  return parts;
}

}  // namespace tamis
