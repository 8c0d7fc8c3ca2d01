#include "fit/padim.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/files.h"
#include "fit/gaussians.h"
#include "fit/padim_graph.h"
#include "graph/inspect.h"
#include "stats/random.h"

namespace tamis {
namespace {

constexpr int kLeastOpset = 13;  // ReduceSum with axes as an input
constexpr const char* kMetadata = "tamis.padim";

using Open = std::function<std::unique_ptr<Session>(const std::filesystem::path&)>;
using Feed = std::function<void(const std::function<void(std::span<const Tensor>)>&)>;

/// Runs a graph on pictures as they come, and counts them. Where `wanted` says no, they are passed
/// over.
std::size_t run_on(const Graph& graph, const Open& open, const Feed& feed,
                   const std::function<bool(std::size_t)>& wanted,
                   const std::function<void(const std::vector<Tensor>&)>& use) {
  TemporaryFolder folder("tamis-fit");
  const auto file = folder.path() / "model.onnx";
  graph.save(file);
  const std::unique_ptr<Session> session = open(file);
  std::vector<Tensor> outputs = make_tensors(session->outputs());
  std::size_t number = 0;
  feed([&](std::span<const Tensor> inputs) {
    if (!wanted(number++)) return;
    session->run(inputs, outputs);
    use(outputs);
  });
  return number;
}

bool is_held_out(std::size_t number) { return number % kHeldOutOf == kHeldOutOf - 1; }

std::vector<std::size_t> draw_channels(const std::vector<FeatureLayer>& layers,
                                       const PadimOptions& options) {
  std::size_t all = 0;
  for (const FeatureLayer& layer : layers) all += layer.channels;
  std::vector<std::size_t> channels(all);
  std::iota(channels.begin(), channels.end(), std::size_t{0});
  Random random(options.seed);
  shuffle(std::span<std::size_t>(channels), random);
  channels.resize(std::min(all, options.features));
  std::sort(channels.begin(), channels.end());
  return channels;
}

PositionGaussians fit(const Graph& graph, const Open& open, const Feed& feed,
                      const PadimReport& report) {
  const Size& grid = report.layers.front().size;
  PositionGaussians gaussians(
      static_cast<std::size_t>(grid.height) * static_cast<std::size_t>(grid.width),
      report.channels.size());
  const std::size_t all = run_on(
      graph, open, feed, [](std::size_t n) { return !is_held_out(n); },
      [&](const std::vector<Tensor>& outputs) {
        const Tensor& f = outputs.at(0);
        gaussians.add({f.data<float>(), static_cast<std::size_t>(f.elements())});
      });
  if (all < kLeastGood)
    throw Error(
        ErrorCode::invalid_argument,
        fmt::format("fit anomaly: {} good images are too few; give at least {}", all, kLeastGood));
  return gaussians;
}

std::vector<float> held_out_scores(const Graph& graph, const Open& open, const Feed& feed) {
  std::vector<float> scores;
  run_on(graph, open, feed, is_held_out, [&](const std::vector<Tensor>& outputs) {
    scores.push_back(outputs.at(0).data<float>()[0]);
  });
  return scores;
}

void add_notes(PadimReport& report, const PadimOptions& options) {
  const std::size_t features = report.channels.size();
  if (features < options.features)
    report.notes.push_back(fmt::format("all {} channels of these layers are kept", features));
  if (report.fitted < features)
    report.notes.push_back(
        fmt::format("{} images are fewer than the {} features: the covariances depend on their "
                    "regularisation; give more images, or fewer --features",
                    report.fitted, features));
  const double needed = std::ceil(1 / options.false_alarms) - 1;
  if (static_cast<double>(report.held_out) < needed)
    report.notes.push_back(
        fmt::format("the threshold is the largest of {} scores; {:.0f} are needed for a share of "
                    "false alarms of {:.3g}",
                    report.held_out, needed, options.false_alarms));
}

/// What the backbone says of itself is not true of the detector.
void forget_metadata(Graph& graph) {
  auto& all = *graph.proto().mutable_metadata_props();
  for (int i = all.size() - 1; i >= 0; --i)
    if (all[i].key().rfind("tamis.", 0) != 0) all.DeleteSubrange(i, 1);
}

void check_options(const PadimOptions& options) {
  if (options.features == 0)
    throw Error(ErrorCode::invalid_argument, "fit anomaly: --features must be at least 1");
  if (!(options.false_alarms > 0 && options.false_alarms < 1))
    throw Error(ErrorCode::invalid_argument,
                "fit anomaly: --false-alarms must be between 0 and 1, such as 5%");
}

}  // namespace

double threshold_of(std::vector<float> good_scores, double share) {
  std::sort(good_scores.begin(), good_scores.end());
  const auto n = static_cast<double>(good_scores.size());
  const double rank = std::min(n, std::ceil((n + 1) * (1 - share) - 1e-9));
  return static_cast<double>(good_scores[static_cast<std::size_t>(std::max(rank, 1.0)) - 1]);
}

PadimReport fit_padim(Graph& backbone, const PadimOptions& options, Size input, const Open& open,
                      const Feed& feed) {
  check_options(options);
  Graph graph = with_fixed_inputs(backbone, 1, input);
  if (graph.opset().value_or(0) < kLeastOpset) graph.upgrade_opset(kLeastOpset);
  graph.infer_shapes();
  PadimReport report;
  report.layers = choose_layers(graph, options.layers);
  report.channels = draw_channels(report.layers, options);
  const std::string features = cut_to_features(graph, report.layers, report.channels);
  {
    PositionGaussians gaussians = fit(graph, open, feed, report);
    report.fitted = gaussians.samples();
    PadimHead head{report.channels.size(),
                   report.layers.front().size,
                   input,
                   options.sigma_px,
                   gaussians.mean(),
                   gaussians.whitening(options.regularisation)};
    add_head(graph, features, head);
  }
  const std::vector<float> scores = held_out_scores(graph, open, feed);
  report.held_out = scores.size();
  report.threshold = threshold_of(scores, options.false_alarms);
  add_notes(report, options);
  forget_metadata(graph);
  Json made = to_json(report);
  made.erase("notes");
  graph.set_metadata(kMetadata, json_text(made));
  backbone = std::move(graph);
  return report;
}

Json to_json(const PadimReport& report) {
  Json layers = Json::array();
  for (const FeatureLayer& l : report.layers)
    layers.push_back({{"value", l.value},
                      {"channels", l.channels},
                      {"size", {l.size.height, l.size.width}},
                      {"stride", l.stride}});
  return {{"layers", layers},
          {"channels", report.channels},
          {"fitted", report.fitted},
          {"held_out", report.held_out},
          {"threshold", report.threshold},
          {"notes", report.notes}};
}

}  // namespace tamis
