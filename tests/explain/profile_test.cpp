#include "explain/profile.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "explain/models.h"

namespace tamis::testing {
namespace {

Layer layer(Json row) {
  row["us"] = 1.0;
  row.emplace("name", "n");
  row.emplace("precision", "f32");
  return parse_profile(Json::array({row}), 1).at(0);
}

TEST(Profile, keeps_the_last_runs_and_takes_their_median) {
  Json rows = Json::array({{{"name", "a"},
                            {"type", "Conv"},
                            {"precision", "f32"},
                            {"us", 3},
                            {"runs_us", {900, 5, 1, 3}}}});
  Layer found = parse_profile(rows, 3).at(0);
  EXPECT_EQ(found.runs_us, (std::vector<double>{5, 1, 3}));
  EXPECT_EQ(found.us(), 3);
}

TEST(Profile, calls_integer_operators_int8_whatever_their_result_is) {
  for (const char* type : {"QLinearConv", "ConvInteger", "MatMulInteger", "QGemm"})
    EXPECT_EQ(layer({{"type", type}, {"inputs", {"u8"}}, {"outputs", {"i32"}}}).precision, "int8");
  EXPECT_EQ(layer({{"type", "DynamicQuantizeMatMul"}, {"inputs", {"f32"}}}).precision, "int8");
  EXPECT_EQ(layer({{"type", "Split"}, {"inputs", {"u8"}}}).precision, "int8");
  EXPECT_EQ(layer({{"type", "FusedConv"}, {"inputs", {"f32"}}}).precision, "f32");
}

TEST(Profile, reads_what_a_reorder_changes_from_its_name) {
  Layer types = layer({{"name", "/c1/Conv_u8_f32_/c2/Conv"}, {"type", "Reorder"}});
  EXPECT_EQ(types.kind, LayerKind::conversion);
  EXPECT_EQ(types.from + ">" + types.to, "int8>f32");
  Layer places = layer({{"name", "input_abcd_acdb_/c1/Conv"}, {"type", "Reorder"}});
  EXPECT_EQ(places.kind, LayerKind::layout);
}

TEST(Profile, knows_the_precisions_of_recorded_layers) {
  std::vector<Layer> ort = parse_profile(recorded("ort_variant"), 3);
  EXPECT_EQ(ort.at(3).precision, "int8");
  EXPECT_EQ(ort.at(11).precision, "f32");
  EXPECT_EQ(ort.at(5).from + ">" + ort.at(5).to, "int8>f32");
  std::vector<Layer> openvino = parse_profile(recorded("openvino_variant"), 3);
  EXPECT_EQ(openvino.at(2).precision, "int8");
  EXPECT_EQ(openvino.at(5).precision, "f32");
}

TEST(Profile, refuses_rows_without_a_type) {
  EXPECT_THROW(parse_profile(Json::array({{{"name", "a"}}}), 1), Error);
}

}  // namespace
}  // namespace tamis::testing
