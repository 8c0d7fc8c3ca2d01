// Runs ONNX models on given tensors through Tamis's backends, for bench/collection.py. Reads a JSON
// object per line: {"backend", "model", "inputs": [TensorProto files in the order of the model's
// inputs], "size": [height, width], "out": folder}; an empty list of inputs: the probe inputs of
// src/passes/passes.h at that size, written beside the outputs. Answers {"ok": true, "inputs":
// [files], "outputs": [files]} or {"ok": false, "code", "text"}. A crash of a runtime is this
// program's end, and the caller's to see.
#include <fmt/format.h>

#include <iostream>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "graph/inspect.h"
#include "graph/tensor_data.h"
#include "passes/passes.h"
#include "runtime/backend.h"
#include "runtime/tensor_info.h"

namespace tamis {
namespace {

Tensor load_tensor(const std::string& file) {
  onnx::TensorProto proto;
  if (!proto.ParseFromString(load_text(file)))
    throw Error(ErrorCode::corrupt_data, "load " + file + ": no ONNX tensor");
  return to_tensor(proto);
}

std::vector<std::string> save_all(const std::vector<Tensor>& tensors, const std::string& prefix) {
  std::vector<std::string> files;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    files.push_back(fmt::format("{}_{}.pb", prefix, i));
    save_file(files.back(), to_proto(tensors[i], prefix).SerializeAsString());
  }
  return files;
}

Json run(const Json& job) {
  const std::string out = job.at("out"), model = job.at("model");
  OpenRequest request;
  request.model = model;
  request.settings.backend = job.at("backend").get<std::string>();
  request.settings.inference_precision = "f32";
  std::vector<Tensor> inputs;
  for (const Json& file : job.at("inputs")) inputs.push_back(load_tensor(file));
  Json answer{{"ok", true}};
  if (inputs.empty()) {
    const Size size{job.at("size").at(0), job.at("size").at(1)};
    inputs = probe_inputs(with_fixed_inputs(Graph::load(model), 1, size));
    answer["inputs"] = save_all(inputs, out + "/input");
  }
  for (const Tensor& tensor : inputs) request.input_shapes.push_back(tensor.shape());
  const auto session = find_backend(request.settings.backend)->open(request);
  std::vector<Tensor> outputs = make_tensors(session->outputs());
  session->run(inputs, outputs);
  answer["outputs"] =
      save_all(outputs, out + "/" + request.settings.backend + job.value("suffix", ""));
  return answer;
}

Json answer(const std::string& line) {
  try {
    return run(parse_json(line, "job"));
  } catch (const Error& error) {
    return {{"ok", false}, {"code", to_text(error.code())}, {"text", error.what()}};
  }
}

}  // namespace
}  // namespace tamis

int main() {
  std::string line;
  while (std::getline(std::cin, line)) std::cout << tamis::answer(line).dump() << std::endl;
}
