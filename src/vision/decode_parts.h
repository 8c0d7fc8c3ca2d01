#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "vision/detect.h"
#include "vision/to_picture.h"

namespace tamis {

// What decoders share; internal to this folder.

/// Written so that what is not a number counts as above: a broken model must not look like an empty
/// picture.
inline bool is_above(float score, float limit) { return !(score <= limit); }

/// Throws backend_failed where a candidate's box or score is not finite; `anchor` is its place in
/// the output.
void check_finite(std::string_view decoder, std::size_t anchor, const Detection& candidate);

/// The box around a centre.
inline Box centre_box(float x, float y, float width, float height) {
  return {x - width / 2, y - height / 2, x + width / 2, y + height / 2};
}

/// The decoder's k-th tensor, by the roles that the card gives the outputs. Throws unsupported
/// where there is none, where it is not f32, or where its shape is not `wanted` (-1 = any from 1
/// on).
const Tensor& output_of(std::string_view decoder, const std::vector<Tensor>& outputs,
                        const DetectOptions& options, std::size_t k, const Shape& wanted);

/// The rows of an output [1, count, width].
struct Rows {
  const float* values = nullptr;
  std::size_t count = 0, width = 0;
  const float* row(std::size_t i) const { return values + i * width; }
};
Rows rows_of(const Tensor& output);

/// The same with box, objectness and at least one class. Throws unsupported.
Rows objectness_rows(std::string_view decoder, const Tensor& output);

/// A class that is written as a float. Throws backend_failed where it is no whole number from 0 on.
int whole_label(std::string_view decoder, std::size_t row, float label);

/// The last side of the first output less `others`, where that is known and leaves a class.
std::optional<std::size_t> last_side_less(const std::vector<TensorInfo>& outputs,
                                          std::int64_t others);

/// Suppresses candidates in the input's pixels and maps what remains to the picture.
std::vector<Detection> suppress_and_map(std::vector<Detection> candidates,
                                        const Placement& placement, const DetectOptions& options);

/// The best `options.max_detections` of candidates that need no suppression, mapped to the picture;
/// falling score, ties in the order given.
std::vector<Detection> best_of(std::vector<Detection> candidates, const Placement& placement,
                               const DetectOptions& options);

}  // namespace tamis
