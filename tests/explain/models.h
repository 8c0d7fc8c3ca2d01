#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "explain/profile.h"
#include "graph/graph.h"
#include "graph/tensor_data.h"

namespace tamis::testing {

/// Two convolutions with a SiLU between. Weights: add_weights().
inline constexpr const char* kParent = R"(
<ir_version: 8, opset_import: ["" : 17]>
tiny (float[1,3,32,32] x) => (float[1,16,1,1] y) {
  [conv1] c1 = Conv <pads = [1,1,1,1]> (x, w1)
  [sigmoid] s1 = Sigmoid (c1)
  [product] m1 = Mul (c1, s1)
  [conv2] c2 = Conv <pads = [1,1,1,1]> (m1, w2)
  [pool] y = GlobalAveragePool (c2)
})";

/// Its QDQ form: the second convolution's output is not quantised.
inline constexpr const char* kVariant = R"(
<ir_version: 8, opset_import: ["" : 17]>
tiny (float[1,3,32,32] x) => (float[1,16,1,1] y) {
  [q_x] x_q = QuantizeLinear (x, sx, zx)
  [dq_x] x_d = DequantizeLinear (x_q, sx, zx)
  [dq_w1] w1_d = DequantizeLinear (w1_q, sw, zw)
  [conv1] c1_f = Conv <pads = [1,1,1,1]> (x_d, w1_d)
  [q_c1] c1_q = QuantizeLinear (c1_f, sc, zc)
  [dq_c1] c1 = DequantizeLinear (c1_q, sc, zc)
  [sigmoid] s1 = Sigmoid (c1)
  [product] m1_f = Mul (c1, s1)
  [q_m1] m1_q = QuantizeLinear (m1_f, sc, zc)
  [dq_m1] m1 = DequantizeLinear (m1_q, sc, zc)
  [dq_w2] w2_d = DequantizeLinear (w2_q, sw, zw)
  [conv2] c2 = Conv <pads = [1,1,1,1]> (m1, w2_d)
  [pool] y = GlobalAveragePool (c2)
})";

/// Weight i of 16 x channels x 3 x 3, in steps of 1/64: from -0.25 to 0.25.
inline std::vector<std::int8_t> weight_steps(std::int64_t channels) {
  std::vector<std::int8_t> steps;
  for (std::int64_t i = 0; i < 16 * channels * 9; ++i)
    steps.push_back(static_cast<std::int8_t>(i * 37 % 33 - 16));
  return steps;
}

/// The text names it already, so that Graph::add_initializer would give it another name.
template <typename T>
void put(Graph& graph, const std::string& name, DataType type, const Shape& shape,
         const std::vector<T>& values) {
  Tensor tensor(type, shape);
  std::copy(values.begin(), values.end(), tensor.data<T>());
  *graph.graph().add_initializer() = to_proto(tensor, name);
}

inline Graph parent_graph() {
  Graph graph = Graph::parse_text(kParent);
  for (auto [name, channels] : {std::pair("w1", std::int64_t{3}), {"w2", std::int64_t{16}}}) {
    std::vector<float> values;
    for (std::int8_t step : weight_steps(channels)) values.push_back(static_cast<float>(step) / 64);
    put(graph, name, DataType::f32, {16, channels, 3, 3}, values);
  }
  graph.reindex();
  graph.infer_shapes();
  return graph;
}

inline Graph variant_graph() {
  Graph graph = Graph::parse_text(kVariant);
  for (auto [name, channels] : {std::pair("w1_q", std::int64_t{3}), {"w2_q", std::int64_t{16}}})
    put(graph, name, DataType::i8, {16, channels, 3, 3}, weight_steps(channels));
  for (auto [name, scale] : {std::pair("sx", 1.0F / 255), {"sw", 1.0F / 64}, {"sc", 1.0F / 32}})
    put(graph, name, DataType::f32, {}, std::vector<float>{scale});
  put(graph, "zx", DataType::u8, {}, std::vector<std::uint8_t>{0});
  put(graph, "zc", DataType::u8, {}, std::vector<std::uint8_t>{128});
  put(graph, "zw", DataType::i8, {}, std::vector<std::int8_t>{0});
  graph.reindex();
  graph.infer_shapes();
  return graph;
}

/// A profile recorded with the model above ("ort_variant"), three runs of each layer.
inline Json recorded(const std::string& name) {
  return load_json(TAMIS_SOURCE_DIR "/tests/explain/data/" + name + ".json");
}

}  // namespace tamis::testing
