#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "graph/tensor_data.h"
#include "onnx_node_cases.h"
#include "runtimes.h"
#include "support/needs.h"

namespace tamis {
namespace {

/// What a quantised file rests on: both runtimes compute the operators as ONNX says.
class OnnxNodes : public ::testing::TestWithParam<std::string> {};

Tensor filled(const TensorInfo& info, const std::vector<double>& values) {
  Shape shape;
  for (const auto& dim : info.shape) shape.push_back(dim.value());
  Tensor tensor(info.type, shape);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (info.type == DataType::f32) tensor.data<float>()[i] = static_cast<float>(values[i]);
    if (info.type == DataType::u8)
      tensor.data<std::uint8_t>()[i] = static_cast<std::uint8_t>(values[i]);
    if (info.type == DataType::i8)
      tensor.data<std::int8_t>()[i] = static_cast<std::int8_t>(values[i]);
  }
  return tensor;
}

TEST_P(OnnxNodes, give_what_the_standard_says) {
  TAMIS_NEEDS_RUNTIME(GetParam());
  TemporaryFolder folder("tamis-test");
  for (const OnnxNodeCase& one : onnx_node_cases()) {
    SCOPED_TRACE(one.name);
    const Graph graph = Graph::parse_text(one.model);
    graph.verify();
    graph.save(folder.path() / "node.onnx");
    try {
      const auto session = runtime_of(GetParam()).open(folder.path() / "node.onnx");
      std::vector<Tensor> inputs;
      inputs.push_back(filled(graph.inputs().at(0), one.input));
      std::vector<Tensor> outputs = make_tensors(session->outputs());
      session->run(inputs, outputs);
      ASSERT_EQ(outputs.size(), one.outputs.size());
      for (std::size_t o = 0; o < outputs.size(); ++o) {
        const std::vector<double> values = doubles(to_proto(outputs[o], "y"));
        ASSERT_EQ(values.size(), one.outputs[o].size());
        // OpenVINO multiplies by 1 / scale, and a tie may fall to the other side.
        const bool ties = GetParam() == "openvino" && one.name == "dynamicquantizelinear";
        for (std::size_t i = 0; i < values.size(); ++i)
          EXPECT_NEAR(values[i], one.outputs[o][i], ties && o == 0 ? 1 : 1e-6)
              << "output " << o << ", element " << i;
      }
    } catch (const Error& error) {
      ADD_FAILURE() << error.what();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Runtimes, OnnxNodes, ::testing::Values("ort", "openvino"),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace tamis
