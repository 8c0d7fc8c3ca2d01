#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace tamis {

/// The tail of a YOLOv8, v11 or v26 detector or segmenter, as it was found in a graph: the last
/// convolutions' maps, per level, finest first.
struct YoloTail {
  std::string output;                ///< the graph output that the tail makes, [N, 4 + C (+ M), A]
  std::vector<std::string> boxes;    ///< per level: logits of the distances' bins, [N, 4·R, h, w];
                                     ///< with R = 1 (YOLO26) the distances themselves
  std::vector<std::string> classes;  ///< per level: logits of the classes, [N, C, h, w]
  std::vector<std::string> coefficients;  ///< per level: of masks, [N, M, h, w]; empty: a detector
  std::int64_t bins = 0;                  ///< R, "reg_max"; 1: no bins
};

/// Recognises by structure and values, not by names:
///
///   (Concat by channels, Reshape to [N, 4R + C, A], Concat by positions, Split) of the levels'
///   maps boxes    Reshape [N, 4, R, A] → Transpose → Softmax over R → Conv with the weights 0 …
///   R−1 → …, or without bins the joined distances themselves; scores   Sigmoid output
///   Concat(boxes, scores) by channels, or Concat(boxes, scores, coefficients), these followed back
///   to maps too
///
/// Where it finds none, `reason` says what is missing. What lies between the distances and the
/// output (anchors, strides, corners to centre and size) is not looked at: whoever cuts compares
/// with the native decoder's values (recipe/step_head_cut.cpp). Needs infer_shapes(). Thread safe.
/// Source of the structure: Ultralytics' Detect head, Li et al. 2020, arXiv:2006.04388 (DFL).
std::optional<YoloTail> find_yolo_tail(const Graph& graph, std::string& reason);

/// Replaces the tail's output by the levels' maps as outputs boxes_0, classes_0, boxes_1, …,
/// then coefficients_0, … where there are some; other outputs keep their places behind them.
void cut_yolo_tail(Graph& graph, const YoloTail& tail);

}  // namespace tamis
