#include "vision/decoder_detr.h"

#include <algorithm>
#include <cmath>

#include "vision/decode_parts.h"

namespace tamis {
namespace {

struct Queries {
  Rows logits, boxes;
};

/// The decoder's tensors are logits and boxes, in that order.
Queries queries_of(std::string_view decoder, const std::vector<Tensor>& outputs,
                   const DetectOptions& options) {
  const Tensor& logits = output_of(decoder, outputs, options, 0, {1, -1, -1});
  const Tensor& boxes = output_of(decoder, outputs, options, 1, {1, logits.shape()[1], 4});
  return {rows_of(logits), rows_of(boxes)};
}

/// From fractions to the input's pixels.
Box box_of(const float* v, Size input) {
  auto w = static_cast<float>(input.width), h = static_cast<float>(input.height);
  return centre_box(v[0] * w, v[1] * h, v[2] * w, v[3] * h);
}

float sigmoid(float x) { return 1 / (1 + std::exp(-x)); }

/// Softmax's share of one of the logits.
float softmax_share(const float* logits, std::size_t count, std::size_t which) {
  float most = *std::max_element(logits, logits + count);
  float sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += std::exp(logits[i] - most);
  return std::exp(logits[which] - most) / sum;
}

/// The logits' classes; the shape with 4 at its end is the boxes', unless both have it.
std::optional<std::size_t> logits_width(const std::vector<TensorInfo>& outputs) {
  for (const TensorInfo& o : outputs)
    if (o.shape.size() == 3 && o.shape[2] && *o.shape[2] != 4)
      return static_cast<std::size_t>(*o.shape[2]);
  return std::nullopt;
}

}  // namespace

std::vector<Detection> decode_detr(const std::vector<Tensor>& outputs, const Placement& placement,
                                   const DetectOptions& options) {
  Queries queries = queries_of("detr", outputs, options);
  std::vector<Detection> found;
  std::size_t classes = queries.logits.width - 1;  // the last is "no object"
  for (std::size_t q = 0; q < queries.logits.count && classes > 0; ++q) {
    const float* logits = queries.logits.row(q);
    auto best = static_cast<std::size_t>(std::max_element(logits, logits + classes) - logits);
    float score = softmax_share(logits, classes + 1, best);
    if (!is_above(score, options.min_score)) continue;
    found.push_back({box_of(queries.boxes.row(q), placement.input), score, static_cast<int>(best)});
    check_finite("detr", q, found.back());
  }
  return best_of(std::move(found), placement, options);
}

std::vector<Detection> decode_rtdetr(const std::vector<Tensor>& outputs, const Placement& placement,
                                     const DetectOptions& options) {
  Queries queries = queries_of("rtdetr", outputs, options);
  std::vector<Detection> found;
  for (std::size_t q = 0; q < queries.logits.count; ++q)
    for (std::size_t c = 0; c < queries.logits.width; ++c) {
      float score = sigmoid(queries.logits.row(q)[c]);
      if (!is_above(score, options.min_score)) continue;
      found.push_back({box_of(queries.boxes.row(q), placement.input), score, static_cast<int>(c)});
      check_finite("rtdetr", q, found.back());
    }
  return best_of(std::move(found), placement, options);
}

std::vector<Detection> decode_detr_scores(const std::vector<Tensor>& outputs,
                                          const Placement& placement,
                                          const DetectOptions& options) {
  Rows rows = rows_of(output_of("detr-scores", outputs, options, 0, {1, -1, -1}));
  std::vector<Detection> found;
  for (std::size_t q = 0; q < rows.count && rows.width > 4; ++q) {
    const float* v = rows.row(q);
    const float* best = std::max_element(v + 4, v + rows.width);
    if (!is_above(*best, options.min_score)) continue;
    found.push_back({box_of(v, placement.input), *best, static_cast<int>(best - v) - 4});
    check_finite("detr-scores", q, found.back());
  }
  return best_of(std::move(found), placement, options);
}

std::vector<Detection> decode_rtdetr_topk(const std::vector<Tensor>& outputs,
                                          const Placement& placement,
                                          const DetectOptions& options) {
  Rows rows = rows_of(output_of("rtdetr-topk", outputs, options, 0, {1, -1, 6}));
  std::vector<Detection> found;
  for (std::size_t i = 0; i < rows.count; ++i) {
    const float* v = rows.row(i);
    if (!is_above(v[4], options.min_score)) continue;
    found.push_back({box_of(v, placement.input), v[4], whole_label("rtdetr-topk", i, v[5])});
    check_finite("rtdetr-topk", i, found.back());
  }
  return best_of(std::move(found), placement, options);
}

std::optional<std::size_t> detr_class_count(const std::vector<TensorInfo>& outputs) {
  auto width = logits_width(outputs);
  return width && *width > 1 ? std::optional(*width - 1) : std::nullopt;
}

std::optional<std::size_t> rtdetr_class_count(const std::vector<TensorInfo>& outputs) {
  return logits_width(outputs);
}

std::optional<std::size_t> detr_scores_class_count(const std::vector<TensorInfo>& outputs) {
  return last_side_less(outputs, 4);
}

}  // namespace tamis
