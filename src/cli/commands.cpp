#include "cli/command.h"

namespace tamis {

const std::vector<Command>& commands() {
  static const std::vector<Command> table{
      {"doctor", "Show what this machine can run and, step by step, why not", "tamis doctor",
       make_doctor},
      {"inspect", "Show a model: inputs, outputs, operators, size, and its card",
       "tamis inspect yolov8n.onnx", make_inspect},
      {"optimize", "Find the best variant of a model that meets the gates",
       "tamis optimize yolov8n.onnx --data coco.yaml --max-drop 1% --budget 10m --out best",
       make_optimize},
      {"sweep", "Measure an explicit grid of variants",
       "tamis sweep yolov8n.onnx --data coco.yaml --backend ort,openvino --threads 1,2 --out grid",
       make_sweep},
      {"predict", "Show what a model says of images: drawn, as JSON lines, COCO, YOLO labels",
       "tamis predict best street/ --compare yolov8n.onnx --out seen", make_predict},
      {"eval", "Measure the accuracy of a model through its runtime",
       "tamis eval best --data coco.yaml", make_eval},
      {"bench", "Measure the latency of one or more models, interleaved and paired",
       "tamis bench yolov8n.onnx yolov8n.onnx@backend=openvino best --data coco.yaml", make_bench},
      {"explain", "Show where the time of an INT8 model goes, layer by layer",
       "tamis explain yolov8n_int8.onnx --against yolov8n.onnx --backend openvino", make_explain},
      {"quantize", "Make an INT8 model",
       "tamis quantize yolov8n.onnx --data coco.yaml --for openvino --out yolov8n_int8.onnx",
       make_quantize},
      {"apply", "Apply steps that need no images: cut the head, take bytes as input, FP16, …",
       "tamis apply yolov8n.onnx --step simplify,head-cut --out cut.onnx", make_apply},
      {"fit", "Make a model from images, without training: an anomaly detector",
       "tamis fit anomaly --backbone mobilenet_v2.onnx --data tiles --out padim.onnx", make_fit},
      {"report", "Write the reports of a finished run again", "tamis report best", make_report},
      {"cache", "List or clean the cache of built artefacts", "tamis cache clean --older-than 48h",
       make_cache},
      {"help", "Show the help of a command", "tamis help bench", make_help},
      {"man", "Print the man page of a command", "tamis man bench | man -l -", make_man},
      {"completion", "Print the completion script of a shell",
       "tamis completion bash > ~/.local/share/bash-completion/completions/tamis", make_completion},
  };
  return table;
}

}  // namespace tamis
