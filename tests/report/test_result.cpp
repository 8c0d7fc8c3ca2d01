#include <gtest/gtest.h>

#include "base/error.h"
#include "report/result.h"
#include "samples.h"

namespace tamis {
namespace {

std::string refusal(const Json& document) {
  try {
    parse_result(document);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::corrupt_data);
    return error.what();
  }
  return "";
}

TEST(Result, reads_the_sample) {
  ResultView result = parse_result(sample("detector"));
  EXPECT_EQ(result.variants.size(), 14u);
  EXPECT_EQ(result.picked()->id, "v07");
  EXPECT_EQ(result.handed_over(), result.picked());
  EXPECT_EQ(result.find("v14")->failure->code, "unsupported");
  EXPECT_FALSE(result.find("v14")->latency);
  EXPECT_FALSE(result.find("v02")->latency->p95);
}

TEST(Result, hands_over_the_baseline_where_nothing_was_picked) {
  Json document = sample("nearest_miss");
  document["pick"] = nullptr;
  EXPECT_EQ(parse_result(document).handed_over()->id, "v01");
}

TEST(Result, takes_an_absolute_drop_as_a_share_of_the_baseline) {
  Json document = sample("classifier");
  document["variants"][3]["accuracy"] = {
      {"value", 0.4}, {"baseline", 0.5}, {"drop", 0.1}, {"drop_low", 0.05}, {"drop_high", nullptr}};
  ResultView result = parse_result(document);
  const IntervalView& drop = *result.variants[3].accuracy->relative_drop;
  EXPECT_DOUBLE_EQ(drop.value, 0.2);
  EXPECT_DOUBLE_EQ(*drop.low, 0.1);
  EXPECT_FALSE(drop.high);
  document["variants"][3]["accuracy"]["drop_kind"] = "relative";
  EXPECT_DOUBLE_EQ(parse_result(document).variants[3].accuracy->relative_drop->value, 0.1);
}

TEST(Result, orders_the_pick_first_then_by_latency_then_the_unmeasured) {
  ResultView result = parse_result(sample("detector"));
  std::vector<std::size_t> order = result.order();
  EXPECT_EQ(result.variants[order.front()].id, "v07");
  EXPECT_EQ(result.variants[order[1]].id, "v08");
  EXPECT_EQ(result.variants[order.back()].id, "v14");
}

TEST(Result, keeps_a_warning_once) {
  Json document = empty_result();
  Json warning{{"text", "a"}, {"remedy", "b"}};
  document["environment"] = {{"warnings", {warning}}};
  document["warnings"] = {warning, "c"};
  EXPECT_EQ(parse_result(document).warnings.size(), 2u);
}

TEST(Result, names_the_key_that_is_wrong) {
  Json document = sample("classifier");
  document["variants"][2]["latency_ms"]["median"] = "fast";
  EXPECT_EQ(refusal(document),
            "report: variants[2].latency_ms.median must be a number, see docs/json.md");
  document = sample("classifier");
  document["schema"] = "tamis/result/9";
  EXPECT_EQ(refusal(document), "report: schema must be \"tamis/result/1\", see docs/json.md");
  document = sample("classifier");
  document["pick"] = "v99";
  EXPECT_EQ(refusal(document), "report: pick names the variant 'v99', which is not there");
  document = sample("classifier");
  document["variants"][0]["accuracy"]["drop_kind"] = "odd";
  EXPECT_NE(refusal(document).find("accuracy.drop_kind must be"), std::string::npos);
  EXPECT_NE(refusal(Json::array()), "");
}

}  // namespace
}  // namespace tamis
