#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>

#include "base/error.h"
#include "base/files.h"
#include "graph/inspect.h"
#include "passes/half_precision.h"
#include "passes/passes.h"
#include "quantize/first_samples.h"
#include "recipe/steps.h"

namespace tamis {
namespace {

constexpr std::int64_t kMostElements = std::int64_t{1} << 25;  // of values looked at in one run
constexpr std::size_t kMostPictures = 32;
constexpr unsigned kFp16Probes = 3;

/// The largest magnitude of every f32 value on the first calibration pictures, or on random probes
/// where there are none: a part of the values at a time.
class Magnitudes {
 public:
  Magnitudes(const BuildState& state, const Graph& fixed) : state_(state), fixed_(fixed) {}

  std::map<std::string, double> all() {
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
        if (elements > kMostElements) see(part, elements);
      }
    see(part, elements);
    return largest_;
  }

  std::size_t samples() const { return samples_; }

 private:
  void see(std::vector<std::string>& part, std::int64_t& elements) {
    if (part.empty()) return;
    Graph watched = fixed_;
    watched.infer_shapes();
    for (const std::string& value : part) watched.add_output(value);
    TemporaryFolder folder("tamis-fp16");
    watched.save(folder.path() / "watched.onnx");
    const auto session = state_.open_reference(folder.path() / "watched.onnx");
    std::vector<Tensor> values = make_tensors(session->outputs());
    for_each_sample([&](std::span<const Tensor> inputs) {
      session->run(inputs, values);
      for (std::size_t i = 0; i < values.size(); ++i)
        if (values[i].type() == DataType::f32) look(session->outputs()[i].name, values[i]);
    });
    part.clear();
    elements = 0;
  }

  /// What is no number counts as beyond every limit.
  void look(const std::string& name, const Tensor& value) {
    double& most = largest_[name];
    for (std::int64_t k = 0; k < value.elements(); ++k) {
      const double magnitude = std::abs(double{value.data<float>()[k]});
      if (!(magnitude <= most)) most = std::isnan(magnitude) ? INFINITY : magnitude;
    }
  }

  void for_each_sample(const std::function<void(std::span<const Tensor>)>& use) {
    samples_ = 0;
    if (!state_.feed) {
      for (; samples_ < kFp16Probes; ++samples_)
        use(probe_pictures(state_, fixed_, static_cast<unsigned>(samples_) + 1));
      return;
    }
    feed_while(state_.feed, [&](std::span<const Tensor> inputs) {
      use(inputs);
      return ++samples_ < kMostPictures;
    });
  }

  const BuildState& state_;
  const Graph& fixed_;
  std::map<std::string, double> largest_;
  std::size_t samples_ = 0;
};

}  // namespace

std::string fp16_version() { return "fp16/3"; }
std::string fp16_text(const Json&) { return "fp16"; }

void apply_fp16(BuildState& state, const Json&) {
  const StoredGraph before(state.graph);
  const Graph fixed = with_fixed_inputs(state.graph, 1, state.input_size());
  Magnitudes magnitudes(state, fixed);
  const std::map<std::string, double> largest = magnitudes.all();
  Graph graph = state.graph;
  graph.infer_shapes();
  const HalfPrecision done = to_half_precision(graph, largest);
  if (done.converted == 0)
    throw Error(ErrorCode::unsupported,
                "fp16: no node of the model can compute in f16; leave the step out");
  graph.verify();
  state.graph = std::move(graph);
  state.report["how"] = fmt::format("{} nodes in f16, {} kept in f32, by the values on {} {}",
                                    done.converted, done.kept.size(), magnitudes.samples(),
                                    state.feed ? "calibration images" : "random inputs");
  state.report["kept_in_float"] = Json::array();
  for (const auto& [node, reason] : done.kept)
    state.report["kept_in_float"].push_back({{"node", node}, {"reason", reason}});
  state.report["quantised_nodes"] = done.converted;
  check_in_runtimes(state, before, state.check_backends, "fp16");
}

}  // namespace tamis
