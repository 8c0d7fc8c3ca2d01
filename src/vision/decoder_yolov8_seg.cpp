#include "vision/decoder_yolov8_seg.h"

#include "base/error.h"
#include "vision/decode_parts.h"
#include "vision/decoder_yolov8.h"
#include "vision/prototype_mask.h"

namespace tamis {
namespace {

constexpr std::string_view kSegName = "yolov8-seg";

/// The prototypes have four dimensions, the anchors three; either may come first.
struct SegOutputs {
  const Tensor* anchors;
  const Tensor* prototypes;
};

SegOutputs find_outputs(const std::vector<Tensor>& outputs, const DetectOptions& options) {
  DetectOptions in_order = options;
  if (in_order.order.empty() && outputs.size() > 1 && outputs[0].shape().size() == 4)
    in_order.order = {1, 0};
  const Tensor& prototypes = output_of(kSegName, outputs, in_order, 1, {1, -1, -1, -1});
  const Tensor& anchors = output_of(kSegName, outputs, in_order, 0, {1, -1, -1});
  if (anchors.shape()[1] < 5 + prototypes.shape()[1])
    throw Error(ErrorCode::unsupported,
                "decode yolov8-seg: the outputs are " + to_text(anchors.shape()) + " and " +
                    to_text(prototypes.shape()) +
                    ", not [1,4+classes+M,anchors] and [1,M,h,w]; give --decoder");
  return {&anchors, &prototypes};
}

std::vector<float> coefficients_of(const SegOutputs& outputs, std::size_t first,
                                   std::size_t anchor) {
  auto anchors = static_cast<std::size_t>(outputs.anchors->shape()[2]);
  std::vector<float> out(static_cast<std::size_t>(outputs.prototypes->shape()[1]));
  for (std::size_t m = 0; m < out.size(); ++m)
    out[m] = outputs.anchors->data<float>()[(first + m) * anchors + anchor];
  return out;
}

}  // namespace

Segments decode_yolov8_seg(const std::vector<Tensor>& tensors, const Placement& placement,
                           const DetectOptions& options) {
  SegOutputs outputs = find_outputs(tensors, options);
  const Shape& shape = outputs.prototypes->shape();
  Prototypes prototypes{outputs.prototypes->data<float>(), static_cast<int>(shape[1]),
                        static_cast<int>(shape[2]), static_cast<int>(shape[3])};
  auto classes = static_cast<std::size_t>(outputs.anchors->shape()[1] - 4 - shape[1]);
  YoloCandidates candidates = yolov8_candidates(*outputs.anchors, classes, options.min_score);
  Segments out;
  for (std::size_t i : suppressed_order(candidates.found, options)) {
    Detection d = candidates.found[i];
    d.box = to_picture(d.box, placement);
    std::vector<float> own = coefficients_of(outputs, 4 + classes, candidates.anchors[i]);
    out.masks.push_back(to_text(prototype_mask(prototypes, own, d.box, placement)));
    out.boxes.push_back(d);
  }
  return out;
}

std::optional<std::size_t> yolov8_seg_class_count(const std::vector<TensorInfo>& outputs) {
  std::optional<std::int64_t> rows, coefficients;
  for (const TensorInfo& output : outputs) {
    if (output.shape.size() == 3) rows = output.shape[1];
    if (output.shape.size() == 4) coefficients = output.shape[1];
  }
  if (!rows || !coefficients || *rows < 5 + *coefficients) return std::nullopt;
  return static_cast<std::size_t>(*rows - 4 - *coefficients);
}

}  // namespace tamis
