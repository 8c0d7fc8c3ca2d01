#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/files.h"
#include "report/axis.h"
#include "report/gnuplot.h"
#include "report/scatter.h"
#include "report/svg.h"
#include "samples.h"

namespace tamis {
namespace {

TEST(Axis, maps_both_ends_and_the_middle) {
  Axis linear(Axis::Kind::linear, 0, 10, 100, 0);
  EXPECT_DOUBLE_EQ(linear.px(0), 100);
  EXPECT_DOUBLE_EQ(linear.px(5), 50);
  EXPECT_DOUBLE_EQ(linear.clamped_px(99), 0);
  EXPECT_NEAR(Axis(Axis::Kind::logarithmic, 1, 100, 0, 200).px(10), 100, 1e-9);
}

TEST(Axis, has_round_ticks_within_itself) {
  EXPECT_EQ(Axis(Axis::Kind::linear, 0.3, 9.2, 0, 400).ticks(80),
            (std::vector<double>{2, 4, 6, 8}));
  EXPECT_EQ(Axis(Axis::Kind::logarithmic, 8, 600, 0, 400).ticks(60),
            (std::vector<double>{10, 20, 50, 100, 200, 500}));
}

TEST(Axis, has_at_least_two_ticks) {
  for (double high : {1.001, 1.1, 1.9, 3.0, 40.0, 5000.0})
    for (auto kind : {Axis::Kind::linear, Axis::Kind::logarithmic})
      EXPECT_GE(Axis(kind, 1, high, 0, 300).ticks(100).size(), 2u) << high;
}

TEST(Scatter, shows_changes_against_the_baseline) {
  ResultDocument result = parse_result(sample("detector"));
  ScatterData data = scatter_data(result);
  EXPECT_EQ(data.unit, ScatterData::Unit::change);
  EXPECT_EQ(data.points.size(), 11u);
  EXPECT_EQ(data.not_evaluated.size(), 2u);
  EXPECT_DOUBLE_EQ(*data.floor, -.01);
  EXPECT_TRUE(data.points.front().frontier);
  EXPECT_GT(data.low, -.1) << "one that lost 13 % must not squash the rest";
}

TEST(Scatter, shows_plain_values_where_no_drop_is_known) {
  Json document = sample("classifier");
  for (Json& variant : document["variants"]) variant["accuracy"].erase("drop");
  ResultDocument result = parse_result(document);
  ScatterData data = scatter_data(result);
  EXPECT_EQ(data.unit, ScatterData::Unit::value);
  EXPECT_NEAR(*data.floor, .9173 - .005, 1e-9);
}

TEST(Svg, marks_pick_baseline_frontier_and_gate) {
  ResultDocument result = parse_result(sample("detector"));
  for (SvgWidth width : {SvgWidth::wide, SvgWidth::narrow}) {
    std::string svg = pareto_svg(result, width);
    for (const char* part :
         {"v07 pick", "v01 baseline", "class=\"frontier\"", "accuracy gate", "mark rug"})
      EXPECT_NE(svg.find(part), std::string::npos) << part;
    EXPECT_EQ(svg.find("nan"), std::string::npos);
    EXPECT_EQ(svg.find("inf\""), std::string::npos);
  }
}

TEST(Svg, is_empty_without_measurements) {
  ResultDocument result = parse_result(empty_result());
  EXPECT_EQ(pareto_svg(result, SvgWidth::wide), "");
  EXPECT_EQ(latency_svg(result, SvgWidth::narrow), "");
}

TEST(Svg, draws_a_single_variant) {
  Json document = sample("classifier");
  document["variants"] = Json::array({document["variants"][0]});
  document["pick"] = "v01";
  document["runner_up"] = nullptr;
  ResultDocument result = parse_result(document);
  std::string svg = pareto_svg(result, SvgWidth::wide) + latency_svg(result, SvgWidth::wide);
  EXPECT_NE(svg.find("v01 pick, baseline"), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
}

class Gnuplot : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
};

bool starts_as_png(const std::filesystem::path& file) {
  return load_text(file).starts_with("\x89PNG\r\n");
}

TEST_F(Gnuplot, draws_two_pictures) {
  PlotFiles plots = draw_plots(parse_result(sample("detector")), folder_.path());
  if (plots.files.empty() && plots.notes.at(0).find("not installed") != std::string::npos)
    GTEST_SKIP() << plots.notes[0];
  ASSERT_EQ(plots.files.size(), 2u) << (plots.notes.empty() ? "" : plots.notes[0]);
  for (const auto& file : plots.files) EXPECT_TRUE(starts_as_png(file));
}

TEST_F(Gnuplot, takes_names_as_text) {
  Json document = sample("classifier");
  for (Json& variant : document["variants"])
    variant["name"] = "a_b^c \"q\" 'r' {s} @t \\ `date` $x\n";
  PlotFiles plots = draw_plots(parse_result(document), folder_.path());
  for (const std::string& note : plots.notes)
    EXPECT_NE(note.find("not installed"), std::string::npos) << note;
}

TEST_F(Gnuplot, says_that_it_is_missing) {
  std::string path = environment("PATH").value_or("");
  setenv("PATH", folder_.path().c_str(), 1);
  PlotFiles plots = draw_plots(parse_result(sample("classifier")), folder_.path());
  setenv("PATH", path.c_str(), 1);
  EXPECT_TRUE(plots.files.empty());
  ASSERT_EQ(plots.notes.size(), 1u);
  EXPECT_NE(plots.notes[0].find("install gnuplot-nox"), std::string::npos);
}

TEST_F(Gnuplot, says_what_cannot_be_drawn) {
  PlotFiles plots = draw_plots(parse_result(empty_result()), folder_.path());
  EXPECT_TRUE(plots.files.empty());
  EXPECT_FALSE(plots.notes.empty());
}

}  // namespace
}  // namespace tamis
