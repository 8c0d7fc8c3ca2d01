#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/geometry.h"
#include "base/truth.h"

namespace tamis {

// The first half of a COCO evaluation: which detections of one class in one picture match which
// truths. Source: pycocotools 2.0.10, cocoeval.py evaluateImg and maskApi.c bbIou and rleIou.

inline constexpr int kCocoThresholds = 10;  ///< IoU .50, .55 … .95
inline constexpr int kCocoAreas = 4;        ///< all, small, medium, large

/// A detection after matching. Bit t of a mask stands for IoU threshold t.
struct MatchedDetection {
  float score = 0;
  std::uint32_t rank = 0;  ///< by score, within its class and picture
  std::array<std::uint16_t, kCocoAreas> matched{};
  std::array<std::uint16_t, kCocoAreas> ignored{};
};

/// Detections in falling score, ties in the order given, at most `most`. All truths and detections
/// are of one class.
std::vector<MatchedDetection> match_class(std::span<const TruthBox> truth,
                                          std::vector<Detection> detections, std::size_t most);

/// A detection by its mask, in the text form of base/mask.h.
struct ScoredMask {
  float score = 0;
  std::string_view mask;
};

/// The same by the overlap of masks, all of the picture's size; the masks that boxes around them
/// keep apart are not compared. Throws what parse_mask throws.
std::vector<MatchedDetection> match_class(std::span<const TruthBox> truth,
                                          std::vector<ScoredMask> detections, Size size,
                                          std::size_t most);

/// How many of the truths count (no crowd, of that area), per area range.
std::array<std::uint32_t, kCocoAreas> count_positives(std::span<const TruthBox> truth);

}  // namespace tamis
