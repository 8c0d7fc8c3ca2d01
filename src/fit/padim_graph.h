#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/geometry.h"
#include "fit/feature_layers.h"
#include "graph/graph.h"

namespace tamis {

/// Cuts the backbone behind its layers and gathers the kept channels at the finest layer's size:
/// the only output is then f32 [1, kept, H, W], whose name comes back. `channels` counts through
/// the layers in their order.
std::string cut_to_features(Graph& graph, const std::vector<FeatureLayer>& layers,
                            const std::vector<std::size_t>& channels);

/// What makes a detector of the features.
struct PadimHead {
  std::size_t features = 0;
  Size grid;   ///< of the features
  Size input;  ///< of the map
  double sigma_px = 4;
  std::vector<float> mean;       ///< [features][positions]
  std::vector<float> whitening;  ///< [positions][features][features]
};

/// Replaces the output `features` by score [1,1] and map [1,1,H,W].
void add_head(Graph& graph, const std::string& features, const PadimHead& head);

/// [to][from]: bilinear upsampling (half-pixel centres), then a Gaussian of sigma, cut at four of
/// them, whose borders repeat the outermost value. Rows sum to 1.
std::vector<double> smoothing_matrix(int from, int to, double sigma);

}  // namespace tamis
