#pragma once

#include "vision/detect.h"

namespace tamis {

/// YOLOv5, v6 and v7: f32 [1, A, 5 + C]: centre x, centre y, width, height in the input's pixels,
/// the objectness, a score per class, both in [0, 1]. A class's score is its own times the
/// objectness; every class over min_score is a candidate, where the objectness is too, as in
/// YOLOv5's non_max_suppression with multi_label=True (utils/general.py). Further outputs (raw
/// heads) are not read. Throws unsupported where the output is not that, backend_failed where a
/// candidate is not finite.
std::vector<Detection> decode_yolov5(const std::vector<Tensor>& outputs, const Placement& placement,
                                     const DetectOptions& options);

/// C; absent where the output's shape does not say.
std::optional<std::size_t> yolov5_class_count(const std::vector<TensorInfo>& outputs);

}  // namespace tamis
