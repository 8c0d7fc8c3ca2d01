#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "graph/graph.h"
#include "quantize/quantize.h"
#include "runtime/backend.h"

namespace tamis {

/// What giving one layer back to FP32 does, all others in INT8.
struct LayerSensitivity {
  std::string node;
  double gain_db = 0;          ///< signal to noise at the model's outputs; may be negative
  std::size_t together = 1;    ///< measured with so many neighbours at once; gain_db is its share
  bool only_together = false;  ///< one of these alone gains next to nothing; gain_db is all theirs
  std::optional<double> extra_us = {};        ///< float less INT8 time of the layer, where profiled
  std::optional<double> gain_closeness = {};  ///< of predictions, shared as gain_db is
};

struct SensitivityOptions {
  std::size_t samples = 4;  ///< of the calibration, drawn by the seed
  std::uint64_t seed = 1;
  std::optional<std::size_t> most_models =
      {};  ///< built at most; absent: 8 + a third of the layers
};

struct Sensitivity {
  std::vector<LayerSensitivity> order;   ///< best to give back first
  double snr_db = 0;                     ///< at the outputs, all layers in INT8
  std::optional<double> closeness = {};  ///< of predictions, all layers in INT8
  std::size_t models = 0;                ///< INT8 models that were built and run
};
/// {snr_db, closeness: null | number, models, order: [{node, gain_db, together, only_together,
/// gain_closeness: null | number, extra_us: null | us}]}
Json to_json(const Sensitivity& sensitivity);
Sensitivity parse_sensitivity(const Json& json);

/// What the ranking works with. All functions are called from the caller's thread.
struct SensitivityTools {
  /// The INT8 form with these nodes left in float, from statistics that are observed once.
  std::function<Graph(const std::vector<std::string>& keep_float)> write;
  OpenSession reference;  ///< for the float model
  OpenSession runtime;    ///< for the INT8 forms: the one in which they will run
  FeedCalibration feed;
  std::map<std::string, double> extra_us = {};  ///< of layers, see extra_times(); may be empty
  OutputReader reader = {};                     ///< of the model's outputs
};

/// Ranks the layers of a float model by the noise at its outputs that goes when the layer is given
/// back to FP32, per time that this costs where that is known (a layer counts at least a quarter of
/// the mean, so that none is free). `layers`: names of the nodes that are in INT8 otherwise, in the
/// graph's order. Blocks of neighbours are given back first and halved where that gains most, so
/// that far fewer models are built than there are layers; those of a block that was not halved
/// share its gain, as do those that gain only together (a range that one writes and another reads).
/// How much nearer predictions come is measured on the same runs and said, but does not order: over
/// a few samples it is mostly chance.
/// Deterministic for deterministic tools. Throws what the tools throw. Source: Wu et al. 2020,
/// arXiv:2004.09602, section 5 (partial quantisation), there one layer at a time.
Sensitivity rank_layers(const Graph& float_graph, const std::vector<std::string>& layers,
                        const SensitivityTools& tools, const SensitivityOptions& options = {});

}  // namespace tamis
