#include "vision/decoder_end2end.h"

#include "vision/decode_parts.h"

namespace tamis {

std::vector<Detection> decode_end2end(const std::vector<Tensor>& outputs,
                                      const Placement& placement, const DetectOptions& options) {
  const Tensor& output = output_of("end2end", outputs, options, 0, {1, -1, 6});
  Rows rows = rows_of(output);
  std::vector<Detection> found;
  for (std::size_t i = 0; i < rows.count; ++i) {
    const float* v = rows.row(i);
    if (!is_above(v[4], options.min_score)) continue;
    found.push_back({{v[0], v[1], v[2], v[3]}, v[4], whole_label("end2end", i, v[5])});
    check_finite("end2end", i, found.back());
  }
  return best_of(std::move(found), placement, options);
}

std::optional<std::size_t> end2end_class_count(const std::vector<TensorInfo>&) {
  return std::nullopt;
}

}  // namespace tamis
