#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"
#include "base/files.h"
#include "runtime/backend.h"
#include "runtime/probe_model.h"

namespace tamis {
namespace {

/// The largest difference from the reference that is still called equal. bf16 keeps 8 bits of the
/// weights, inputs and sums: 18 products of numbers below 1 stay within this.
double tolerance(const RunSettings& settings) {
  return settings.inference_precision.value_or("") == "f32" ? 1e-4 : 0.1;
}

double largest_difference(std::span<const float> got, std::span<const float> wanted) {
  double largest = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    double difference = std::abs(double{got[i]} - double{wanted[i]});
    if (!(difference <= largest)) largest = difference;  // NaN counts as large
  }
  return largest;
}

std::vector<float> run_probe_model(Backend& backend, const RunSettings& settings) {
  TemporaryFolder folder("tamis-probe");
  auto file = folder.path() / "probe.onnx";
  save_file(file, probe_model());
  OpenRequest request;
  request.model = file;
  request.settings = settings;
  auto session = backend.open(request);
  std::vector<Tensor> inputs = make_tensors(session->inputs());
  std::vector<Tensor> outputs = make_tensors(session->outputs());
  if (inputs.size() != 1 || outputs.size() != 1 ||
      inputs[0].bytes() != probe_input().size_bytes() ||
      outputs[0].bytes() != probe_output().size_bytes())
    throw Error(ErrorCode::backend_failed, "probe model: the session has other tensors");
  std::copy(probe_input().begin(), probe_input().end(), inputs[0].data<float>());
  session->run(inputs, outputs);
  const float* y = outputs[0].data<float>();
  return {y, y + probe_output().size()};
}

}  // namespace

Availability probe_thoroughly(Backend& backend, const RunSettings& settings) {
  Availability found;
  std::vector<float> got;
  try {
    found = backend.probe(settings);
    if (!found.ok() || !found.can.computes) return found;
    got = run_probe_model(backend, settings);
  } catch (const Error& error) {
    found.backend = backend.name();
    found.steps.push_back(
        {"smallest_model", false, error.what(), "try other run settings or another version"});
    return found;
  }
  found.steps.push_back({"smallest_model", true, "Conv and Relu ran", ""});
  double difference = largest_difference(got, probe_output());
  bool equal = difference <= tolerance(settings);
  found.steps.push_back({"reference", equal,
                         "largest difference " + std::to_string(difference) + ", allowed " +
                             std::to_string(tolerance(settings)),
                         equal ? "" : "do not use this library for results"});
  return found;
}

}  // namespace tamis
