#include "vision/decoder_yolov8.h"

#include <algorithm>

#include "base/error.h"
#include "vision/to_picture.h"

namespace tamis {
namespace {

constexpr std::size_t kBlock = 64;

/// Written so that what is not a number counts as above: a broken model must not look like an empty
/// picture.
bool is_above(float score, float limit) { return !(score <= limit); }

/// Compares without a branch per score, so that the compiler makes vector code of it.
bool any_above(const float* scores, std::size_t count, float limit) {
  int found = 0;
  for (std::size_t i = 0; i < count; ++i) found |= is_above(scores[i], limit);
  return found != 0;
}

/// The columns of the output, [4 + C, A].
struct Columns {
  const float* values;
  std::size_t anchors;
  const float* row(std::size_t r) const { return values + r * anchors; }
  Box box(std::size_t a) const {
    float half_w = row(2)[a] / 2, half_h = row(3)[a] / 2;
    return {row(0)[a] - half_w, row(1)[a] - half_h, row(0)[a] + half_w, row(1)[a] + half_h};
  }
};

void check(const std::vector<Tensor>& outputs) {
  if (outputs.empty())
    throw Error(ErrorCode::unsupported, "decode yolov8: the model gave no output");
  const Tensor& out = outputs[0];
  const Shape& s = out.shape();
  if (out.type() != DataType::f32 || s.size() != 3 || s[0] != 1 || s[1] < 5 || s[2] < 1)
    throw Error(ErrorCode::unsupported, "decode yolov8: the output is " +
                                            std::string(to_text(out.type())) + " " + to_text(s) +
                                            ", not f32 [1,4+classes,anchors]; give --decoder");
}

void collect_row(const Columns& columns, int label, float limit, std::vector<Detection>& found) {
  const float* scores = columns.row(4 + static_cast<std::size_t>(label));
  for (std::size_t start = 0; start < columns.anchors; start += kBlock) {
    std::size_t count = std::min(kBlock, columns.anchors - start);
    if (!any_above(scores + start, count, limit)) continue;
    for (std::size_t a = start; a < start + count; ++a) {
      if (!is_above(scores[a], limit)) continue;
      found.push_back({columns.box(a), scores[a], label});
      if (!is_finite(found.back()))
        throw Error(ErrorCode::backend_failed,
                    "decode yolov8: a box or score is not finite (anchor " + std::to_string(a) +
                        "); the model overflows in these settings");
    }
  }
}

}  // namespace

std::vector<Detection> decode_yolov8(const std::vector<Tensor>& outputs, const Placement& placement,
                                     const DetectOptions& options) {
  check(outputs);
  const Shape& shape = outputs[0].shape();
  Columns columns{outputs[0].data<float>(), static_cast<std::size_t>(shape[2])};
  std::vector<Detection> found;
  for (int label = 0; label < static_cast<int>(shape[1]) - 4; ++label)
    collect_row(columns, label, options.min_score, found);
  std::vector<Detection> kept = suppress(std::move(found), options);
  for (Detection& d : kept) d.box = to_picture(d.box, placement);
  return kept;
}

std::optional<std::size_t> yolov8_class_count(const std::vector<TensorInfo>& outputs) {
  if (outputs.empty() || outputs[0].shape.size() != 3) return std::nullopt;
  std::optional<std::int64_t> rows = outputs[0].shape[1];
  if (!rows || *rows < 5) return std::nullopt;
  return static_cast<std::size_t>(*rows - 4);
}

}  // namespace tamis
