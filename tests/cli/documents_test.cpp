#include "cli/cli.h"

namespace tamis::testing {
namespace {

class Documents : public Cli {
 protected:
  void SetUp() override { TAMIS_NEEDS_REFEREE(); }

  Json valid(const std::string& schema, const Ended& ended) const {
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_EQ(schema_faults(schema, ended.out), "");
    return parse_json(ended.out, schema);
  }
};

TEST_F(Documents, inspect) {
  Json json = valid("inspect", run({"inspect", demo_model(), "--json"}));
  EXPECT_EQ(json.at("inputs").size(), 1U);
  EXPECT_GT(json.at("parameters").get<int>(), 50'000);
  EXPECT_EQ(json.at("card").at("task"), "classify");
}

TEST_F(Documents, eval) {
  TAMIS_NEEDS_ORT();
  Json json =
      valid("eval", run({"eval", demo_model(), "--data", tiny_data(), "--threads", "1", "--json"}));
  EXPECT_EQ(json.at("metric"), "top1");
  EXPECT_EQ(json.at("items"), 60);
  EXPECT_LE(json.at("low"), json.at("value"));
}

TEST_F(Documents, bench_under_load) {
  TAMIS_NEEDS_ORT();
  const std::string folder = file("dump");
  Json json = valid(
      "bench", run({"bench", demo_model(), "--objective", "throughput", "--threads", "1",
                    "--in-flight", "2", "--rounds", "3", "--dump", folder, "--json", "--quiet"}));
  const Json& variant = json.at("variants").at(0);
  EXPECT_EQ(json.at("objective"), "throughput");
  EXPECT_EQ(variant.at("in_flight"), 2);
  EXPECT_GT(variant.at("images_per_s").at("median").get<double>(), 0);
  EXPECT_TRUE(variant.at("from_file_ms").is_null());
  std::size_t found = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    found +=
        entry.path().filename() == "optimized.onnx" || entry.path().filename() == "layers.json";
  EXPECT_EQ(found, 2U);
}

TEST_F(Documents, bench) {
  TAMIS_NEEDS_ORT();
  std::string other = demo_model() + "@graph-level=disable";
  Json json = valid("bench", run({"bench", demo_model(), other, "--threads", "1", "--rounds", "4",
                                  "--data", tiny_data(), "--json"}));
  EXPECT_EQ(json.at("variants").size(), 2U);
  EXPECT_EQ(json.at("variants").at(1).at("name"), other);
  ASSERT_EQ(json.at("comparisons").size(), 1U);
  const Json& one = json.at("comparisons").at(0);
  EXPECT_TRUE(one.at("low").is_null());
  EXPECT_EQ(one.at("no_interval"), "1 instance; an interval needs 3");
}

TEST_F(Documents, bench_ends_with_a_sentence_for_people) {
  TAMIS_NEEDS_ORT();
  const Ended ended = run({"bench", demo_model(), demo_model(), "--threads", "1", "--rounds", "8",
                           "--instances", "4", "--budget", "20s"});
  ASSERT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.out, ::testing::ContainsRegex(
                             "fashion_resnet[^ ]* takes [^×]*× as long as [^ ]*fashion_resnet"));
  EXPECT_THAT(ended.out, ::testing::Not(::testing::HasSubstr("not_distinguishable")));
}

TEST_F(Documents, bench_over_instances) {
  TAMIS_NEEDS_ORT();
  Json json = valid("bench", run({"bench", demo_model(), demo_model(), "--threads", "1",
                                  "--instances", "3", "--resolution", "0.01%", "--json"}));
  EXPECT_EQ(json.at("instances"), 3);
  EXPECT_EQ(json.at("variants").at(0).at("latency_ms").at("instances"), 3);
  EXPECT_TRUE(json.at("variants").at(0).at("latency_ms").at("low").is_number());
  const Json& pair = json.at("comparisons").at(0);
  EXPECT_EQ(pair.at("instances"), 3);
  EXPECT_LT(pair.at("low"), pair.at("high"));
  EXPECT_GE(pair.at("instances_differ").get<double>(), 0);
  EXPECT_TRUE(pair.at("no_interval").is_null());
}

TEST_F(Documents, quantize) {
  TAMIS_NEEDS_ORT();
  Json json = valid("quantize", run({"quantize", demo_model(), "--data", tiny_data(), "--out",
                                     file("q.onnx"), "--threads", "1", "--trust-model", "--json"}));
  EXPECT_EQ(json.at("calibrated_on"), 30);
  Json made = valid("inspect", run({"inspect", file("q.onnx"), "--json"}));
  EXPECT_GT(made.at("operators").at("QuantizeLinear").get<int>(), 5);
}

TEST_F(Documents, explain) {
  TAMIS_NEEDS_ORT();
  ASSERT_EQ(run({"quantize", demo_model(), "--data", tiny_data(), "--out", file("q.onnx"), "--for",
                 "ort", "--threads", "1", "--trust-model"})
                .status,
            0);
  Json json = valid(
      "explain", run({"explain", file("q.onnx"), "--against", demo_model(), "--data", tiny_data(),
                      "--threads", "1", "--runs", "9", "--out", file("explained"), "--json"}));
  EXPECT_FALSE(json.at("model").at("int8_islands").empty());
  EXPECT_TRUE(json.at("errors").at("reason").is_null()) << json.at("errors");
  EXPECT_GT(json.at("errors").at("values").size(), 3U);
  EXPECT_EQ(schema_faults("explain", load_text(path("explained") / "explain.json")), "");
  EXPECT_THAT(load_text(path("explained") / "explain.md"), ::testing::HasSubstr("| layer |"));
  Ended alone = run({"explain", demo_model(), "--threads", "1", "--runs", "6", "--quiet"});
  EXPECT_EQ(alone.status, 0) << alone.err;
  EXPECT_THAT(alone.out, ::testing::HasSubstr("No layer runs in INT8"));
}

TEST_F(Documents, quantize_without_pictures) {
  TAMIS_NEEDS_ORT();
  for (const char* precision : {"int8-dynamic", "int8-weights", "int4-weights"}) {
    Json json = valid("quantize", run({"quantize", demo_model(), "--precision", precision, "--out",
                                       file("q.onnx"), "--threads", "1", "--json"}));
    EXPECT_EQ(json.at("precision"), precision);
    EXPECT_EQ(json.at("calibrated_on"), 0);
    EXPECT_FALSE(json.at("checks").empty());
  }
}

TEST_F(Documents, doctor) {
  TAMIS_NEEDS_ORT();
  valid("doctor", run({"doctor", "--json"}));
}

}  // namespace
}  // namespace tamis::testing
