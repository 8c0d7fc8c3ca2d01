#pragma once

#include "vision/detect.h"

namespace tamis {

/// SSD and other detectors that end in TensorFlow's Detection_PostProcess: boxes f32 [1, N, 4] (y0,
/// x0, y1, x1 as fractions of the model's input), classes and scores [1, N], and how many of the N
/// count, one number. Already suppressed. Classes and count may be whole numbers of 32 or 64 bits.
/// Throws unsupported where the outputs are not these, backend_failed where a detection over
/// min_score is not finite, its class no whole number, or the count not in 0..N.
/// Source: tensorflow/lite/kernels/detection_postprocess.cc.
std::vector<Detection> decode_ssd(const std::vector<Tensor>& outputs, const Placement& placement,
                                  const DetectOptions& options);

/// The same where classes are numbered from 1 (0 is the background), as TensorFlow's Object
/// Detection API writes them. Throws backend_failed for a class 0 too.
std::vector<Detection> decode_ssd_from_1(const std::vector<Tensor>& outputs,
                                         const Placement& placement, const DetectOptions& options);

/// Absent: the outputs do not say.
std::optional<std::size_t> ssd_class_count(const std::vector<TensorInfo>& outputs);

}  // namespace tamis
