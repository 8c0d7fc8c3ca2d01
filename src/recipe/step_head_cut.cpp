#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "base/error.h"
#include "graph/inspect.h"
#include "passes/head_cut.h"
#include "passes/passes.h"
#include "recipe/steps.h"
#include "vision/decoder_yolov8_cut.h"
#include "vision/decoder_yolov8_seg_cut.h"

namespace tamis {
namespace {

/// A family whose tail is cut, and what reads what is left.
struct Family {
  std::string_view uncut, cut;
  /// All positions as the uncut model gives them, from all outputs of the cut one.
  Tensor (*whole)(const std::vector<Tensor>& outputs, Size input);
};

Tensor whole_detector(const std::vector<Tensor>& outputs, Size input) {
  return yolov8_uncut(outputs, input);
}

constexpr std::array kFamilies{Family{"yolov8", "yolov8-cut", &whole_detector},
                               Family{"yolov8-seg", "yolov8-seg-cut", &yolov8_seg_uncut}};

const Family* family_of(const Card& card) {
  const auto* found = std::find_if(kFamilies.begin(), kFamilies.end(),
                                   [&](const Family& f) { return f.uncut == card.decoder; });
  return found == kFamilies.end() ? nullptr : &*found;
}

constexpr double kTolerance = 1e-4;  // per value, relative above 1
constexpr unsigned kHeadCutProbes = 2;

std::optional<YoloTail> find_tail(const Graph& fixed, const Card& card, std::string& reason) {
  if (family_of(card) == nullptr) {
    reason = fmt::format("only the tails of decoders {} and {} are cut, the card says {}",
                         kFamilies[0].uncut, kFamilies[1].uncut, card.decoder);
    return std::nullopt;
  }
  std::optional<YoloTail> tail = find_yolo_tail(fixed, reason);
  if (!tail) reason = "no YOLO tail is recognised: " + reason;
  const bool masks = family_of(card)->uncut == "yolov8-seg";
  if (!tail || masks == !tail->coefficients.empty()) return tail;
  reason = masks ? "the output holds no mask coefficients" : "the output holds mask coefficients";
  return std::nullopt;
}

YoloTail required_tail(const Graph& fixed, const Card& card) {
  std::string reason;
  if (std::optional<YoloTail> tail = find_tail(fixed, card, reason)) return *tail;
  throw Error(ErrorCode::unsupported, "head-cut: " + reason + "; leave the step out");
}

/// The largest difference per value, relative where it is above 1.
double difference(const Tensor& a, const Tensor& b) {
  if (a.type() != DataType::f32 || a.shape() != b.shape())
    throw Error(ErrorCode::unsupported,
                fmt::format("head-cut: the uncut output is {} {}, the native decoder gives {}; "
                            "leave the step out",
                            to_text(a.type()), to_text(a.shape()), to_text(b.shape())));
  double most = 0;
  for (std::int64_t i = 0; i < a.elements(); ++i) {
    const double x = a.data<float>()[i], y = b.data<float>()[i];
    const double d = std::abs(x - y) / std::max(1.0, std::abs(x));
    if (!(d <= most)) most = d;  // and what is not a number stays
  }
  return most;
}

/// Every box and score of the native decoder's reference against the uncut model's, in the
/// reference runtime: what lies between distances and output (anchors, strides, form of the box)
/// is checked by its values.
double largest_difference(const BuildState& state, const Graph& before, const Graph& after,
                          const YoloTail& tail) {
  const std::vector<TensorInfo> names = before.outputs();
  const auto at = std::find_if(names.begin(), names.end(),
                               [&](const TensorInfo& o) { return o.name == tail.output; });
  double most = 0;
  for (unsigned seed = 1; seed <= kHeadCutProbes; ++seed) {
    const std::vector<Tensor> inputs = probe_pictures(state, before, seed);
    const std::vector<Tensor> whole = evaluate_in_reference(state, before, inputs);
    std::vector<Tensor> maps = evaluate_in_reference(state, after, inputs);
    if (tail.coefficients.empty()) maps.resize(2 * tail.boxes.size());
    const Tensor& uncut = whole[static_cast<std::size_t>(at - names.begin())];
    most = std::max(most,
                    difference(uncut, family_of(state.card)->whole(maps, state.card.input_size)));
  }
  return most;
}

std::vector<int> strides_of(const Graph& fixed, const YoloTail& tail, const Card& card) {
  std::vector<int> strides;
  for (const std::string& map : tail.boxes) {
    const std::optional<Shape> shape = fixed.static_shape(map);
    if (!shape || shape->size() != 4 || (*shape)[2] < 1 ||
        card.input_size.height % (*shape)[2] != 0)
      throw Error(ErrorCode::unsupported, "head-cut: \"" + map +
                                              "\" has no whole stride on the input; leave the "
                                              "step out");
    strides.push_back(static_cast<int>(card.input_size.height / (*shape)[2]));
  }
  return strides;
}

}  // namespace

std::string head_cut_version() { return "head-cut/3"; }
std::string head_cut_text(const Json&) { return "head-cut"; }

std::string head_cut_reason(const Graph& graph, const Card& card) {
  std::string reason;
  const bool sized = family_of(card) != nullptr;  // others need no look at the graph
  find_tail(sized ? with_fixed_inputs(graph, 1, card.input_size) : graph, card, reason);
  return reason;
}

void apply_head_cut(BuildState& state, const Json&) {
  const Graph before = with_fixed_inputs(state.graph, 1, state.card.input_size);
  const YoloTail tail = required_tail(before, state.card);
  const std::vector<int> strides = strides_of(before, tail, state.card);
  Graph cut = state.graph;
  cut.infer_shapes();
  cut_yolo_tail(cut, tail);
  cut.verify();
  const Graph after = with_fixed_inputs(cut, 1, state.card.input_size);
  const double most = largest_difference(state, before, after, tail);
  if (!(most <= kTolerance))
    throw Error(ErrorCode::unsupported,
                fmt::format("head-cut: the native decoder differs from the tail by {:.3g}, more "
                            "than {:.3g}; leave the step out",
                            most, kTolerance));
  state.report = {{"output", tail.output},
                  {"reg_max", tail.bins},
                  {"strides", strides},
                  {"nodes_before", state.graph.graph().node_size()},
                  {"nodes_after", cut.graph().node_size()},
                  {"largest_difference", most}};
  state.graph = std::move(cut);
  state.card.decoder = family_of(state.card)->cut;
  state.card.reg_max = static_cast<int>(tail.bins);
  state.card.strides = strides;
  for (const char* key : {"decoder", "reg_max", "strides"})
    state.card.sources[key] = "step head-cut";
}

}  // namespace tamis
