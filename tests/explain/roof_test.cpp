#include "explain/roof.h"

#include <gmock/gmock.h>

#include "explain/explain.h"

namespace tamis {
namespace {

Layer layer(const std::string& name, const std::string& precision, double us,
            const std::vector<std::string>& nodes) {
  Layer layer;
  layer.name = name;
  layer.precision = precision;
  layer.runs_us = {us, us, us};
  layer.nodes = nodes;
  return layer;
}

MachinePeak peak() {
  MachinePeak peak;
  peak.f32 = PeakRate{1e11, "fma"};
  peak.int8 = PeakRate{4e11, "avx_vnni"};
  return peak;
}

TEST(Roof, is_each_layers_work_at_its_own_precisions_peak) {
  Executed run;
  run.layers = {layer("c1", "int8", 100, {"a"}), layer("c2", "f32", 100, {"b", "relu"}),
                layer("c3", "bf16", 7, {"d"}), layer("add", "int8", 5, {"e"})};
  // 2 · 10⁶ / 4·10¹¹ s = 5 µs; 2 · 2·10⁶ / 10¹¹ s = 40 µs.
  const Json roof = roof_json(
      run, {{"a", {1000000, true, 8}}, {"b", {2000000, false, {}}}, {"d", {10, true, 8}}}, peak());
  EXPECT_DOUBLE_EQ(roof.at("us"), 200);
  EXPECT_DOUBLE_EQ(roof.at("ideal_us"), 45);
  EXPECT_DOUBLE_EQ(roof.at("share"), 0.225);
  EXPECT_DOUBLE_EQ(roof.at("other_us"), 5);
  EXPECT_DOUBLE_EQ(roof.at("uncounted_us"), 7);  // no peak known for bf16
  EXPECT_EQ(roof.at("macs"), 3000010);
  ASSERT_EQ(roof.at("furthest").size(), 2U);
  EXPECT_EQ(roof.at("furthest")[0].at("layer"), "c1");
  EXPECT_DOUBLE_EQ(roof.at("furthest")[0].at("share"), 0.05);
  EXPECT_THAT(roof_text(roof), ::testing::HasSubstr("22 % of the"));
}

TEST(Roof, headline_names_the_precision_and_where_most_is_left) {
  Executed run;
  run.layers = {layer("c1", "int8", 100, {"a"}), layer("c2", "int8", 90, {"b"}),
                layer("c3", "int8", 60, {"c"}), layer("f", "f32", 50, {"d"})};
  const Json roof = roof_json(run,
                              {{"a", {10000000, true, 16}},  // 50 µs at the peak
                               {"b", {5000000, true, 8}},    // 25
                               {"c", {5000000, true, 8}},    // 25
                               {"d", {1000, false, {}}}},
                              peak());
  ASSERT_EQ(roof.at("precisions").size(), 2U);
  EXPECT_DOUBLE_EQ(roof.at("precisions")[0].at("share"), 0.4);
  ASSERT_EQ(roof.at("places").size(), 2U);
  EXPECT_EQ(roof.at("places")[0].at("stride"), 8);
  EXPECT_EQ(roof.at("places")[0].at("layers"), 2);
  EXPECT_EQ(roof_headline(roof),
            "40 % of this machine's INT8 peak; the stride-8 convolutions are the furthest from it");
  EXPECT_EQ(roof_precision(roof), "INT8");
  EXPECT_EQ(roof_headline(Json()), "");
}

TEST(Roof, that_layers_exceed_is_none) {
  Executed run;
  run.layers = {layer("c1", "int8", 40, {"a"}), layer("c2", "int8", 100, {"b"}),
                layer("f", "f32", 100, {"d"})};
  const std::map<std::string, CountedNode> macs{{"a", {10000000, true, 16}},  // 50 µs at the peak
                                                {"b", {1000000, true, 8}},    // 5
                                                {"d", {1000000, true, 8}}};   // 20 in f32
  const Json roof = roof_json(run, macs, peak());
  ASSERT_EQ(roof.at("beaten").size(), 1U);
  EXPECT_EQ(roof.at("beaten")[0].at("precision"), "int8");
  EXPECT_DOUBLE_EQ(roof.at("uncounted_us"), 140);
  EXPECT_DOUBLE_EQ(roof.at("share"), 0.2);
  EXPECT_EQ(roof_precision(roof), "FP32");
  EXPECT_THAT(roof_text(roof),
              ::testing::HasSubstr("The distance of INT8 from this machine's peak is unknown"));
  run.layers.pop_back();
  const Json nothing = roof_json(run, macs, peak());
  EXPECT_TRUE(nothing.at("share").is_null());
  EXPECT_EQ(roof_headline(nothing), "");
  EXPECT_THAT(roof_text(nothing), ::testing::HasSubstr("is unknown"));
}

TEST(Roof, stands_where_only_a_layer_that_takes_no_time_exceeds_it) {
  Executed run;
  run.layers = {layer("c1", "int8", 1, {"a"}), layer("c2", "int8", 100, {"b"})};
  const Json roof = roof_json(run, {{"a", {1000000, true, 16}}, {"b", {1000000, true, 8}}}, peak());
  EXPECT_TRUE(roof.at("beaten").empty());
  EXPECT_LT(roof.at("share").get<double>(), 1);
  EXPECT_EQ(roof.at("furthest").size(), 1U);
  EXPECT_EQ(roof.at("places").size(), 1U);
}

TEST(Roof, has_no_share_where_nothing_has_a_peak) {
  Executed run;
  run.layers = {layer("c", "f16", 100, {"a"})};
  const Json roof = roof_json(run, {{"a", {5, true, 1}}}, peak());
  EXPECT_TRUE(roof.at("share").is_null());
  EXPECT_THAT(roof_text(roof), ::testing::HasSubstr("No layer"));
}

}  // namespace
}  // namespace tamis
