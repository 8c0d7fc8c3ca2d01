#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "vision/detect.h"

namespace tamis {

/// YOLOv8 and v11: outputs[0] is f32 [1, 4 + C, A]: rows centre x, centre y, width, height in the
/// input's pixels, then a row of scores in [0, 1] per class. Every class over min_score is a
/// candidate, as in Ultralytics' non_max_suppression with multi_label=True (utils/ops.py), whose
/// order of steps it keeps: NMS in the input's pixels, then back to the picture and clipped to it.
/// Throws unsupported where the output is not that, backend_failed where a candidate is not finite.
std::vector<Detection> decode_yolov8(const std::vector<Tensor>& outputs, const Placement& placement,
                                     const DetectOptions& options);

/// What a yolov8 output [1, 4 + classes + …, A] holds before suppression, in the input's pixels:
/// every class score over min_score, and the column that it stands in. Throws backend_failed.
struct YoloCandidates {
  std::vector<Detection> found;
  std::vector<std::uint32_t> anchors;  ///< of each found
};
YoloCandidates yolov8_candidates(const Tensor& output, std::size_t classes, float min_score);

/// C; absent where the output's shape does not say.
std::optional<std::size_t> yolov8_class_count(const std::vector<TensorInfo>& outputs);

}  // namespace tamis
