#include "explain/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "explain/models.h"

namespace tamis::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Explain : public ::testing::Test {
 protected:
  Json document(const std::string& backend, bool paired = true) {
    parent_graph().save(folder_.path() / "parent.onnx");
    variant_graph().save(folder_.path() / "variant.onnx");
    ExplainRequest request;
    request.variant = {folder_.path() / "variant.onnx", recorded(backend + "_variant")};
    if (paired)
      request.parent = ExplainSide{folder_.path() / "parent.onnx", recorded(backend + "_parent")};
    request.runs = 3;
    request.backend = backend;
    request.isa = {"avx512_vnni"};
    request.architecture = "x86_64";
    return explain(parse_explain_request(to_json(request)), {});
  }

  /// With what the command adds.
  static Json complete(Json document, const std::string& verdict) {
    document["settings_text"] = "ort CPU f32, 1 thread";
    document["input"] = "noise";
    Json span{{"median", 0.2}, {"low", 0.19}, {"high", 0.21}};
    document["latency_ms"] = {{"model", span}, {"against", span}, {"ratio", 1.0},
                              {"low", 0.9},    {"high", 1.1},     {"verdict", verdict}};
    return document;
  }

  static const Json& group(const Json& document, const std::string& name) {
    for (const Json& g : document.at("groups"))
      if (g.at("name") == name) return g;
    throw std::runtime_error("no group " + name);
  }

  TemporaryFolder folder_{"tamis-explain-test"};
};

TEST_F(Explain, sets_a_convolution_and_its_activation_side_by_side_in_both_runtimes) {
  Json ort = document("ort");
  EXPECT_EQ(group(ort, "conv1").at("model").at("precisions"), (Json{"f32", "int8"}));
  EXPECT_EQ(group(ort, "conv1").at("model").at("us"), 57);    // 41+8+9, 42+8+7, 40+8+6
  EXPECT_EQ(group(ort, "conv1").at("against").at("us"), 17);  // 12+5
  EXPECT_EQ(group(ort, "conv1").at("verdict"), "slower");
  Json openvino = document("openvino");
  EXPECT_EQ(group(openvino, "conv1").at("model").at("us"), 22);
  EXPECT_EQ(group(openvino, "conv1").at("against").at("us"), 19);
  EXPECT_EQ(group(openvino, "conv2").at("verdict"), "faster");
}

TEST_F(Explain, counts_transitions_and_their_conversions) {
  Json found = document("ort").at("model").at("transitions");
  Json to_float;
  for (const Json& t : found)
    if (t.at("from") == "int8" && t.at("to") == "f32") to_float = t;
  EXPECT_EQ(to_float.at("values"), 2);  // conv1 → sigmoid, product
  EXPECT_EQ(to_float.at("conversions"), 4);
}

TEST_F(Explain, accounts_for_all_of_the_time) {
  Json side = document("ort").at("model");
  double sum = 0;
  for (const Json& p : side.at("precisions")) sum += p.at("us").get<double>();
  EXPECT_DOUBLE_EQ(sum, side.at("layers_us"));
}

TEST_F(Explain, works_without_a_parent) {
  Json found = document("ort", false);
  EXPECT_TRUE(found.at("against").is_null());
  EXPECT_TRUE(found.at("errors").is_null());
  EXPECT_TRUE(group(found, "conv1").at("ratio").is_null());
}

TEST_F(Explain, says_so_where_no_values_were_compared) {
  EXPECT_EQ(document("ort").at("errors").at("reason"), "there is no input to compare values on");
}

TEST_F(Explain, refuses_a_runtime_without_a_profile) {
  parent_graph().save(folder_.path() / "parent.onnx");
  ExplainRequest request;
  request.variant = {folder_.path() / "parent.onnx", Json()};
  EXPECT_THROW(explain(request, {}), Error);
}

TEST_F(Explain, writes_no_cause_of_slowness_where_it_is_faster) {
  std::string slow = explain_text(complete(document("ort"), "slower"), {});
  EXPECT_THAT(slow, HasSubstr("INT8 is not faster. Reasons:\n"));
  EXPECT_THAT(slow, HasSubstr("output is not quantised before GlobalAveragePool"));
  std::string fast = explain_text(complete(document("ort"), "faster"), {});
  EXPECT_THAT(fast, Not(HasSubstr("not faster")));
  EXPECT_THAT(explain_text(complete(document("ort"), "faster"), {true, true}),
              HasSubstr("| layer | operator |"));
}

Tensor tensor(std::vector<float> values) {
  Tensor made(DataType::f32, {static_cast<std::int64_t>(values.size())});
  std::copy(values.begin(), values.end(), made.data<float>());
  return made;
}

TEST(SnrDb, is_ten_times_the_logarithm_of_the_energies) {
  EXPECT_NEAR(*snr_db(tensor({3, 4}), tensor({3, 4.5})), 10 * std::log10(25 / 0.25), 1e-9);
  EXPECT_EQ(snr_db(tensor({1, 2}), tensor({1, 2})), 200);
  EXPECT_EQ(snr_db(tensor({0, 0}), tensor({1, 2})), -200);
}

TEST(SnrDb, is_absent_for_what_cannot_be_compared) {
  EXPECT_FALSE(snr_db(tensor({1}), tensor({1, 2})));
  EXPECT_FALSE(snr_db(tensor({1}), tensor({NAN})));
}

}  // namespace
}  // namespace tamis::testing
