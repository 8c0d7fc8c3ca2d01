#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "quantize/quantize.h"
#include "quantize/roles.h"

namespace tamis {

/// How the range of a group comes about.
struct RangeSource {
  enum class Kind {
    seen,   ///< of `value` as observed
    whole,  ///< of `value` from its least to its greatest: nodes in float read it, to which the
            ///< rare extremes may be what counts (the logits of a detector's head)
    after_silu,   ///< of silu(`value`), from what was observed of `value`
    before_silu,  ///< of `value`, whose only use is SiLU
    unit,         ///< [0, 1]: the output of a Sigmoid
    group,        ///< the range of another group (the inputs of a Concat with own scales)
  };
  Kind kind = Kind::seen;
  std::string value;
  std::size_t group = 0;
};

/// Values that share one scale and zero point.
struct Group {
  std::vector<std::string> members;
  std::vector<RangeSource> sources;  ///< the group's range is their hull
  /// Stands between a convolution and its SiLU in the portable form: its zero point is one of
  /// kPooledZeroPoints, and one initialiser per zero point serves all such groups. OpenVINO folds
  /// such a shared constant once and then fuses convolution and SiLU as if there were no Q/DQ,
  /// except in the first of each (measured, bench/README.md).
  bool pooled_zero_point = false;
};

/// How a node that moves data is written.
enum class Movement { wrapped, on_u8 };

/// What will be quantised, decided by looking only. Node pointers are into the graph that was
/// planned.
struct Plan {
  std::vector<ComputeNode> compute;
  std::vector<KeptInFloat> kept_in_float;
  std::vector<Group> groups;
  std::map<std::string, std::size_t> group_of;  ///< every value that gets a Q/DQ → its group
  std::map<const onnx::NodeProto*, Movement> movers;
  std::vector<Silu> silus;       ///< whose x is quantised
  bool sums_in_16_bits = false;  ///< weights have to leave room for them (pair_sums.h)
};

/// Decides for a float graph (sorted, shapes inferred). `too_wide`: nodes that have to stay in
/// float because of their input's range, with the reason. Throws invalid_argument when options name
/// an unknown node. Thread safe.
Plan plan_quantisation(const Graph& graph, const QuantizeOptions& options,
                       const std::map<std::string, std::string>& too_wide = {});

/// The name by which people know a node: its own, or that of its first output.
std::string node_name(const onnx::NodeProto& node);

/// The values that have to be observed for the plan.
std::set<std::string> observed_values(const Plan& plan);

}  // namespace tamis
