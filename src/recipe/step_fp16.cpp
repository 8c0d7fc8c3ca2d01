#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "graph/inspect.h"
#include "passes/half_precision.h"
#include "passes/passes.h"
#include "recipe/steps.h"

namespace tamis {
namespace {

constexpr std::int64_t kMostElements = std::int64_t{1} << 25;  // of values looked at in one run

/// The largest magnitude of every f32 value on the first probe, a part of the values at a time.
class Magnitudes {
 public:
  Magnitudes(const BuildState& state, const Graph& fixed) : state_(state), fixed_(fixed) {}

  std::map<std::string, double> all() {
    const std::vector<Tensor> inputs = probe_inputs(fixed_);
    std::vector<std::string> part;
    std::int64_t elements = 0;
    for (const onnx::NodeProto* node : fixed_.nodes())
      for (const std::string& value : node->output()) {
        const std::optional<Shape> shape = fixed_.static_shape(value);
        const bool wanted = fixed_.type(value) == onnx::TensorProto::FLOAT && shape &&
                            !fixed_.is_constant(value) && !fixed_.is_output(value);
        if (!wanted) continue;
        part.push_back(value);
        elements += element_count(*shape);
        if (elements > kMostElements) see(part, elements, inputs);
      }
    see(part, elements, inputs);
    return largest_;
  }

 private:
  void see(std::vector<std::string>& part, std::int64_t& elements,
           const std::vector<Tensor>& inputs) {
    if (part.empty()) return;
    Graph watched = fixed_;
    watched.infer_shapes();
    for (const std::string& value : part) watched.add_output(value);
    const std::vector<TensorInfo> outputs = watched.outputs();
    const std::vector<Tensor> values = evaluate_in_reference(state_, watched, inputs);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i].type() != DataType::f32) continue;
      double& most = largest_[outputs[i].name];
      for (std::int64_t k = 0; k < values[i].elements(); ++k)
        most = std::max(most, std::abs(double{values[i].data<float>()[k]}));
    }
    part.clear();
    elements = 0;
  }

  const BuildState& state_;
  const Graph& fixed_;
  std::map<std::string, double> largest_;
};

}  // namespace

std::string fp16_version() { return "fp16/1"; }
std::string fp16_text(const Json&) { return "fp16"; }

void apply_fp16(BuildState& state, const Json&) {
  const ModelBefore before(state);
  const Graph fixed = with_fixed_inputs(state.graph, 1, state.card.input_size);
  const std::map<std::string, double> largest = Magnitudes(state, fixed).all();
  Graph graph = state.graph;
  graph.infer_shapes();
  const HalfPrecision done = to_half_precision(graph, largest);
  if (done.converted == 0)
    throw Error(ErrorCode::unsupported,
                "fp16: no node of the model can compute in f16; leave the step out");
  graph.verify();
  state.graph = std::move(graph);
  state.report["how"] =
      fmt::format("{} nodes in f16, {} kept in f32", done.converted, done.kept.size());
  state.report["kept_in_float"] = Json::array();
  for (const auto& [node, reason] : done.kept)
    state.report["kept_in_float"].push_back({{"node", node}, {"reason", reason}});
  state.report["quantised_nodes"] = done.converted;
  check_in_runtimes(state, before, state.check_backends, "fp16");
}

}  // namespace tamis
