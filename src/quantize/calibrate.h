#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
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

/// Runs the float graph once per sample with the values as outputs and observes them, and what
/// `sampler` (may be null) adds; the buffers are reused, so memory does not depend on the number of
/// samples. The graph needs inferred shapes. Throws invalid_argument when there is no sample,
/// corrupt_data when a value is never a finite number, and what `open` and `feed` throw.
Observations observe(const StoredGraph& graph, const std::set<std::string>& values,
                     const OpenSession& open, const FeedCalibration& feed,
                     InputSampler* sampler = nullptr);

/// What the compute nodes of the graph read on the first 64 samples, with LayerInput::rows. Throws
/// what `open` and `feed` throw.
LayerInputs sample_rows(const StoredGraph& graph, const OpenSession& open,
                        const FeedCalibration& feed);

/// Values of a float graph: whose ranges are observed, and those that layers read and are sampled.
struct Watched {
  std::set<std::string> ranges, layer_inputs;
};

/// What is to be found out about a float graph.
struct StatisticsWanted {
  std::set<std::string> ranges;  ///< of these values
  bool inputs = false;           ///< what layers read
  std::function<Watched()> all;  ///< asked where some is missing; holds `ranges`
};

struct Statistics {
  Observations ranges;
  std::optional<LayerInputs> inputs;  ///< without rows; there if wanted
  bool cached = false;                ///< the float model did not have to run
};

/// What `known` holds for this graph, where that is all that is wanted; else one run over the
/// samples finds all values, with those known before, and it is put there. One run for ranges and
/// inputs, whoever asks first, so that the same samples give the same figures to the last bit.
Statistics find_statistics(const StoredGraph& graph, const StatisticsWanted& wanted,
                           const OpenSession& open, const FeedCalibration& feed,
                           const StatisticsStore& known);

/// What is suspicious about the samples, a line each: all the same, one colour throughout, very
/// few, values that are not finite.
std::vector<std::string> suspicious_samples(const Observations& observations);

}  // namespace tamis
