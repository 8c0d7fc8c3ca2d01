#pragma once

#include "vision/segment.h"

namespace tamis {

/// YOLOv8-seg and YOLO11-seg with their tail cut off, L levels: the L pairs of decode_yolov8_cut(),
/// then per level the mask coefficients [1, M, h, w], then the prototypes [1, M, h, w] over the
/// model's input. Gives what decode_yolov8_seg() gives of the uncut model, to rounding. Throws
/// unsupported where the outputs are not these, backend_failed where a candidate or mask is not
/// finite. Thread safe.
Segments decode_yolov8_seg_cut(const std::vector<Tensor>& outputs, const Placement& placement,
                               const DetectOptions& options);

/// C; absent where the outputs' shapes do not say.
std::optional<std::size_t> yolov8_seg_cut_class_count(const std::vector<TensorInfo>& outputs);

/// All positions as the uncut model gives them: f32 [1, 4 + C + M, A], as yolov8_uncut() with the
/// coefficients behind. For checking, not for speed.
Tensor yolov8_seg_uncut(const std::vector<Tensor>& outputs, Size input);

}  // namespace tamis
