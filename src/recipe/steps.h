#pragma once

#include <string>

#include "recipe/recipe.h"

namespace tamis {

// The functions of the rows in recipe.cpp, one file per step.

std::string simplify_version();
std::string simplify_text(const Json& params);
void apply_simplify(BuildState& state, const Json& params);

std::string int8_static_version();
std::string int8_static_text(const Json& params);
void apply_int8_static(BuildState& state, const Json& params);

/// Runs a graph in state's reference runtime, through a temporary file.
std::vector<Tensor> evaluate_in_reference(const BuildState& state, const Graph& graph,
                                          const std::vector<Tensor>& inputs);

}  // namespace tamis
