#include "cli/command.h"

namespace tamis {

const std::vector<Command>& commands() {
  static const std::vector<Command> table{
      {"doctor", "Show what this machine can run and, step by step, why not", make_doctor},
      {"inspect", "Show a model: inputs, outputs, operators, size, and its card", make_inspect},
      {"optimize", "Find the best variant of a model that meets the gates", make_optimize},
      {"sweep", "Measure an explicit grid of variants", make_sweep},
      {"predict", "Show what a model says of images: drawn, as JSON lines, COCO, YOLO labels",
       make_predict},
      {"eval", "Measure the accuracy of a model through its runtime", make_eval},
      {"bench", "Measure the latency of one or more models, interleaved and paired", make_bench},
      {"explain", "Show where the time of an INT8 model goes, layer by layer", make_explain},
      {"quantize", "Make an INT8 model", make_quantize},
      {"apply", "Apply steps that need no images: cut the head, take bytes as input, FP16, …",
       make_apply},
      {"fit", "Make a model from images, without training: an anomaly detector", make_fit},
      {"report", "Write the reports of a finished run again", make_report},
      {"cache", "List or clean the cache of built artefacts", make_cache},
  };
  return table;
}

}  // namespace tamis
