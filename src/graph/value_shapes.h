#pragma once

#include <optional>
#include <string>

#include "base/geometry.h"
#include "graph/graph.h"

namespace tamis {

/// Why an output's shape depends on what the picture holds: it is open although batch and picture
/// size are known, and comes from an operator that gives as many rows as it finds (NonZero,
/// NonMaxSuppression, Unique, Compress), where that looks at the picture's values and not at shapes
/// alone. One sentence naming output, operator and remedy; absent where no output is like that.
/// `size` stands in for open sides of the picture.
std::optional<std::string> value_dependent_output(const Graph& graph, std::optional<Size> size);

}  // namespace tamis
