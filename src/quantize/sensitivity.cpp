#include "quantize/sensitivity.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "quantize/compare.h"

namespace tamis {

namespace {

constexpr double kLeastGainShare = 0.02;  // of the noise: smaller blocks are not halved further
constexpr double kLeastCostShare = 0.25;  // of the layers' mean cost

/// `count` samples out of all, each set equally likely (Vitter 1985, algorithm R).
std::vector<std::vector<Tensor>> draw_samples(const FeedCalibration& feed,
                                              const SensitivityOptions& options) {
  std::mt19937_64 random(options.seed);
  std::vector<std::vector<Tensor>> drawn;
  std::size_t seen = 0;
  feed([&](std::span<const Tensor> inputs) {
    ++seen;
    const std::size_t place = drawn.size() < options.samples ? drawn.size() : random() % seen;
    if (place >= options.samples) return;
    std::vector<Tensor> copy;
    for (const Tensor& tensor : inputs) copy.push_back(tensor.clone());
    if (place == drawn.size()) drawn.emplace_back();
    drawn[place] = std::move(copy);
  });
  if (drawn.empty())
    throw Error(ErrorCode::invalid_argument,
                "rank layers: there is no sample to compare on; name images with --calibration");
  return drawn;
}

struct Block {
  std::size_t begin = 0, end = 0;  // of the layers
  double removed = 0;              // noise that goes when the block is in float
  std::size_t size() const { return end - begin; }
};

class Ranker {
 public:
  Ranker(const Graph& float_graph, const std::vector<std::string>& layers,
         const SensitivityTools& tools, const SensitivityOptions& options)
      : layers_(layers),
        tools_(tools),
        most_models_(options.most_models.value_or(8 + layers.size() / 3)),
        samples_(draw_samples(tools.feed, options)) {
    const std::filesystem::path file = folder_.path() / "float.onnx";
    float_graph.save(file);
    references_ = run_all(*tools.reference(file), samples_);
  }

  Sensitivity rank() {
    whole_ = noise({});
    std::vector<Block> blocks = first_blocks();
    while (halve_best(blocks)) {
    }
    return {ordered(blocks), decibels(1 / whole_), models_};
  }

 private:
  /// Noise power by signal power, summed over the outputs; the INT8 form with the layers in float.
  double noise(const std::vector<std::string>& in_float) {
    const std::filesystem::path file = folder_.path() / "int8.onnx";
    tools_.write(in_float).save(file);
    const std::unique_ptr<Session> session = tools_.runtime(file);
    ++models_;
    double sum = 0;
    for (const OutputCheck& output :
         compare_outputs(*session, references_, run_all(*session, samples_)))
      sum += std::pow(10, -output.snr_db / 10);
    return std::max(sum, 1e-20);
  }

  Block measured(std::size_t begin, std::size_t end) {
    const auto at = [&](std::size_t i) { return layers_.begin() + static_cast<std::ptrdiff_t>(i); };
    return {begin, end, whole_ - noise({at(begin), at(end)})};
  }

  /// About as many as the square root, but each layer by itself where there are few.
  std::vector<Block> first_blocks() {
    constexpr std::size_t kFew = 8;
    const std::size_t n = layers_.size();
    const std::size_t root = static_cast<std::size_t>(std::sqrt(static_cast<double>(n)));
    const std::size_t count =
        std::min({n, std::max(kFew, root), std::max<std::size_t>(1, most_models_ - 1)});
    std::vector<Block> blocks;
    for (std::size_t i = 0; i < count; ++i)
      blocks.push_back(measured(i * n / count, (i + 1) * n / count));
    return blocks;
  }

  /// False when nothing is worth halving, or the models are used up.
  bool halve_best(std::vector<Block>& blocks) {
    const auto worth = [](const Block& b) { return b.size() > 1 ? b.removed : -1; };
    const auto best =
        std::max_element(blocks.begin(), blocks.end(),
                         [&](const Block& a, const Block& b) { return worth(a) < worth(b); });
    if (best == blocks.end() || worth(*best) < kLeastGainShare * whole_) return false;
    if (models_ + 2 > most_models_) return false;
    const std::size_t middle = (best->begin + best->end) / 2;
    const Block first = measured(best->begin, middle), second = measured(middle, best->end);
    *best = first;
    blocks.insert(best + 1, second);
    return true;
  }

  static double decibels(double ratio) { return 10 * std::log10(ratio); }

  std::optional<double> extra_us(const std::string& layer) const {
    const auto at = tools_.extra_us.find(layer);
    if (at == tools_.extra_us.end()) return std::nullopt;
    return at->second;
  }

  /// What a layer counts at least; 1 for all where no time is known.
  double least_cost() const {
    double sum = 0;
    for (const auto& [layer, us] : tools_.extra_us) sum += std::max(us, 0.0);
    const double mean = sum / std::max<double>(1, static_cast<double>(tools_.extra_us.size()));
    return mean > 0 ? kLeastCostShare * mean : 1;
  }

  std::vector<LayerSensitivity> ordered(const std::vector<Block>& blocks) const {
    struct Scored {
      LayerSensitivity layer;
      double score;
    };
    const double least = least_cost();
    std::vector<Scored> all;
    for (const Block& block : blocks) {
      const double share = block.removed / static_cast<double>(block.size());
      const double left = std::max(whole_ - share, 1e-20);
      for (std::size_t i = block.begin; i < block.end; ++i) {
        const std::optional<double> us = extra_us(layers_[i]);
        all.push_back({{layers_[i], decibels(whole_ / left), block.size(), us},
                       share / std::max(us.value_or(0), least)});
      }
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const Scored& a, const Scored& b) { return a.score > b.score; });
    std::vector<LayerSensitivity> order;
    for (Scored& one : all) order.push_back(std::move(one.layer));
    return order;
  }

  const std::vector<std::string>& layers_;
  const SensitivityTools& tools_;
  const std::size_t most_models_;
  std::vector<std::vector<Tensor>> samples_, references_;
  TemporaryFolder folder_{"tamis-rank"};
  double whole_ = 0;
  std::size_t models_ = 0;
};

}  // namespace

Json to_json(const Sensitivity& sensitivity) {
  Json order = Json::array();
  for (const LayerSensitivity& one : sensitivity.order)
    order.push_back({{"node", one.node},
                     {"gain_db", one.gain_db},
                     {"together", one.together},
                     {"extra_us", one.extra_us ? Json(*one.extra_us) : Json()}});
  return {
      {"snr_db", sensitivity.snr_db}, {"models", sensitivity.models}, {"order", std::move(order)}};
}

Sensitivity parse_sensitivity(const Json& json) {
  Sensitivity sensitivity;
  sensitivity.snr_db = json.at("snr_db");
  sensitivity.models = json.at("models");
  for (const Json& one : json.at("order")) {
    LayerSensitivity layer{one.at("node"), one.at("gain_db"), one.at("together")};
    if (!one.at("extra_us").is_null()) layer.extra_us = one.at("extra_us").get<double>();
    sensitivity.order.push_back(std::move(layer));
  }
  return sensitivity;
}

Sensitivity rank_layers(const Graph& float_graph, const std::vector<std::string>& layers,
                        const SensitivityTools& tools, const SensitivityOptions& options) {
  if (layers.empty()) return {};
  return Ranker(float_graph, layers, tools, options).rank();
}

std::string to_text(const LayerSensitivity& layer) {
  char text[120];
  std::snprintf(text, sizeof text, "%+.1f dB at the output", layer.gain_db);
  std::string all = text;
  if (layer.together > 1) {
    std::snprintf(text, sizeof text, " (its share among %zu neighbours)", layer.together);
    all += text;
  }
  if (layer.extra_us) {
    std::snprintf(text, sizeof text, " for %.2f ms", *layer.extra_us / 1000);
    all += text;
  }
  return all;
}

}  // namespace tamis
