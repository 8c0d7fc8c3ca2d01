#pragma once

#include <optional>
#include <string>
#include <vector>

#include "explain/compare.h"
#include "explain/executed.h"

namespace tamis {

/// What the findings are drawn from. Nothing in them is a guess: each comes from a row of the
/// profile, an edge of the graph or a feature that the CPU lacks.
struct Evidence {
  const Graph& graph;  ///< of the variant
  const Executed& run;
  const std::vector<LayerGroup>& groups;
  const Executed* parent = nullptr;  ///< null without a parent
  std::string backend;               ///< "ort"
  std::vector<std::string> isa;      ///< machine/fingerprint.h
  std::string architecture;          ///< "x86_64"
};

/// One thing that costs time (or accuracy), with the layers that show it.
struct Finding {
  std::string id;    ///< one of the table in docs/explain.md
  std::string text;  ///< a clause: "58 QuantizeLinear … are executed as layers of their own"
  double us = 0;     ///< the layers' time
  /// What would be gained at most; absent where the profile does not tell.
  std::optional<double> gain_us;
  std::vector<std::string> layers;  ///< the runtime's names, most time first
};

/// All findings that hold, most time first.
std::vector<Finding> find_obstacles(const Evidence& evidence);

/// Compute layers in another precision than int8 that have int8 layers both before and behind them.
std::vector<std::size_t> between_int8(const Executed& run);

/// Sizes of the groups of int8 layers that are joined without leaving int8, largest first.
std::vector<std::size_t> int8_islands(const Executed& run);

/// Time of the parent's layers by the variant's, over convolutions and products that run in int8:
/// below 1 is faster. Absent without a parent or such layers.
std::optional<double> int8_ratio(const Evidence& evidence);

}  // namespace tamis
