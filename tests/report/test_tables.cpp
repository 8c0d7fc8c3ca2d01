#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "report/decision.h"
#include "report/format.h"
#include "report/report.h"
#include "report/tables.h"
#include "samples.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::vector<std::string> lines(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> all;
  for (std::string line; std::getline(stream, line);) all.push_back(line);
  return all;
}

TEST(VariantsCsv, has_the_documented_columns) {
  auto records = lines(variants_csv(parse_result(sample("detector"))));
  ASSERT_EQ(records.size(), 15u);
  EXPECT_EQ(records[0],
            "ID,variant,accuracy,accuracy_low,accuracy_high,mean_ms,median_ms,p95_ms,size_bytes,"
            "peak_memory_bytes,speedup,speedup_low,speedup_high,verdict,state,gate,"
            "images_per_s\r");
  EXPECT_EQ(records[14],
            "v14,int8-static · openvino · f16 · 2 threads,,,,,,,3400000,,,,,,failed,,\r");
}

TEST(VariantsTable, fits_the_terminal) {
  for (int columns : {60, 80, 100, 140, 200})
    for (const std::string& line : lines(variants_table_text(sample("detector"), columns)))
      EXPECT_LE(display_width(line), static_cast<std::size_t>(columns));
}

TEST(VariantsTable, begins_with_the_pick_and_marks_the_baseline) {
  auto rows = lines(variants_table_text(sample("detector"), 160));
  EXPECT_THAT(rows[1], StartsWith("► v07"));
  EXPECT_THAT(rows[1], HasSubstr("2.7"));
  EXPECT_THAT(variants_table_text(sample("detector"), 160), HasSubstr("\n· v01"));
}

TEST(VariantsTable, marks_what_is_not_like_the_others) {
  Json document = sample("detector");
  document["variants"][1]["timed_in"] = "screening";
  std::string text = variants_table_text(document, 160);
  EXPECT_THAT(text, HasSubstr("* timed only in screening"));
  EXPECT_THAT(text, HasSubstr("decided early: v10 on 64 of 128 items"));
}

TEST(VariantsTable, is_a_heading_alone_without_variants) {
  EXPECT_EQ(lines(variants_table_text(empty_result(), 80)).size(), 1u);
}

TEST(DecisionText, tells_pick_intervals_and_counterfactuals) {
  std::string text = decision_text(sample("detector"));
  for (const char* part :
       {"Deploy int8-static · openvino · f32 · 2 threads", "times as fast as the baseline [",
        "0.23 % below the baseline's", "with probability 83 %", "410 items",
        "with --max-drop 2% the pick would be v08"})
    EXPECT_THAT(text, HasSubstr(part));
}

TEST(DecisionText, tells_the_nearest_miss_and_its_distance) {
  Json document = sample("nearest_miss");
  document["pick"] = nullptr;
  std::string text = decision_text(document);
  EXPECT_THAT(
      text, StartsWith("No variant met every gate; the original model is handed over unchanged."));
  EXPECT_THAT(text, HasSubstr("(v09): 10.3 ms too slow"));
}

TEST(DecisionText, does_not_praise_what_is_not_distinguishable) {
  Json document = sample("classifier");
  document["variants"][3]["verdict"] = "not_distinguishable";
  EXPECT_THAT(decision_text(document), HasSubstr("speed not distinguishable from the baseline's"));
  document["pick"] = "v01";
  EXPECT_THAT(decision_text(document), StartsWith("Keep the baseline"));
}

TEST(DecisionText, is_honest_about_an_empty_run) {
  EXPECT_EQ(decision_text(empty_result()), "Interrupted before a variant was proven.\n");
}

TEST(Markdown, has_a_row_per_variant_and_links_the_plots) {
  std::string text = report_markdown(parse_result(sample("detector")), {"plots/pareto.png"});
  EXPECT_THAT(text, HasSubstr("![plots/pareto.png](plots/pareto.png)"));
  EXPECT_THAT(text, HasSubstr("| **v07** |"));
  EXPECT_THAT(text, HasSubstr("## Failures"));
  std::size_t bars = 0;
  for (const std::string& line : lines(text))
    if (line.starts_with("| v") || line.starts_with("| **v")) {
      EXPECT_EQ(std::count(line.begin(), line.end(), '|'), 13) << line;
      ++bars;
    }
  EXPECT_EQ(bars, 14u);
}

TEST(Markdown, takes_names_as_text) {
  Json document = sample("classifier");
  document["variants"][0]["name"] = "a|b<script>";
  EXPECT_THAT(report_markdown(parse_result(document), {}), HasSubstr("a\\|b\\<script\\>"));
}

TEST(DecisionText, names_the_metric_in_one_way) {
  Json document = sample("detector");
  document["gates"][0]["text"] = "map50_95 at most 1 % below the baseline's";
  document["reasons"].push_back("map50_95 0.43 against 0.44");
  std::string text = decision_text(document);
  EXPECT_THAT(text, HasSubstr("mAP50-95 at most 1 % below"));
  EXPECT_THAT(text, HasSubstr("mAP50-95 0.43 against 0.44"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("map50_95")));
}

}  // namespace
}  // namespace tamis
