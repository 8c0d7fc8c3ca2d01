#pragma once

#include <string>

#include "quantize/quantize.h"
#include "quantize/stored_graph.h"
#include "recipe/build.h"
#include "recipe/recipe.h"

namespace tamis {

// The functions of the rows in recipe.cpp, one file per step.

std::string simplify_version();
std::string simplify_text(const Json& params);
void apply_simplify(BuildState& state, const Json& params);

std::string resolution_version();
std::string resolution_text(const Json& params);
void apply_resolution(BuildState& state, const Json& params);

std::string head_cut_version();
std::string head_cut_text(const Json& params);
void apply_head_cut(BuildState& state, const Json& params);
/// Empty: it can be applied.
std::string head_cut_reason(const Graph& graph, const Card& card);

std::string input_u8_version();
std::string input_u8_text(const Json& params);
void apply_input_u8(BuildState& state, const Json& params);

std::string rewrites_version();
std::string rewrites_text(const Json& params);
void apply_rewrites(BuildState& state, const Json& params);
/// Empty: some apply.
std::string rewrites_reason(const Graph& graph);

std::string fp16_version();
std::string fp16_text(const Json& params);
void apply_fp16(BuildState& state, const Json& params);

std::string int8_static_version();
std::string int8_static_text(const Json& params);
void apply_int8_static(BuildState& state, const Json& params);
struct QuantizeOptions;
/// What the parameters say beside keep_float and float_layers (float_layers.h).
QuantizeOptions int8_static_options(const Json& params);

std::string int8_dynamic_version();
std::string int8_dynamic_text(const Json& params);
void apply_int8_dynamic(BuildState& state, const Json& params);

std::string weights_version();
std::string int8_weights_text(const Json& params);
void apply_int8_weights(BuildState& state, const Json& params);
std::string int4_weights_text(const Json& params);
void apply_int4_weights(BuildState& state, const Json& params);

std::string padim_version();
std::string padim_text(const Json& params);
void apply_padim(BuildState& state, const Json& params);

/// Runs the quantised state.graph beside what it was before in those runtimes, on the calibration
/// items or, where there are none, on random pictures, and puts the outcome under report.checks.
/// `step` names the step in messages. Throws unsupported when no runtime executes it rightly.
void check_in_runtimes(BuildState& state, const StoredGraph& before,
                       const std::vector<std::string>& backends, const std::string& step);

/// What the request's steps work on: the parent, with functions that open and feed.
BuildState make_state(const BuildRequest& request);

/// Applies one step; what opens and feeds then follows the card as the step left it. What the step
/// did is in state.report. Throws invalid_argument where it needs a card and there is none, and
/// what the step throws.
void apply_step(BuildState& state, const BuildRequest& request, const Step& step);

/// Behind an exact step: the result in each of `backends` against the graph before it in the
/// reference, on a random input. Adds to state.report's "checks"; `refused` where outputs differ by
/// more than kSameNumbersTolerance or the runtime does not execute it.
void check_exact_in_runtimes(BuildState& state, const Graph& before,
                             const std::vector<std::string>& backends);

/// Runs a graph in a runtime, through a temporary file.
std::vector<Tensor> evaluate_with(const OpenSession& open, const Graph& graph,
                                  const std::vector<Tensor>& inputs);
/// The same in state's reference runtime.
std::vector<Tensor> evaluate_in_reference(const BuildState& state, const Graph& graph,
                                          const std::vector<Tensor>& inputs);

}  // namespace tamis
