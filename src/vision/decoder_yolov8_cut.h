#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/geometry.h"
#include "base/tensor.h"
#include "vision/decoder_yolov8.h"
#include "vision/detect.h"

namespace tamis {

/// YOLOv8 and v11 with their tail cut off: outputs are pairs of f32 maps, finest level first:
/// logits of the distances' bins [1, 4·R, h, w] (left, top, right, bottom), then of the classes
/// [1, C, h, w]; further outputs of other rank or in odd number are left alone. A level's stride is
/// the input's height / h and must be its width / w. Gives what decode_yolov8() gives of the uncut
/// model, to rounding: a distance is the expected bin under the Softmax (Li et al. 2020,
/// arXiv:2006.04388, eq. (5)) times the stride, from the cell's centre. Only cells with a class
/// whose logit is above that of min_score are computed. Throws unsupported where the outputs are
/// not that, backend_failed where a candidate is not finite. Thread safe.
std::vector<Detection> decode_yolov8_cut(const std::vector<Tensor>& outputs,
                                         const Placement& placement, const DetectOptions& options);

/// The same before suppression, in the input's pixels; a candidate's anchor is its position, level
/// after level, row by row.
YoloCandidates yolov8_cut_candidates(std::span<const Tensor> pairs, Size input, float min_score);

/// C; absent where the outputs' shapes do not say.
std::optional<std::size_t> yolov8_cut_class_count(const std::vector<TensorInfo>& outputs);

/// All positions of all levels as the uncut model gives them: f32 [1, 4 + C, A], rows centre x,
/// centre y, width, height, scores. In double and one by one: for checking, not for speed.
Tensor yolov8_uncut(std::span<const Tensor> outputs, Size input);

}  // namespace tamis
