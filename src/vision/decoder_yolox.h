#pragma once

#include "vision/detect.h"

namespace tamis {

/// YOLOX as its export_onnx.py writes it: f32 [1, A, 5 + C], a row per cell of the grids of strides
/// 8, 16 and 32 (64 too where A says so), finest first, row by row: offset of the centre in cells,
/// logarithm of width and height in cells, objectness and class scores in [0, 1]. A cell gives its
/// best class, scored by that times the objectness, as YOLOX's postprocess (utils/boxes.py); then
/// suppression per class. Throws unsupported where the output is not that of the input's size,
/// backend_failed where a candidate is not finite. Source: demo_postprocess (utils/demo_utils.py).
std::vector<Detection> decode_yolox(const std::vector<Tensor>& outputs, const Placement& placement,
                                    const DetectOptions& options);

/// The same exported with --decode_in_inference: boxes are already in the input's pixels.
std::vector<Detection> decode_yolox_decoded(const std::vector<Tensor>& outputs,
                                            const Placement& placement,
                                            const DetectOptions& options);

}  // namespace tamis
