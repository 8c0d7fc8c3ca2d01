#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/geometry.h"
#include "base/json.h"
#include "fit/feature_layers.h"
#include "graph/graph.h"
#include "runtime/backend.h"

namespace tamis {

struct PadimOptions {
  std::vector<std::string> layers;  ///< values or nodes of the backbone; empty: chosen
  std::size_t features = 100;       ///< channels kept of all layers together, drawn by the seed
  std::uint64_t seed = 1;
  double regularisation = 0.01;  ///< added to the covariance's diagonal, as in the paper
  double sigma_px = 4;           ///< of the smoothing, in pixels of the input, as in the paper
  double false_alarms = 0.05;    ///< share of new good pictures that may exceed the threshold
};

/// What was made.
struct PadimReport {
  std::vector<FeatureLayer> layers;
  std::vector<std::size_t> channels;  ///< kept, of the layers' channels in a row, ascending
  std::size_t fitted = 0;             ///< pictures that made the Gaussians
  std::size_t held_out = 0;           ///< pictures that made the threshold
  double threshold = 0;
  std::vector<std::string> notes;  ///< sentences for the user
};
Json to_json(const PadimReport& report);

/// Each fifth picture makes the threshold instead of the Gaussians: on those that made these the
/// distances are too small.
inline constexpr std::size_t kHeldOutOf = 5;
/// Fewer good pictures than this are refused.
inline constexpr std::size_t kLeastGood = 10;

/// Turns the backbone into an anomaly detector: score f32 [1,1] and map f32 [1,1,H,W] at the
/// input's size, higher = more likely defective.
///
///   f = concat of the layers' kept channels, brought to the finest layer's size (nearest)
///   d(p) = sqrt((f(p) − μ(p))ᵀ (S(p) + εI)⁻¹ (f(p) − μ(p)))      per position p of that layer
///   map = smooth(upsample(d)): bilinear to the input's size, then a Gaussian with repeated borders
///   score = max of map
///
/// The distance is a MatMul with the inverse Cholesky factor; upsampling and smoothing are linear
/// and separable, so both together are one matrix per axis. `feed` hands over good pictures, twice,
/// in the same order; `open` opens a model file in the runtime that executes the backbone. Memory
/// does not depend on the number of pictures. On an error the graph is as it was.
/// Throws what choose_layers and PositionGaussians throw, and invalid_argument for fewer than
/// kLeastGood pictures.
/// Sources: Defard et al. 2020, arXiv:2011.08785; the threshold is the split-conformal quantile
/// (Vovk et al. 2005): a new good picture exceeds it with at most that probability.
PadimReport fit_padim(
    Graph& graph, const PadimOptions& options, Size input,
    const std::function<std::unique_ptr<Session>(const std::filesystem::path&)>& open,
    const std::function<void(const std::function<void(std::span<const Tensor>)>&)>& feed);

/// The conformal quantile: of n scores the ceil((n + 1)(1 − share))-th smallest, or the largest
/// where there is none. At least one score.
double threshold_of(std::vector<float> good_scores, double share);

}  // namespace tamis
