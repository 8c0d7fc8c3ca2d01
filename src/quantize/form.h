#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "quantize/affine.h"
#include "quantize/constants.h"
#include "quantize/layer_inputs.h"
#include "quantize/plan.h"
#include "quantize/quantize.h"
#include "quantize/stored_graph.h"

namespace tamis {

/// A float graph with what was decided for it. The plan's node pointers are into `graph`.
struct Planned {
  Graph graph;
  Plan plan;
  std::map<std::string, std::string> too_wide;  ///< what the plan was made with (plan.h)
  std::vector<Affine> affines;                  ///< one per group
  LayerInputs inputs;                           ///< what its layers read
};

/// The plan of the target: for tensorrt biases stay as they are, in float.
Plan plan_for(const Graph& graph, const QuantizeOptions& options,
              const std::map<std::string, std::string>& too_wide = {});

/// The samples of what a layer reads; null where there are none.
const LayerInput* input_of(const Planned& planned, const ComputeNode& compute);

/// An INT8 form before it is written: what corrections change. Cheap to copy but for the constants.
struct Form {
  std::shared_ptr<const StoredGraph> parent;  ///< the float graph that it stands for
  std::shared_ptr<const Planned> planned;
  std::vector<NodeConstants> constants;  ///< one per node of planned->plan.compute
  QuantizeReport report;
};

/// A form as a graph, and for each compute node the value that it makes there.
struct Written {
  Graph graph;
  std::vector<std::string> computed;
};

/// Writes a form. Thread safe.
Written write_form(const Form& form, const QuantizeOptions& options);

}  // namespace tamis
