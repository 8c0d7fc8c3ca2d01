#pragma once

#include <set>
#include <string>

#include "graph/graph.h"

namespace tamis {

/// Graph outputs whose rows a TopK, a NonMaxSuppression or a vendor's operator for the same chooses
/// or sorts by value: a small change of the numbers makes two rows change places. Thread safe.
std::set<std::string> outputs_in_any_order(const Graph& graph);

}  // namespace tamis
