#include "recipe/exact_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;

Graph graph_of(const char* op) {
  return Graph::parse_text(std::string(R"(<ir_version: 8, opset_import: ["" : 17]>
      g (float[1,32] x) => (float[1,32] y) { y = )") +
                           op + "(x) }");
}

/// Adds to its input, for the model before the step and for the one behind it.
NamedEvaluator adding(const std::string& name, float before, float after) {
  return {name, [before, after](const Graph& graph, const std::vector<Tensor>& inputs) {
            std::vector<Tensor> outputs;
            outputs.push_back(inputs.at(0).clone());
            const bool is_after = graph.nodes().front()->op_type() == "Abs";
            for (std::int64_t i = 0; i < outputs[0].elements(); ++i)
              outputs[0].data<float>()[i] += is_after ? after : before;
            return outputs;
          }};
}

Json checked(const NamedEvaluator& runtime) {
  const Graph before = graph_of("Relu"), after = graph_of("Abs");
  return check_exact({before, after}, adding("ort", 0, 0), runtime, probe_inputs(before));
}

TEST(CheckExact, says_nothing_of_a_runtime_that_agrees) {
  const Json check = checked(adding("openvino", 0, 0));
  EXPECT_TRUE(check.at("refused").is_null());
  EXPECT_FALSE(check.contains("note"));
}

TEST(CheckExact, refuses_a_step_that_moves_the_numbers_in_a_runtime) {
  const Json check = checked(adding("openvino", 0, 0.5F));
  EXPECT_THAT(check.at("refused").get<std::string>(), HasSubstr("\"y\" moved by 0.5"));
}

TEST(CheckExact, does_not_blame_a_step_for_what_the_runtime_does_before_it_too) {
  const Json check = checked(adding("openvino", 0.5F, 0.44F));
  EXPECT_TRUE(check.at("refused").is_null());
  EXPECT_THAT(check.at("note").get<std::string>(),
              HasSubstr("openvino and ort already differ on the model before the step"));
}

TEST(CheckExact, still_blames_a_step_that_makes_it_far_worse) {
  EXPECT_FALSE(checked(adding("openvino", 0.01F, 0.5F)).at("refused").is_null());
}

TEST(CheckExact, says_that_a_runtime_does_not_run_the_model_before_either) {
  const Json check =
      checked({"openvino", [](const Graph&, const std::vector<Tensor>&) -> std::vector<Tensor> {
                 throw Error(ErrorCode::unsupported, "open: no operator Foo");
               }});
  EXPECT_EQ(check.at("refused"), "before the step too: open: no operator Foo");
}

}  // namespace
}  // namespace tamis
