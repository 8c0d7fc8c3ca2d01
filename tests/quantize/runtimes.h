#pragma once

#include <random>
#include <string>
#include <vector>

#include "graph/tensor_data.h"
#include "quantize/quantize.h"

namespace tamis {

inline NamedRuntime runtime_of(const std::string& name, int threads = 1) {
  return {name, [name, threads](const std::filesystem::path& model) {
            OpenRequest request;
            request.model = model;
            request.settings.backend = name;
            request.settings.threads = threads;
            request.settings.inference_precision = "f32";
            return find_backend(name)->open(request);
          }};
}

/// Samples of one normally distributed f32 input, always the same.
inline FeedCalibration noise_of(const Shape& shape, std::size_t count) {
  return [shape, count](const std::function<void(std::span<const Tensor>)>& use) {
    std::mt19937 random(11);
    std::normal_distribution<float> law;
    Tensor input(DataType::f32, shape);
    for (std::size_t i = 0; i < count; ++i) {
      for (std::int64_t e = 0; e < input.elements(); ++e) input.data<float>()[e] = law(random);
      use(std::span<const Tensor>(&input, 1));
    }
  };
}

/// Adds an f32 initializer of normally distributed values. Call reindex() after the last.
inline void add_random(Graph& graph, const std::string& name, const Shape& shape, double deviation,
                       unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> law(0, deviation);
  std::vector<double> values(static_cast<std::size_t>(element_count(shape)));
  for (double& v : values) v = law(random);
  *graph.graph().add_initializer() = make_tensor(name, onnx::TensorProto::FLOAT, shape, values);
}

}  // namespace tamis
