#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "base/geometry.h"
#include "base/output_part.h"
#include "base/picture.h"
#include "base/tensor.h"

namespace tamis {

/// Thresholds of detection. The defaults are those of evaluation (as Ultralytics `val`): every
/// class over the threshold counts.
struct DetectOptions {
  float min_score = 0.001f;
  float nms_iou = 0.7f;
  int max_detections = 300;
  int max_candidates = 30000;
  /// order[k] is the place, among the model's outputs, of the decoder's k-th tensor; empty: as they
  /// are.
  std::vector<std::size_t> order{};
};

/// A decoder turns a detector's raw outputs (batch 1) into boxes in the picture's pixels. One row
/// per family; adding one = a row and a file.
struct Decoder {
  std::string_view name;     ///< "yolov8"
  std::string_view outputs;  ///< for people: "[N,4+classes,anchors] centre-size boxes and scores"
  std::vector<Detection> (*decode)(const std::vector<Tensor>& outputs, const Placement& placement,
                                   const DetectOptions& options);
  /// The number of classes, from the model's outputs; absent where their shapes do not say.
  std::optional<std::size_t> (*class_count)(const std::vector<TensorInfo>& outputs);
  /// What its tensors hold, from their shapes (output_parts.h).
  std::vector<OutputPart> (*parts)(const std::vector<Shape>& outputs);
  /// What its tensors are, where it reads several: DetectOptions::order follows this list.
  std::vector<std::string_view> roles{};
};
const std::vector<Decoder>& decoders();
/// Throws invalid_argument with nearest names.
const Decoder& find_decoder(std::string_view name);

/// Class-wise greedy non-maximum suppression; keeps order of falling score (ties by index, so the
/// result is deterministic). Quick: candidates sorted once, boxes offset per class or bucketed by
/// class.
std::vector<Detection> suppress(std::vector<Detection> candidates, const DetectOptions& options);

/// The same, as indices into the candidates.
std::vector<std::size_t> suppressed_order(const std::vector<Detection>& candidates,
                                          const DetectOptions& options);

}  // namespace tamis
