#include "vision/decode_parts.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace tamis {

void check_finite(std::string_view decoder, std::size_t anchor, const Detection& d) {
  if (is_finite(d)) return;
  throw Error(ErrorCode::backend_failed,
              "decode " + std::string(decoder) + ": a box or score is not finite (anchor " +
                  std::to_string(anchor) + "); the model overflows in these settings");
}

const Tensor& output_of(std::string_view decoder, const std::vector<Tensor>& outputs,
                        const DetectOptions& options, std::size_t k, const Shape& wanted) {
  std::string operation = "decode " + std::string(decoder) + ": ";
  std::size_t place = k < options.order.size() ? options.order[k] : k;
  if (place >= outputs.size())
    throw Error(ErrorCode::unsupported, operation + "the model gave " +
                                            std::to_string(outputs.size()) +
                                            " outputs, too few; give --decoder");
  const Tensor& out = outputs[place];
  bool fits = out.type() == DataType::f32 && out.shape().size() == wanted.size();
  for (std::size_t i = 0; fits && i < wanted.size(); ++i)
    fits = wanted[i] < 0 ? out.shape()[i] >= 1 : out.shape()[i] == wanted[i];
  if (fits) return out;
  std::string shape;
  for (std::int64_t side : wanted)
    shape += (shape.empty() ? "" : ",") + (side < 0 ? "?" : std::to_string(side));
  throw Error(ErrorCode::unsupported, operation + "output " + std::to_string(place) + " is " +
                                          std::string(to_text(out.type())) + " " +
                                          to_text(out.shape()) + ", not f32 [" + shape +
                                          "]; give --decoder");
}

Rows rows_of(const Tensor& output) {
  return {output.data<float>(), static_cast<std::size_t>(output.shape()[1]),
          static_cast<std::size_t>(output.shape()[2])};
}

Rows objectness_rows(std::string_view decoder, const Tensor& output) {
  if (output.shape()[2] >= 6) return rows_of(output);
  throw Error(ErrorCode::unsupported, "decode " + std::string(decoder) + ": the output is " +
                                          to_text(output.shape()) +
                                          ", not [1,anchors,5+classes]; give --decoder");
}

int whole_label(std::string_view decoder, std::size_t row, float label) {
  if (label >= 0 && label < 1e6f && label == std::floor(label)) return static_cast<int>(label);
  throw Error(ErrorCode::backend_failed,
              "decode " + std::string(decoder) + ": row " + std::to_string(row) +
                  " has the class " + std::to_string(label) +
                  "; check the decoder and the outputs' order (--decoder, --outputs)");
}

std::optional<std::size_t> last_side_less(const std::vector<TensorInfo>& outputs,
                                          std::int64_t others) {
  if (outputs.empty() || outputs[0].shape.size() != 3) return std::nullopt;
  std::optional<std::int64_t> width = outputs[0].shape[2];
  if (!width || *width <= others) return std::nullopt;
  return static_cast<std::size_t>(*width - others);
}

std::vector<Detection> suppress_and_map(std::vector<Detection> candidates,
                                        const Placement& placement, const DetectOptions& options) {
  std::vector<Detection> kept = suppress(std::move(candidates), options);
  for (Detection& d : kept) d.box = to_picture(d.box, placement);
  return kept;
}

std::vector<Detection> best_of(std::vector<Detection> candidates, const Placement& placement,
                               const DetectOptions& options) {
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Detection& a, const Detection& b) { return a.score > b.score; });
  auto most = static_cast<std::size_t>(std::max(options.max_detections, 0));
  if (candidates.size() > most) candidates.resize(most);
  for (Detection& d : candidates) d.box = to_picture(d.box, placement);
  return candidates;
}

}  // namespace tamis
