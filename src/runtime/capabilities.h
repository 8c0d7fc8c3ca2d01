#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace tamis {

/// What a backend can do, and which files it likes: the plugin says it of itself, once, with its
/// probe. Whoever chooses between backends asks this row and never a name. Its defaults are those
/// of a backend of which nothing is known.
struct Capabilities {
  bool computes = true;          ///< false: it only acts as if, for tests
  bool reference = false;        ///< baselines run on it where nothing else is asked for
  std::string form;              ///< the INT8 file made for it; empty: only the portable one
  std::string rewrites = "all";  ///< which exact rewrites it gains by (rewrite_passes())
  std::vector<std::string> graph_levels;  ///< the strongest first; empty: none to choose
  std::vector<std::string> hints;         ///< the first chooses the number of streams itself
  bool has_providers = false;             ///< devices are reached through execution providers
  bool chooses_device = false;            ///< takes the device AUTO
  bool pins_threads = true;               ///< by itself; else "off" is its default already
  /// What the runtime usually leaves of the reference's time, for the order of measuring only.
  double usual_share = 1;
};
Json to_json(const Capabilities& row);
Capabilities parse_capabilities(const Json& json);

}  // namespace tamis
