#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "metrics/coco_match.h"

namespace tamis {

/// All detections and truths of one class, picture after picture.
struct CocoClass {
  struct Found {
    MatchedDetection match;
    std::uint32_t picture = 0;
  };
  struct Positives {
    std::uint32_t picture = 0;
    std::array<std::uint32_t, kCocoAreas> count{};
  };
  std::vector<Found> found;
  std::vector<Positives> positives;
};

/// What the precision-recall curves of one class and area range need of the detections, in falling
/// score. Sorted once; then any weights of the pictures are a walk.
struct CocoCurve {
  std::vector<std::uint32_t> picture;  ///< of each detection, up to the last that is right
  struct Count {
    std::uint32_t picture = 0;
    std::uint32_t truths = 0;
  };
  std::vector<Count> positives;
  /// Positions of the right and of the ignored detections, per IoU threshold.
  std::array<std::vector<std::uint32_t>, kCocoThresholds> right, ignored;
};

CocoCurve make_curve(const CocoClass& of, int area);

/// Memory that several calls of average_precision share.
struct CurveScratch {
  std::vector<std::uint64_t> seen;
  std::vector<double> precision;
  std::vector<int> reached;
};

/// Average precision (101-point) at each IoU threshold where picture i counts weights[i] times;
/// absent where no truth counts. Source: pycocotools 2.0.10, cocoeval.py accumulate.
std::optional<std::array<double, kCocoThresholds>> average_precision(
    const CocoCurve& curve, std::span<const std::uint32_t> weights, CurveScratch& scratch);

/// Recall over all thresholds' mean with at most `most` detections per picture; absent where no
/// truth counts.
std::optional<double> mean_recall(const CocoClass& of, int area, std::uint32_t most);

}  // namespace tamis
