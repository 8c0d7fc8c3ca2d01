#include "vision/decoder_yolov5.h"

#include "vision/decode_parts.h"

namespace tamis {

std::vector<Detection> decode_yolov5(const std::vector<Tensor>& outputs, const Placement& placement,
                                     const DetectOptions& options) {
  const Tensor& output = output_of("yolov5", outputs, options, 0, {1, -1, -1});
  Rows rows = objectness_rows("yolov5", output);
  std::vector<Detection> found;
  for (std::size_t a = 0; a < rows.count; ++a) {
    const float* v = rows.row(a);
    if (!is_above(v[4], options.min_score)) continue;
    for (std::size_t c = 0; c + 5 < rows.width; ++c) {
      float score = v[4] * v[5 + c];
      if (!is_above(score, options.min_score)) continue;
      found.push_back({centre_box(v[0], v[1], v[2], v[3]), score, static_cast<int>(c)});
      check_finite("yolov5", a, found.back());
    }
  }
  return suppress_and_map(std::move(found), placement, options);
}

std::optional<std::size_t> yolov5_class_count(const std::vector<TensorInfo>& outputs) {
  return last_side_less(outputs, 5);
}

}  // namespace tamis
