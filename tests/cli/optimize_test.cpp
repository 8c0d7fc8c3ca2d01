#include <map>

#include "base/clock.h"
#include "cli/search.h"

namespace tamis::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class Optimize : public Search {};

TEST_F(Optimize, hands_over_a_folder_that_bench_and_eval_take) {
  Ended ended = optimize("out");
  ASSERT_EQ(ended.status, 0) << ended.err;
  for (const char* name :
       {"model.onnx", "model.card.yaml", "run.json", "decision.json", "result.json", "report.html",
        "report.md", "variants.csv", "USING.md", "tamis.db"})
    EXPECT_TRUE(fs::exists(path("out") / name)) << name;
  for (const auto& entry : fs::directory_iterator(path("out")))
    EXPECT_THAT(entry.path().string(), Not(HasSubstr("partial")));
  Json decision = parse_json(ended.out, "stdout");  // one document and nothing else
  EXPECT_EQ(decision, document("out/decision.json"));
  EXPECT_EQ(decision.at("status"), "met");
  EXPECT_EQ(decision.at("pick").at("accuracy").at("value"), 1.0);

  Ended eval = run({"eval", file("out"), "--data", file("data"), "--json"});
  EXPECT_EQ(parse_json(eval.out, "eval").at("value"), 1.0) << eval.err;
  EXPECT_EQ(run({"bench", file("out"), "--rounds", "2", "--json"}).status, 0);
  EXPECT_EQ(run({"report", file("out"), "--json"}).status, 0);
}

TEST_F(Optimize, writes_documents_that_conform) {
  TAMIS_NEEDS_REFEREE();
  ASSERT_EQ(optimize("out").status, 0);
  for (const char* name : {"decision", "result", "run"})
    EXPECT_EQ(schema_faults(name, load_text(path("out") / (std::string(name) + ".json"))), "");
}

TEST_F(Optimize, a_finished_run_is_shown_again_at_once) {
  ASSERT_EQ(optimize("out").status, 0);
  Json before = document("out/result.json");
  std::int64_t start = now_ns();
  Ended again = optimize("out");
  EXPECT_LT(seconds_since(start), 2.0);
  EXPECT_EQ(again.status, 0);
  EXPECT_THAT(again.err, HasSubstr("has finished"));
  EXPECT_EQ(document("out/result.json"), before);
}

TEST_F(Optimize, two_requests_on_one_folder_each_get_their_own_files) {
  ASSERT_EQ(optimize("out").status, 0);
  Json first = document("out/decision.json");
  ASSERT_EQ(optimize("out", {"--max-latency", "1us"}).status, 10);
  EXPECT_EQ(document("out/decision.json").at("status"), "nearest_miss");
  Ended again = optimize("out");
  EXPECT_EQ(parse_json(again.out, "stdout"), first);
  EXPECT_EQ(document("out/decision.json"), first);
}

TEST_F(Optimize, files_that_went_missing_are_handed_over_again) {
  ASSERT_EQ(optimize("out").status, 0);
  std::string model = load_text(path("out/model.onnx"));
  for (const char* name : {"model.onnx", "result.json", "report.html"})
    fs::remove(path("out") / name);
  fs::remove_all(path("cache"));
  ASSERT_EQ(optimize("out").status, 0);
  EXPECT_EQ(load_text(path("out/model.onnx")), model);
  EXPECT_TRUE(fs::exists(path("out/result.json")));
  EXPECT_TRUE(fs::exists(path("out/report.html")));
}

TEST_F(Optimize, other_gates_reuse_what_was_measured) {
  ASSERT_EQ(optimize("out").status, 0);
  auto latencies = [&] {
    std::map<std::string, Json> found;
    Json result = document("out/result.json");
    for (const Json& v : result.at("variants")) found[v.at("id")] = v.at("load_ms");
    return found;
  };
  auto before = latencies();
  ASSERT_EQ(optimize("out", {"--max-size", "5MB"}).status, 0);
  EXPECT_EQ(latencies(), before);
}

TEST_F(Optimize, a_nearest_miss_hands_over_the_parent_and_says_so) {
  Ended ended = optimize("out", {"--max-size", "1kB"});
  EXPECT_EQ(ended.status, 10) << ended.err;
  Json decision = parse_json(ended.out, "stdout");
  EXPECT_EQ(decision.at("status"), "nearest_miss");
  EXPECT_FALSE(decision.at("nearest_miss").is_null());
  EXPECT_EQ(decision.at("pick").at("recipe"), Json::array());
  EXPECT_EQ(load_text(path("out/model.onnx")), load_text(demo_model()));
}

TEST_F(Optimize, an_accuracy_that_is_out_of_reach_is_a_nearest_miss) {
  save_tiny_set(make_tiny_set(kItems, 2), path("data"), "t10k");  // labels at random
  Ended ended = optimize("out", {"--min-accuracy", "90%"});
  EXPECT_EQ(ended.status, 10) << ended.err;
  EXPECT_EQ(load_text(path("out/model.onnx")), load_text(demo_model()));
}

TEST_F(Optimize, a_variant_that_fails_is_a_row_with_its_reason) {
  save_file(path("script.json"), std::string_view(R"([{"behaviour": {"open_fails": "told to"}}])"));
  Ended ended =
      optimize("out", {"--backend", "ort,fake"},
               {{"TAMIS_ENABLE_FAKE_BACKEND", "1"}, {"TAMIS_FAKE_SCRIPT", file("script.json")}});
  ASSERT_EQ(ended.status, 0) << ended.err;
  EXPECT_GE(parse_json(ended.out, "stdout").at("counts").at("failed"), 1);
  std::size_t failed = 0;
  Json result = document("out/result.json");
  for (const Json& v : result.at("variants")) {
    if (v.at("settings").at("backend") != "fake") continue;
    ++failed;
    EXPECT_EQ(v.at("state"), "failed");
    EXPECT_THAT(v.at("failure").at("text").get<std::string>(), HasSubstr("told to"));
    EXPECT_THAT(v.at("failure").at("command").get<std::string>(), HasSubstr("tamis bench"));
  }
  EXPECT_GE(failed, 1U);
}

TEST_F(Optimize, compares_with_the_baseline_that_is_asked_for) {
  Ended ended = optimize("out", {"--baseline", "ort:disable:1"});
  ASSERT_EQ(ended.status, 0) << ended.err;
  Json first = document("out/result.json").at("variants").at(0);
  EXPECT_EQ(first.at("name"), "original · ort · f32 · disable · 1 thread");
  EXPECT_TRUE(first.at("speedup").is_null());
  EXPECT_THAT(ended.err, HasSubstr("baseline: original · ort · f32 · disable · 1 thread"));

  // v02 of the dry run: the one variant besides the baseline.
  Ended named = optimize("named", {"--baseline", "v02"});
  ASSERT_EQ(named.status, 0) << named.err;
  EXPECT_EQ(document("named/result.json").at("variants").at(0).at("name"),
            "fp32 · ort · f32 · disable · 1 thread");
  EXPECT_EQ(document("named/result.json").at("variants").size(), 2U);
}

TEST_F(Optimize, the_same_seed_gives_the_same_plan_and_set_aside_pictures) {
  fs::remove(path("data/train-images-idx3-ubyte"));
  fs::remove(path("data/train-labels-idx1-ubyte"));
  Ended first = optimize("one"), second = optimize("two");
  ASSERT_EQ(first.status, 0) << first.err;
  Json one = document("one/result.json"), two = document("two/result.json");
  EXPECT_EQ(one.at("data"), two.at("data"));
  EXPECT_EQ(one.at("data").at("calibration").at("items"), 50);  // a quarter
  EXPECT_EQ(one.at("data").at("evaluation").at("items"), 150);
}

TEST_F(Optimize, sweep_names_its_variants_and_measures_nothing_when_dry) {
  Ended dry = run({"sweep", demo_model(), "--data", file("data"), "--backend", "ort", "--threads",
                   "1,1", "--precision", "fp32", "--graph-level", "all,disable",
                   "--inference-precision", "f32", "--pinning", "default", "--dry-run", "--json"});
  ASSERT_EQ(dry.status, 0) << dry.err;
  Json json = parse_json(dry.out, "stdout");
  EXPECT_EQ(json.at("expected_runs"), 3);  // the baseline and two levels
  EXPECT_EQ(json.at("variants").size(), 3U);
  EXPECT_GT(json.at("estimated_s").get<double>(), 0);
  Ended text =
      run({"sweep", demo_model(), "--data", file("data"), "--backend", "ort", "--dry-run"});
  EXPECT_THAT(text.out, HasSubstr("Expected runs: "));
  EXPECT_THAT(text.out, HasSubstr("Estimated time: "));
}

TEST_F(Optimize, sweep_measures_and_evaluates_every_variant) {
  Ended ended = run({"sweep", demo_model(), "--data", file("data"), "--backend", "ort", "--threads",
                     "1", "--precision", "fp32", "--graph-level", "all,disable", "--pinning",
                     "default,on", "--confidence", "50%", "--out", file("out"), "--json"});
  ASSERT_EQ(ended.status, 0) << ended.err;
  Json counts = parse_json(ended.out, "stdout").at("counts");
  EXPECT_EQ(counts.at("measured"), counts.at("variants"));
  EXPECT_EQ(counts.at("evaluated"), counts.at("variants"));
}

TEST_F(Optimize, goes_without_labels_by_agreement_with_the_baseline) {
  fs::create_directories(path("bare"));
  const TinySet set = make_tiny_set(80, 5);
  for (std::size_t i = 0; i < 80; ++i)
    save_file(path("bare") / (std::to_string(i) + ".pgm"),
              std::string_view(pgm_text(28, set.pixels.substr(i * 784, 784))));
  Arguments bare = arguments("out");
  *(std::find(bare.begin(), bare.end(), "--data") + 1) = file("bare");
  bare.erase(std::find(bare.begin(), bare.end(), "--json"));
  Ended ended = run(bare);
  ASSERT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("change, not correctness"));
  EXPECT_THAT(ended.out, HasSubstr("change, not correctness"));
  EXPECT_THAT(ended.out, HasSubstr("top-1 agreement at most 1 %"));
  for (const char* report : {"out/report.md", "out/report.html"})
    EXPECT_THAT(load_text(path(report)), HasSubstr("change, not correctness"));
  Json result = document("out/result.json");
  EXPECT_EQ(result.at("data").at("truth"), "baseline");
  EXPECT_EQ(result.at("model").at("metric"), "top1_agreement");
  for (const Json& v : result.at("variants"))
    if (const Json& a = v.at("accuracy"); !a.is_null()) {
      EXPECT_EQ(a.at("value"), 1.0);
    }
  EXPECT_THAT(refusal({"eval", demo_model(), "--data", file("bare"), "--quiet"}, 2),
              HasSubstr("has no label"));
}

}  // namespace
}  // namespace tamis::testing
