#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "quantize/histogram.h"
#include "quantize/layer_inputs.h"
#include "quantize/quantize.h"
#include "quantize/stored_graph.h"

namespace tamis {

/// What was seen of each value over all samples.
struct Observations {
  std::map<std::string, Histogram> seen;
  std::size_t samples = 0;
  std::size_t distinct = 0;  ///< samples that differ from all before
  std::size_t uniform = 0;   ///< samples whose inputs hold one value throughout: empty pictures
};
Json to_json(const Observations& observations);
/// Throws corrupt_data.
Observations parse_observations(const Json& json);

/// Runs the float graph once per sample with the values as outputs and observes them; the buffers
/// are reused, so memory does not depend on the number of samples. The graph needs inferred shapes.
/// Throws invalid_argument when there is no sample, corrupt_data when a value is never a finite
/// number, and what `open` and `feed` throw.
Observations observe(const StoredGraph& graph, const std::set<std::string>& values,
                     const OpenSession& open, const FeedCalibration& feed);

/// What the compute nodes of the graph read on the first 32 samples, or 64 with `keep_rows`
/// (LayerInput::rows). A run of its own: with the observed values as outputs too, ONNX Runtime
/// would keep nearly all activations at once. Throws what `open` and `feed` throw.
LayerInputs sample_layers(const StoredGraph& graph, const OpenSession& open,
                          const FeedCalibration& feed, bool keep_rows);

/// What `known` holds for this graph, where that has all of `needed`; else the `wanted` (that hold
/// the needed) are observed, with all that was known before, and put there (without rows).
/// `cached`: whether the float model did not have to run.
Observations observe_or_find(const StoredGraph& graph, const std::set<std::string>& needed,
                             const std::function<std::set<std::string>()>& wanted,
                             const OpenSession& open, const FeedCalibration& feed,
                             const StatisticsStore& known, bool& cached);

/// What is suspicious about the samples, a line each: all the same, one colour throughout, very
/// few, values that are not finite.
std::vector<std::string> suspicious_samples(const Observations& observations);

}  // namespace tamis
