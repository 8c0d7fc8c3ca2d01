#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vision/detect.h"

namespace tamis {

/// Objects with the pixels that they cover.
struct Segments {
  std::vector<Detection> boxes;    ///< falling score, in the picture's pixels
  std::vector<std::string> masks;  ///< of each box, of the picture's size, the text of base/mask.h
};

/// A segmenter turns raw outputs (batch 1) into boxes and masks in the picture's pixels. One row
/// per family; adding one = a row and a file.
struct Segmenter {
  std::string_view name;     ///< "yolov8-seg"
  std::string_view outputs;  ///< for people
  Segments (*segment)(const std::vector<Tensor>& outputs, const Placement& placement,
                      const DetectOptions& options);
  /// The number of classes, from the model's outputs; absent where their shapes do not say.
  std::optional<std::size_t> (*class_count)(const std::vector<TensorInfo>& outputs);
  /// What its tensors hold, from their shapes (output_parts.h).
  std::vector<OutputPart> (*parts)(const std::vector<Shape>& outputs);
};
const std::vector<Segmenter>& segmenters();
/// Throws invalid_argument with nearest names.
const Segmenter& find_segmenter(std::string_view name);

}  // namespace tamis
