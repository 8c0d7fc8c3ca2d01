#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "base/error.h"
#include "passes/passes.h"

namespace tamis {
namespace {

std::vector<double> numbers(const Tensor& tensor) { return doubles(to_proto(tensor, "output")); }

[[noreturn]] void fail(const std::string& output, const std::string& problem) {
  throw Error(ErrorCode::backend_failed, "compare outputs: \"" + output + "\" " + problem);
}

OutputDifference difference(const std::string& output, const Tensor& before, const Tensor& after) {
  if (before.type() != after.type() || before.shape() != after.shape())
    fail(output, fmt::format("was {} {}, is {} {}", to_text(before.type()), to_text(before.shape()),
                             to_text(after.type()), to_text(after.shape())));
  std::vector<double> a = numbers(before);
  std::vector<double> b = numbers(after);
  OutputDifference result{output, 0, 0};
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) != std::isnan(b[i]))
      fail(output, fmt::format("has a NaN at element {} in one of the two", i));
    if (std::isnan(a[i]) || a[i] == b[i]) continue;  // equal infinities too
    result.max_absolute = std::max(result.max_absolute, std::abs(a[i] - b[i]));
  }
  for (double value : a)
    if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
  if (result.max_absolute > 0)
    result.relative = largest > 0 ? result.max_absolute / largest : result.max_absolute;
  return result;
}

void fill(Tensor& tensor, std::mt19937& random) {
  auto count = static_cast<std::size_t>(tensor.elements());
  auto uniform = [&] { return static_cast<double>(random()) / 4294967296.0; };
  if (tensor.type() == DataType::f32)
    for (std::size_t i = 0; i < count; ++i) tensor.data<float>()[i] = static_cast<float>(uniform());
  if (tensor.type() == DataType::f64)
    for (std::size_t i = 0; i < count; ++i) tensor.data<double>()[i] = uniform();
  if (tensor.type() == DataType::f16)
    for (std::size_t i = 0; i < count; ++i)
      tensor.data<std::uint16_t>()[i] = float_to_half(static_cast<float>(uniform()));
  if (tensor.type() == DataType::u8)
    for (std::size_t i = 0; i < count; ++i)
      tensor.data<std::uint8_t>()[i] = static_cast<std::uint8_t>(random() >> 24);
}

}  // namespace

std::vector<OutputDifference> compare_outputs(const Evaluator& evaluate, const Graph& before,
                                              const Graph& after,
                                              const std::vector<Tensor>& inputs) {
  return compare_outputs(evaluate, before, evaluate, after, inputs);
}

std::vector<OutputDifference> compare_outputs(const Evaluator& evaluate_before, const Graph& before,
                                              const Evaluator& evaluate_after, const Graph& after,
                                              const std::vector<Tensor>& inputs) {
  std::vector<Tensor> a = evaluate_before(before, inputs);
  std::vector<Tensor> b = evaluate_after(after, inputs);
  std::vector<TensorInfo> outputs = before.outputs();
  if (a.size() != outputs.size() || b.size() != outputs.size())
    throw Error(ErrorCode::backend_failed,
                fmt::format("compare outputs: {} and {} results instead of {}", a.size(), b.size(),
                            outputs.size()));
  std::vector<OutputDifference> differences;
  for (std::size_t i = 0; i < outputs.size(); ++i)
    differences.push_back(difference(outputs[i].name, a[i], b[i]));
  return differences;
}

void require_same_outputs(const std::vector<OutputDifference>& differences, double tolerance) {
  for (const OutputDifference& d : differences)
    if (!(d.relative <= tolerance))
      fail(d.output,
           fmt::format(
               "moved by {:.3g} ({:.3g} relative), more than {:.3g}; report the model, or go on "
               "without the step",
               d.max_absolute, d.relative, tolerance));
}

std::vector<Tensor> probe_inputs(const Graph& graph, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<Tensor> inputs;
  for (const TensorInfo& info : graph.inputs()) {
    Shape shape;
    for (const auto& dim : info.shape) {
      if (!dim)
        throw Error(ErrorCode::invalid_argument,
                    "make inputs for " + graph.source() + ": \"" + info.name +
                        "\" has a dynamic dimension; give --input-size HxW");
      shape.push_back(*dim);
    }
    inputs.emplace_back(info.type, shape);
    fill(inputs.back(), random);
  }
  return inputs;
}

}  // namespace tamis
