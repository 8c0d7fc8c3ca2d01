#pragma once

#include <vector>

#include "base/output_part.h"

namespace tamis {

// What the tensors of each family mean, for whoever compares two models' outputs. From the shapes
// of all outputs; OutputPart::output counts a decoder's own tensors, as DetectOptions::order does.
// Empty where the shapes are not the family's. Pure, thread safe.

/// [1,4+classes,positions].
std::vector<OutputPart> yolov8_parts(const std::vector<Shape>& outputs);
/// [1,positions,5+classes]: box, objectness, scores.
std::vector<OutputPart> objectness_parts(const std::vector<Shape>& outputs);
/// Pairs of maps: logits of bins, logits of classes.
std::vector<OutputPart> yolov8_cut_parts(const std::vector<Shape>& outputs);
/// Rows of corners, score and class, in any order.
std::vector<OutputPart> end2end_parts(const std::vector<Shape>& outputs);
/// Logits [1,Q,classes] and boxes [1,Q,4].
std::vector<OutputPart> detr_parts(const std::vector<Shape>& outputs);
/// [1,Q,4+classes].
std::vector<OutputPart> detr_scores_parts(const std::vector<Shape>& outputs);
/// Boxes, classes and scores of the detections, in any order, and their count.
std::vector<OutputPart> ssd_parts(const std::vector<Shape>& outputs);
/// [1,4+classes+M,positions] and prototypes [1,M,h,w], in either order.
std::vector<OutputPart> yolov8_seg_parts(const std::vector<Shape>& outputs);
/// As yolov8_cut_parts(), coefficients of each level, prototypes.
std::vector<OutputPart> yolov8_seg_cut_parts(const std::vector<Shape>& outputs);

}  // namespace tamis
