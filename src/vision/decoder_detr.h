#pragma once

#include "vision/detect.h"

namespace tamis {

// Detectors of the DETR family: Q queries, each with a box (centre x, centre y, width, height as
// fractions of the model's input) and its classes; no suppression. What tells them apart is not in
// the shapes, so that a card or --decoder must name one. All throw unsupported where the outputs
// are not theirs, backend_failed where a candidate is not finite.

/// DETR, Conditional DETR: f32 logits [1, Q, C + 1] and boxes [1, Q, 4]. Softmax over all; the last
/// class is "no object"; each query gives its best class. As DetrImageProcessor's
/// post_process_object_detection (transformers).
std::vector<Detection> decode_detr(const std::vector<Tensor>& outputs, const Placement& placement,
                                   const DetectOptions& options);

/// RT-DETR, Deformable DETR, DINO, D-FINE, RF-DETR: f32 logits [1, Q, C] and boxes [1, Q, 4]. A
/// sigmoid each; the best max_detections of all queries' classes. As RTDetrImageProcessor's
/// post_process_object_detection (transformers) with use_focal_loss.
std::vector<Detection> decode_rtdetr(const std::vector<Tensor>& outputs, const Placement& placement,
                                     const DetectOptions& options);

/// Ultralytics' RT-DETR: f32 [1, Q, 4 + C], box and then scores in [0, 1]; each query gives its
/// best class. As RTDETRPredictor.postprocess.
std::vector<Detection> decode_detr_scores(const std::vector<Tensor>& outputs,
                                          const Placement& placement, const DetectOptions& options);

/// Ultralytics' RT-DETR with the best rows taken in the graph: f32 [1, N, 6], box, score in [0, 1],
/// class. As RTDETRPredictor.postprocess of ultralytics 8.4.
std::vector<Detection> decode_rtdetr_topk(const std::vector<Tensor>& outputs,
                                          const Placement& placement, const DetectOptions& options);

/// C of each; absent where the shapes do not say.
std::optional<std::size_t> detr_class_count(const std::vector<TensorInfo>& outputs);
std::optional<std::size_t> rtdetr_class_count(const std::vector<TensorInfo>& outputs);
std::optional<std::size_t> detr_scores_class_count(const std::vector<TensorInfo>& outputs);

}  // namespace tamis
