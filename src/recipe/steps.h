#pragma once

#include <string>

#include "passes/passes.h"
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

std::string free_shapes_version();
std::string free_shapes_text(const Json& params);
void apply_free_shapes(BuildState& state, const Json& params);

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
BuildState make_state(const BuildRequest& request, const TellProgress& tell);

/// Applies one step; what opens and feeds then follows the card as the step left it. What the step
/// did is in state.report. Throws invalid_argument where it needs a card and there is none, and
/// what the step throws.
void apply_step(BuildState& state, const BuildRequest& request, const Step& step);

/// Behind an exact step: the result in each of `backends` against the graph before it in the
/// reference, on a probe. Adds to state.report's "checks"; `refused` where the runtime does not
/// execute it, or where outputs are not the same_numbers(). Where the runtime differs from the
/// reference on the graph before as well, that is no refusal: `note` says so and names both.
void check_exact_in_runtimes(BuildState& state, const Graph& before,
                             const std::vector<std::string>& backends);

/// Inputs to compare a graph's runs on: the seed-th calibration picture where there is one of the
/// graph's shape, else probe_inputs() prepared as the card says.
std::vector<Tensor> probe_pictures(const BuildState& state, const Graph& fixed, unsigned seed = 1);

/// Each output's movement between two graphs on a probe, in the reference runtime; throws where
/// they do not give the same_numbers().
std::vector<OutputDifference> require_same_in_reference(const BuildState& state,
                                                        const Graph& before, const Graph& after);

/// Runs a graph in a runtime, through a temporary file.
std::vector<Tensor> evaluate_with(const OpenSession& open, const Graph& graph,
                                  const std::vector<Tensor>& inputs);
/// The same in state's reference runtime.
std::vector<Tensor> evaluate_in_reference(const BuildState& state, const Graph& graph,
                                          const std::vector<Tensor>& inputs);

}  // namespace tamis
