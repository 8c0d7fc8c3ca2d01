#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "graph/graph.h"
#include "quantize/quantize.h"

namespace tamis {

/// The time in microseconds that a profile (Profiling::profile()) shows for each layer with what
/// follows it up to the next one: activations, movements, Q/DQ. `layers`: names of nodes of the
/// graph. Rows are matched by their name, of which a node's name or first output is the beginning,
/// since runtimes add to it ("/conv/Conv_nchwc", "/conv/Conv/WithoutBiases"); rows that match no
/// node are left out. A layer without any row is absent. Pure, thread safe.
std::map<std::string, double> layer_times_us(const Graph& graph,
                                             const std::vector<std::string>& layers,
                                             const Json& profile);

/// What each layer takes more in the float form than in the INT8 form: medians over a few runs in
/// one runtime. `open_profiled` opens with profiling. Empty where the runtime has no profile.
/// Throws what opening and running throw.
std::map<std::string, double> extra_times_us(const Graph& float_graph, const Graph& int8_graph,
                                             const std::vector<std::string>& layers,
                                             const OpenSession& open_profiled,
                                             const FeedCalibration& feed);

}  // namespace tamis
