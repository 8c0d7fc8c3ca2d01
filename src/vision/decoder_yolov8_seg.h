#pragma once

#include "vision/segment.h"

namespace tamis {

/// YOLOv8-seg and YOLO11-seg: f32 [1, 4 + C + M, A] (yolov8's rows, then M mask coefficients per
/// anchor) and the prototypes [1, M, h, w] over the model's input. Boxes as decode_yolov8; each
/// one's mask by prototype_mask. Throws unsupported where the outputs are not these, backend_failed
/// where a candidate or mask is not finite.
Segments decode_yolov8_seg(const std::vector<Tensor>& outputs, const Placement& placement,
                           const DetectOptions& options);

/// C; absent where the outputs' shapes do not say.
std::optional<std::size_t> yolov8_seg_class_count(const std::vector<TensorInfo>& outputs);

}  // namespace tamis
