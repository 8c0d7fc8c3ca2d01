#pragma once

#include <string>
#include <utility>
#include <vector>

#include "grid/axes.h"

namespace tamis::testing {

inline Availability runtime(const std::string& name, std::vector<std::string> precisions,
                            Capabilities can) {
  Availability a;
  a.backend = name;
  a.devices.push_back({"CPU", "a CPU", std::move(precisions)});
  a.can = std::move(can);
  return a;
}

/// One that baselines run on, with graph levels, and one with hints, as two plugins say of
/// themselves; bf16 in the second only.
inline GridFacts two_runtimes() {
  Capabilities ort, openvino;
  ort.reference = ort.has_providers = true;
  ort.pins_threads = false;
  ort.form = ort.rewrites = "ort";
  ort.graph_levels = {"all", "extended", "basic", "disable"};
  openvino.form = "openvino";
  openvino.hints = {"throughput", "latency"};
  openvino.chooses_device = true;
  openvino.usual_share = 0.85;
  GridFacts facts;
  facts.place.backends = {runtime("ort", {"f32"}, ort),
                          runtime("openvino", {"f32", "bf16"}, openvino)};
  return facts;
}

}  // namespace tamis::testing
