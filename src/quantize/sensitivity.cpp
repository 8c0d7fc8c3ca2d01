#include "quantize/sensitivity.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "quantize/compare.h"

namespace tamis {

namespace {

constexpr double kLeastGainShare = 0.02;  // of the noise: smaller blocks are not halved further
constexpr double kSeparableShare = 0.5;   // of a block's: what its parts remove together at least
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

struct LayerBlock {
  std::size_t begin = 0, end = 0;  // of the layers
  double removed = 0;              // noise that goes when the block is in float
  std::optional<double> nearer{};  // by how much predictions come closer then; absent: unknown
  bool only_together = false;      // its parts by themselves remove next to nothing
  std::size_t size() const { return end - begin; }
};

class Ranker {
 public:
  Ranker(const Graph& float_graph, const std::vector<std::string>& layers,
         const SensitivityTools& tools, const SensitivityOptions& options)
      : layers_(layers),
        tools_(tools),
        most_models_(options.most_models.value_or(8 + layers.size() / 3)),
        comparison_(tools.reader, float_graph),
        samples_(draw_samples(tools.feed, options)) {
    const std::filesystem::path file = folder_.path() / "float.onnx";
    float_graph.save(file);
    references_ = run_all(*tools.reference(file), samples_);
  }

  Sensitivity rank() {
    whole_ = measure({});
    std::vector<LayerBlock> blocks = first_blocks();
    while (halve_best(blocks)) {
    }
    return {ordered(blocks), decibels(1 / whole_.noise), whole_.closeness, models_};
  }

 private:
  /// Of an INT8 form beside the float model.
  struct Measured {
    double noise = 0;  ///< power by signal power, summed over the parts of the outputs
    std::optional<double> closeness{};
  };

  /// The INT8 form with these layers in float.
  Measured measure(const std::vector<std::string>& in_float) {
    const std::filesystem::path file = folder_.path() / "int8.onnx";
    tools_.write(in_float).save(file);
    const std::unique_ptr<Session> session = tools_.runtime(file);
    ++models_;
    const auto outputs = run_all(*session, samples_);
    const double noise =
        noise_to_signal(comparison_.checks(session->outputs(), references_, outputs));
    return {std::max(noise, 1e-20), closeness(outputs)};
  }

  /// Mean over the samples that tell; absent where none does.
  std::optional<double> closeness(const std::vector<std::vector<Tensor>>& outputs) const {
    double sum = 0;
    std::size_t count = 0;
    try {
      for (std::size_t i = 0; i < outputs.size(); ++i) {
        const auto one = comparison_.closeness(references_[i], outputs[i]);
        sum += one.value_or(0);
        count += one ? 1 : 0;
      }
    } catch (const Error& error) {
      if (error.code() == ErrorCode::io) throw;
      return std::nullopt;  // this form's mean nothing
    }
    if (count == 0) return std::nullopt;
    return sum / static_cast<double>(count);
  }

  LayerBlock measured(std::size_t begin, std::size_t end) {
    const auto at = [&](std::size_t i) { return layers_.begin() + static_cast<std::ptrdiff_t>(i); };
    const Measured without = measure({at(begin), at(end)});
    LayerBlock block{begin, end, whole_.noise - without.noise};
    if (without.closeness && whole_.closeness)
      block.nearer = *without.closeness - *whole_.closeness;
    return block;
  }

  double removed_by(const std::vector<LayerBlock>& blocks) const {
    double sum = 0;
    for (const LayerBlock& block : blocks) sum += block.removed;
    return sum;
  }

  /// Blocks that begin at `offset` parts of a block's length; the first and last may be shorter.
  std::vector<LayerBlock> partition(std::size_t count, double offset) {
    const auto border = [&](double parts) {
      const double at = parts * static_cast<double>(layers_.size()) / static_cast<double>(count);
      return std::min(layers_.size(), static_cast<std::size_t>(std::max(0.0, at)));
    };
    std::vector<LayerBlock> blocks;
    for (double parts = offset - 1; border(parts) < layers_.size(); parts += 1) {
      if (border(parts) < border(parts + 1))
        blocks.push_back(measured(border(parts), border(parts + 1)));
    }
    return blocks;
  }

  /// About as many as the square root. Where two layers matter only together and a border runs
  /// between them, other borders show it.
  std::vector<LayerBlock> first_blocks() {
    const auto root = static_cast<std::size_t>(std::sqrt(static_cast<double>(layers_.size())));
    const std::size_t count = std::max<std::size_t>(2, std::min(root, most_models_ / 3));
    std::vector<LayerBlock> blocks = partition(count, 0);
    if (removed_by(blocks) > kSeparableShare * whole_.noise) return blocks;
    std::vector<LayerBlock> shifted = partition(count, 0.5);
    return removed_by(shifted) > removed_by(blocks) ? shifted : blocks;
  }

  /// False when nothing is worth halving, or the models are used up.
  bool halve_best(std::vector<LayerBlock>& blocks) {
    const auto worth = [](const LayerBlock& b) {
      return b.size() > 1 && !b.only_together ? b.removed : -1;
    };
    const auto best = std::max_element(
        blocks.begin(), blocks.end(),
        [&](const LayerBlock& a, const LayerBlock& b) { return worth(a) < worth(b); });
    if (best == blocks.end() || worth(*best) < kLeastGainShare * whole_.noise) return false;
    if (models_ + 2 > most_models_) return false;
    const std::size_t middle = (best->begin + best->end) / 2;
    std::vector<LayerBlock> parts{measured(best->begin, middle), measured(middle, best->end)};
    if (removed_by(parts) < kSeparableShare * best->removed) parts = narrowed(*best, middle);
    const auto at = blocks.erase(best);
    blocks.insert(at, parts.begin(), parts.end());
    return true;
  }

  /// The least part of the block, around `middle`, that removes most of what the block does; the
  /// rest of it removes next to nothing.
  std::vector<LayerBlock> narrowed(const LayerBlock& block, std::size_t middle) {
    LayerBlock core = block;
    const auto keeps = [&](std::size_t begin, std::size_t end) {
      if (models_ >= most_models_) return false;
      const LayerBlock part = measured(begin, end);
      const bool enough = part.removed >= kSeparableShare * block.removed;
      if (enough) core = part;
      return enough;
    };
    for (std::size_t low = block.begin, high = middle - 1; low < high;) {
      const std::size_t begin = (low + high + 1) / 2;
      keeps(begin, core.end) ? low = begin : high = begin - 1;
    }
    for (std::size_t low = middle + 1, high = block.end; low < high;) {
      const std::size_t end = (low + high) / 2;
      keeps(core.begin, end) ? high = end : low = end + 1;
    }
    core.only_together = true;
    std::vector<LayerBlock> parts;
    if (block.begin < core.begin) parts.push_back({block.begin, core.begin});
    parts.push_back(core);
    if (core.end < block.end) parts.push_back({core.end, block.end});
    return parts;
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

  std::vector<LayerSensitivity> ordered(const std::vector<LayerBlock>& blocks) const {
    struct Scored {
      LayerSensitivity layer;
      double score;
    };
    const double least = least_cost();
    std::vector<Scored> all;
    for (const LayerBlock& block : blocks) {
      const double share = block.removed / static_cast<double>(block.size());
      const double gone = block.only_together ? block.removed : share;
      const double gain_db = decibels(whole_.noise / std::max(whole_.noise - gone, 1e-20));
      std::optional<double> nearer;
      if (block.nearer)
        nearer = *block.nearer / (block.only_together ? 1 : static_cast<double>(block.size()));
      double cost_of_all = 0;
      for (std::size_t i = block.begin; i < block.end; ++i)
        cost_of_all += std::max(extra_us(layers_[i]).value_or(0), least);
      for (std::size_t i = block.begin; i < block.end; ++i) {
        const std::optional<double> us = extra_us(layers_[i]);
        const double cost = block.only_together ? cost_of_all / static_cast<double>(block.size())
                                                : std::max(us.value_or(0), least);
        all.push_back(
            {{layers_[i], gain_db, block.size(), block.only_together, us, nearer}, share / cost});
      }
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const Scored& a, const Scored& b) { return a.score > b.score; });
    std::vector<LayerSensitivity> order;
    for (Scored& one : all) order.push_back(std::move(one.layer));
    return order;
  }

  const std::vector<std::string> layers_;  // a copy: writing may change the caller's
  const SensitivityTools& tools_;
  const std::size_t most_models_;
  const OutputComparison comparison_;
  std::vector<std::vector<Tensor>> samples_, references_;
  TemporaryFolder folder_{"tamis-rank"};
  Measured whole_;
  std::size_t models_ = 0;
};

}  // namespace

Json to_json(const Sensitivity& sensitivity) {
  Json order = Json::array();
  for (const LayerSensitivity& one : sensitivity.order)
    order.push_back({{"node", one.node},
                     {"gain_db", one.gain_db},
                     {"together", one.together},
                     {"only_together", one.only_together},
                     {"gain_closeness", one.gain_closeness ? Json(*one.gain_closeness) : Json()},
                     {"extra_us", one.extra_us ? Json(*one.extra_us) : Json()}});
  return {{"snr_db", sensitivity.snr_db},
          {"closeness", sensitivity.closeness ? Json(*sensitivity.closeness) : Json()},
          {"models", sensitivity.models},
          {"order", std::move(order)}};
}

Sensitivity parse_sensitivity(const Json& json) {
  Sensitivity sensitivity;
  sensitivity.snr_db = json.at("snr_db");
  sensitivity.models = json.at("models");
  const auto number = [](const Json& value) {
    return value.is_null() ? std::nullopt : std::optional(value.get<double>());
  };
  sensitivity.closeness = number(json.value("closeness", Json()));
  for (const Json& one : json.at("order")) {
    LayerSensitivity layer{one.at("node"), one.at("gain_db"), one.at("together"),
                           one.at("only_together")};
    layer.extra_us = number(one.at("extra_us"));
    layer.gain_closeness = number(one.value("gain_closeness", Json()));
    sensitivity.order.push_back(std::move(layer));
  }
  return sensitivity;
}

Sensitivity rank_layers(const Graph& float_graph, const std::vector<std::string>& layers,
                        const SensitivityTools& tools, const SensitivityOptions& options) {
  if (layers.size() < 2) return {};  // without it nothing would be in INT8
  return Ranker(float_graph, layers, tools, options).rank();
}

}  // namespace tamis
