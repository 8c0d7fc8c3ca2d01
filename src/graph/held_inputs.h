#pragma once

#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace tamis {

/// Inputs beside the picture, such as `orig_target_sizes`, are held at constant values: name →
/// finite numbers, in row-major order; one number stands for all elements. Each becomes an
/// initializer of its name, so that the model has the picture's input alone. An open first
/// dimension is 1, another one as long as the numbers say. The model keeps what was held in its
/// metadata, and says it among its notes; what it holds already is left as it is. Returns whether
/// the model was changed.
///
/// Throws invalid_argument naming the inputs for a name that is none of them, for values of the
/// wrong number or type, and where no input would remain; unsupported for a type that has no
/// numbers.
bool hold_inputs(Graph& graph, const std::map<std::string, std::vector<double>>& values);

}  // namespace tamis
