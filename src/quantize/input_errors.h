#pragma once

#include <map>
#include <string>
#include <vector>

#include "quantize/affine.h"
#include "quantize/plan.h"
#include "quantize/quantize.h"

namespace tamis {

/// Of each value that a convolution with a bias reads in 8 bits: what quantising moves the mean of
/// each channel (second axis) by, E[x' - x].
using InputErrors = std::map<std::string, std::vector<double>>;

/// Runs the float model on the first samples, with each value beside it as the quantised form makes
/// it out of exact convolutions: through all 8-bit values on the way, such as those before and
/// after a SiLU. So each layer has its own share of the error, whatever came before it. Empty where
/// no convolution has a bias to correct.
///
/// `graph`: float, shapes inferred. `plan`: of this graph; `affines`: one per group. `key`: tells
/// apart in `known` what the graph and plan hang on; the result depends on nothing else and on no
/// earlier call. Throws what `open` and `feed` throw.
InputErrors input_errors(const Graph& graph, const Plan& plan, const std::vector<Affine>& affines,
                         const OpenSession& open, const FeedCalibration& feed,
                         const StatisticsStore& known, const std::string& key);

}  // namespace tamis
