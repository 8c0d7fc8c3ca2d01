#include "cli/command.h"

namespace tamis {

const std::vector<Command>& commands() {
  static const std::vector<Command> table{
      {"doctor", "What this machine can run and, step by step, why not", make_doctor},
      {"inspect", "What a model is: inputs, outputs, operators, size, and its card", make_inspect},
      {"optimize", "Find the best variant of a model that meets the gates", make_optimize},
      {"sweep", "Measure an explicit grid of variants", make_sweep},
      {"eval", "Accuracy of a model through its runtime", make_eval},
      {"bench", "Latency of one or more models, interleaved and paired", make_bench},
      {"explain", "Where the time of an INT8 model goes, layer by layer", make_explain},
      {"quantize", "Make an INT8 model", make_quantize},
      {"fit", "Make a model from pictures, without training: an anomaly detector", make_fit},
      {"report", "Write the reports of a finished run again", make_report},
      {"cache", "List or clean the cache of built artefacts", make_cache},
  };
  return table;
}

}  // namespace tamis
