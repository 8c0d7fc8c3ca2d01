#pragma once

#include "vision/detect.h"

namespace tamis {

/// YOLOv10, YOLO26 and other detectors that need no suppression: f32 [1, N, 6]: x0, y0, x1, y1 in
/// the input's pixels, score, class. Every row over min_score is a detection, as in Ultralytics'
/// non_max_suppression with end2end=True (utils/ops.py). Throws unsupported where the output is not
/// that, backend_failed where a row over min_score is not finite or its class is no whole number.
std::vector<Detection> decode_end2end(const std::vector<Tensor>& outputs,
                                      const Placement& placement, const DetectOptions& options);

/// Absent: the output does not say.
std::optional<std::size_t> end2end_class_count(const std::vector<TensorInfo>& outputs);

}  // namespace tamis
