#include "vision/decoder_ssd.h"

#include <cmath>

#include "base/error.h"
#include "vision/decode_parts.h"

namespace tamis {
namespace {

constexpr std::string_view kSsdName = "ssd";

/// The k-th tensor of the four, as numbers of any kind.
class Numbers {
 public:
  Numbers(const std::vector<Tensor>& outputs, const DetectOptions& options, std::size_t k,
          std::int64_t count)
      : tensor_(outputs.at(k < options.order.size() ? options.order[k] : k)) {
    bool known = tensor_.type() == DataType::f32 || tensor_.type() == DataType::i32 ||
                 tensor_.type() == DataType::i64;
    if (known && tensor_.elements() == count) return;
    throw Error(ErrorCode::unsupported,
                "decode ssd: an output is " + std::string(to_text(tensor_.type())) + " " +
                    to_text(tensor_.shape()) + ", not " + std::to_string(count) +
                    " numbers; give --decoder or --outputs");
  }
  double at(std::size_t i) const {
    if (tensor_.type() == DataType::i32) return tensor_.data<std::int32_t>()[i];
    if (tensor_.type() == DataType::i64)
      return static_cast<double>(tensor_.data<std::int64_t>()[i]);
    return tensor_.data<float>()[i];
  }

 private:
  const Tensor& tensor_;
};

std::size_t count_of(const Numbers& count, std::size_t most) {
  double value = count.at(0);
  if (!(value >= 0 && value <= static_cast<double>(most)))
    throw Error(ErrorCode::backend_failed,
                "decode ssd: the count of detections is " + std::to_string(value) + ", not in 0.." +
                    std::to_string(most) + "; check the outputs' order (--outputs)");
  return static_cast<std::size_t>(value);
}

std::vector<Detection> decode(const std::vector<Tensor>& outputs, const Placement& placement,
                              const DetectOptions& options, int first_class) {
  const Tensor& boxes = output_of(kSsdName, outputs, options, 0, {1, -1, 4});
  if (outputs.size() < 4)
    throw Error(ErrorCode::unsupported,
                "decode ssd: the model gave " + std::to_string(outputs.size()) +
                    " outputs, not boxes, classes, scores and count; give --decoder");
  Rows rows = rows_of(boxes);
  Numbers classes(outputs, options, 1, boxes.shape()[1]);
  Numbers scores(outputs, options, 2, boxes.shape()[1]);
  Numbers count(outputs, options, 3, 1);
  auto w = static_cast<float>(placement.input.width);
  auto h = static_cast<float>(placement.input.height);
  std::vector<Detection> found;
  for (std::size_t i = 0; i < count_of(count, rows.count); ++i) {
    auto score = static_cast<float>(scores.at(i));
    if (!is_above(score, options.min_score)) continue;
    const float* v = rows.row(i);
    int label = whole_label(kSsdName, i, static_cast<float>(classes.at(i) - first_class));
    found.push_back({{v[1] * w, v[0] * h, v[3] * w, v[2] * h}, score, label});
    check_finite(kSsdName, i, found.back());
  }
  return best_of(std::move(found), placement, options);
}

}  // namespace

std::vector<Detection> decode_ssd(const std::vector<Tensor>& outputs, const Placement& placement,
                                  const DetectOptions& options) {
  return decode(outputs, placement, options, 0);
}

std::vector<Detection> decode_ssd_from_1(const std::vector<Tensor>& outputs,
                                         const Placement& placement, const DetectOptions& options) {
  return decode(outputs, placement, options, 1);
}

std::optional<std::size_t> ssd_class_count(const std::vector<TensorInfo>&) { return std::nullopt; }

}  // namespace tamis
