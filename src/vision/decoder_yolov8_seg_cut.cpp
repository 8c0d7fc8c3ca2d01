#include "vision/decoder_yolov8_seg_cut.h"

#include <algorithm>
#include <span>
#include <string>

#include "base/error.h"
#include "vision/decode_parts.h"
#include "vision/decoder_yolov8_cut.h"
#include "vision/prototype_mask.h"

namespace tamis {
namespace {

/// [1, M, h, w] of one level: M coefficients per position, from `first` on.
struct Coefficients {
  const float* values;
  std::size_t cells, first;
};

struct SegCutOutputs {
  std::span<const Tensor> pairs;
  std::vector<Coefficients> levels;
  Prototypes prototypes;
  std::size_t positions = 0;

  std::vector<float> of(std::size_t position) const {
    const auto next = std::upper_bound(levels.begin(), levels.end(), position,
                                       [](std::size_t p, const auto& l) { return p < l.first; });
    const Coefficients& level = *(next - 1);
    std::vector<float> out(static_cast<std::size_t>(prototypes.count));
    for (std::size_t m = 0; m < out.size(); ++m)
      out[m] = level.values[m * level.cells + position - level.first];
    return out;
  }
};

[[noreturn]] void refuse_outputs(const std::string& what) {
  throw Error(ErrorCode::unsupported,
              "decode yolov8-seg-cut: " + what +
                  "; not f32 pairs [1,4*bins,h,w] and [1,classes,h,w], then coefficients [1,M,h,w] "
                  "of each level, then prototypes [1,M,h,w]; give --decoder");
}

/// The number of levels: a pair and coefficients of each, and the prototypes.
std::size_t levels_of(std::size_t outputs) { return outputs % 3 == 1 ? outputs / 3 : 0; }

const Shape& map_shape(const std::vector<Tensor>& outputs, std::size_t i) {
  const Shape& s = outputs[i].shape();
  if (outputs[i].type() != DataType::f32 || s.size() != 4 || s[0] != 1 || s[1] < 1)
    refuse_outputs("output " + std::to_string(i) + " is " +
                   std::string(to_text(outputs[i].type())) + " " + to_text(s));
  return s;
}

SegCutOutputs as_outputs(const std::vector<Tensor>& outputs) {
  const std::size_t levels = levels_of(outputs.size());
  if (levels == 0) refuse_outputs("the model gave " + std::to_string(outputs.size()) + " outputs");
  const Shape& p = map_shape(outputs, outputs.size() - 1);
  SegCutOutputs found{std::span(outputs).first(2 * levels), {}, {}};
  found.prototypes = {outputs.back().data<float>(), static_cast<int>(p[1]), static_cast<int>(p[2]),
                      static_cast<int>(p[3])};
  for (std::size_t level = 0; level < levels; ++level) {
    const Shape &own = map_shape(outputs, 2 * levels + level),
                &boxes = map_shape(outputs, 2 * level);
    if (own[1] != p[1] || own[2] != boxes[2] || own[3] != boxes[3])
      refuse_outputs("the coefficients " + to_text(own) + " fit neither the map " + to_text(boxes) +
                     " nor the prototypes " + to_text(p));
    const auto cells = static_cast<std::size_t>(own[2] * own[3]);
    found.levels.push_back({outputs[2 * levels + level].data<float>(), cells, found.positions});
    found.positions += cells;
  }
  return found;
}

}  // namespace

Segments decode_yolov8_seg_cut(const std::vector<Tensor>& tensors, const Placement& placement,
                               const DetectOptions& options) {
  const SegCutOutputs outputs = as_outputs(tensors);
  const YoloCandidates candidates =
      yolov8_cut_candidates(outputs.pairs, placement.input, options.min_score);
  Segments out;
  for (const std::size_t i : suppressed_order(candidates.found, options)) {
    Detection d = candidates.found[i];
    d.box = to_picture(d.box, placement);
    const std::vector<float> own = outputs.of(candidates.anchors[i]);
    out.masks.push_back(to_text(prototype_mask(outputs.prototypes, own, d.box, placement)));
    out.boxes.push_back(d);
  }
  return out;
}

std::optional<std::size_t> yolov8_seg_cut_class_count(const std::vector<TensorInfo>& outputs) {
  return levels_of(outputs.size()) == 0 ? std::nullopt : yolov8_cut_class_count(outputs);
}

Tensor yolov8_seg_uncut(const std::vector<Tensor>& tensors, Size input) {
  const SegCutOutputs outputs = as_outputs(tensors);
  const Tensor rows = yolov8_uncut(outputs.pairs, input);
  const std::int64_t count = outputs.prototypes.count;
  Tensor all(DataType::f32, {1, rows.shape()[1] + count, rows.shape()[2]});
  std::copy_n(rows.data<float>(), rows.elements(), all.data<float>());
  for (std::size_t position = 0; position < outputs.positions; ++position) {
    const std::vector<float> own = outputs.of(position);
    for (std::size_t m = 0; m < own.size(); ++m)
      all.data<float>()[static_cast<std::size_t>(rows.elements()) + m * outputs.positions +
                        position] = own[m];
  }
  return all;
}

}  // namespace tamis
