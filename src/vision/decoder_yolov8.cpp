#include "vision/decoder_yolov8.h"

#include <algorithm>

#include "base/error.h"
#include "vision/decode_parts.h"

namespace tamis {
namespace {

constexpr std::size_t kBlock = 64;

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

void collect_row(const Columns& columns, int label, float limit, YoloCandidates& to) {
  const float* scores = columns.row(4 + static_cast<std::size_t>(label));
  for (std::size_t start = 0; start < columns.anchors; start += kBlock) {
    std::size_t count = std::min(kBlock, columns.anchors - start);
    if (!any_above(scores + start, count, limit)) continue;
    for (std::size_t a = start; a < start + count; ++a) {
      if (!is_above(scores[a], limit)) continue;
      to.found.push_back({columns.box(a), scores[a], label});
      to.anchors.push_back(static_cast<std::uint32_t>(a));
      check_finite("yolov8", a, to.found.back());
    }
  }
}

}  // namespace

YoloCandidates yolov8_candidates(const Tensor& output, std::size_t classes, float min_score) {
  Columns columns{output.data<float>(), static_cast<std::size_t>(output.shape()[2])};
  YoloCandidates candidates;
  for (std::size_t label = 0; label < classes; ++label)
    collect_row(columns, static_cast<int>(label), min_score, candidates);
  return candidates;
}

std::vector<Detection> decode_yolov8(const std::vector<Tensor>& outputs, const Placement& placement,
                                     const DetectOptions& options) {
  check(outputs);
  auto classes = static_cast<std::size_t>(outputs[0].shape()[1] - 4);
  YoloCandidates candidates = yolov8_candidates(outputs[0], classes, options.min_score);
  std::vector<Detection> kept = suppress(std::move(candidates.found), options);
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
