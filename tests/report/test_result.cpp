#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "report/format.h"
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

/// Members that a schema names and no sample holds.
class Missing {
 public:
  explicit Missing(Json schema) : schema_(std::move(schema)) {}

  std::vector<std::string> in(const std::vector<Json>& documents) {
    walk(schema_, documents, "");
    return found_;
  }

 private:
  void walk(const Json& node, const std::vector<Json>& values, const std::string& path) {
    if (node.contains("$ref")) {
      const std::string name = node.at("$ref").get<std::string>();
      return walk(schema_.at("$defs").at(name.substr(name.rfind('/') + 1)), values, path);
    }
    const Json choices = node.value("anyOf", Json::array());
    for (const Json& choice : choices) walk(choice, values, path);
    const Json members = node.value("properties", Json::object());
    for (const auto& [key, member] : members.items()) {
      std::vector<Json> held;
      for (const Json& value : values)
        if (value.is_object() && value.contains(key) && !value.at(key).is_null())
          held.push_back(value.at(key));
      if (held.empty())
        found_.push_back(path + "/" + key);
      else
        walk(member, held, path + "/" + key);
    }
    std::vector<Json> items;
    for (const Json& value : values)
      if (value.is_array()) items.insert(items.end(), value.begin(), value.end());
    if (node.contains("items") && !items.empty()) walk(node.at("items"), items, path);
  }

  Json schema_;
  std::vector<std::string> found_;
};

TEST(Samples, hold_every_member_of_the_schema_between_them) {
  std::vector<Json> documents;
  for (const char* name : kSamples) documents.push_back(sample(name));
  Missing missing(load_json(TAMIS_SOURCE_DIR "/docs/schema/result.json"));
  // A reason stands where the rest does not.
  EXPECT_EQ(missing.in(documents), (std::vector<std::string>{"/changes/reason"}));
}

TEST(Result, reads_the_sample) {
  ResultDocument result = parse_result(sample("detector"));
  EXPECT_EQ(result.variants.size(), 14u);
  EXPECT_EQ(result.picked()->id, "v07");
  EXPECT_EQ(result.handed_over(), result.picked());
  EXPECT_EQ(result.find("v14")->failure->code, "unsupported");
  EXPECT_FALSE(result.find("v14")->latency_ms);
  EXPECT_FALSE(result.find("v02")->latency_ms->p95);
}

TEST(Result, shows_a_drop_as_a_change_in_shares_of_the_baseline) {
  Json document = sample("classifier");
  document["variants"][3]["accuracy"] = {
      {"value", 0.4}, {"baseline", 0.5}, {"drop", 0.1}, {"drop_low", 0.05}, {"drop_high", nullptr}};
  ResultDocument result = parse_result(document);
  const IntervalView change = *relative_change(*result.variants[3].accuracy);
  EXPECT_DOUBLE_EQ(change.value, -0.2);
  EXPECT_FALSE(change.low);
  EXPECT_DOUBLE_EQ(*change.high, -0.1);
  EXPECT_EQ(change_text(change.value), "−20.00 %");
  EXPECT_EQ(change_interval_text({0.02, -0.0031, 0.045}), "[−0.31, +4.50] %");
  document["variants"][3]["accuracy"]["drop_kind"] = "relative";
  EXPECT_DOUBLE_EQ(relative_change(*parse_result(document).variants[3].accuracy)->value, -0.1);
}

TEST(Result, orders_the_pick_first_then_by_latency_then_the_unmeasured) {
  ResultDocument result = parse_result(sample("detector"));
  std::vector<std::size_t> order = shown_order(result);
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

TEST(Result, refuses_what_it_cannot_show) {
  Json document = sample("segmenter");
  document["changes"]["worst"][0].erase("item");
  EXPECT_THAT(refusal(document), testing::HasSubstr("changes"));
  document = sample("segmenter");
  document["explain"] = "none";
  EXPECT_EQ(refusal(document), "result: explain must be an object, see docs/json.md");
}

}  // namespace
}  // namespace tamis
