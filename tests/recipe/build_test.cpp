#include "recipe/build.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "base/error.h"
#include "base/hash.h"
#include "data/selection.h"
#include "graph/graph.h"
#include "place/local_place.h"
#include "place/model_info.h"
#include "place/worker.h"
#include "quantize/sensitivity.h"
#include "recipe/chain.h"
#include "support/demo.h"
#include "support/needs.h"
#include "support/protocol.h"

namespace tamis {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(BuildRequests, hold_what_the_protocols_document_lists) {
  EXPECT_EQ(testing::undocumented_members("build", to_json(BuildRequest())), "");
}

/// Builds from the demo model, in a worker, as a search does.
class Build : public ::testing::Test {
 protected:
  void SetUp() override {
    ::setenv("TAMIS_WORKER", TAMIS_BINARY_DIR "/tamis-worker", 1);
    ::setenv("TAMIS_PLUGIN_DIR", TAMIS_BINARY_DIR "/plugins", 1);
    TAMIS_NEEDS_RUNTIME("ort");
    testing::save_tiny_set(testing::make_tiny_set(24, 1), folder_.path() / "data", "train");
  }

  BuildRequest request(const std::string& out) const {
    Worker worker(place_);
    Json described = worker.request({{"op", "inspect"}, {"model", testing::demo_model()}}, 60).head;
    BuildRequest r;
    r.parent = testing::demo_model();
    r.card = parse_card(described.at("card"));
    DataSpec data{folder_.path() / "data", "train"};
    std::vector<std::size_t> items(24);
    std::iota(items.begin(), items.end(), std::size_t{0});
    r.calibration = CalibrationItems{data, items, {}};
    auto opened = open_dataset(data);
    for (std::size_t i : items) r.calibration->hashes.push_back(opened->content_hash(i));
    r.backends = {"ort"};
    r.settings.threads = 1;
    r.out = folder_.path() / out;
    fs::create_directories(r.out);
    return r;
  }
  ArtefactInfo build(const BuildRequest& request, const Recipe& recipe) const {
    const TemporaryFolder steps(folder_.path(), "steps");
    return build_chain(request, recipe, steps.path(), [&place = place_](const BuildRequest& one) {
      Worker worker(place);
      Json json = to_json(one);
      json["op"] = "build";
      return parse_artefact_info(worker.request(json, 300).head);
    });
  }

  const Recipe simplify_{{"simplify", Json::object()}};
  const Recipe int8_{{"simplify", Json::object()}, {"int8-static", {{"for", "ort"}}}};
  TemporaryFolder folder_{"tamis-build"};
  mutable LocalPlace place_;
};

TEST_F(Build, writes_a_model_its_card_and_what_was_done) {
  ArtefactInfo info = build(request("a"), simplify_);
  for (const char* name : {"model.onnx", "model.card.yaml", "artefact.json"})
    EXPECT_TRUE(fs::exists(folder_.path() / "a" / name)) << name;
  EXPECT_EQ(info.size_bytes, fs::file_size(folder_.path() / "a/model.onnx"));
  EXPECT_EQ(info.steps.size(), 1U);
  EXPECT_TRUE(info.refused.empty());
  EXPECT_EQ(to_json(parse_artefact_info(load_json(folder_.path() / "a/artefact.json"))),
            to_json(info));
}

TEST_F(Build, gives_the_same_bytes_again) {
  build(request("a"), int8_);
  build(request("b"), int8_);
  EXPECT_EQ(hash_file(folder_.path() / "a/model.onnx"), hash_file(folder_.path() / "b/model.onnx"));
}

TEST_F(Build, checks_what_needs_no_pictures_on_random_ones) {
  for (const char* name : {"int8-dynamic", "int8-weights", "int4-weights"}) {
    BuildRequest r = request(name);
    r.calibration.reset();
    const ArtefactInfo info = build(r, {{"simplify", Json::object()}, {name, Json::object()}});
    EXPECT_TRUE(info.refused.empty()) << name;
    EXPECT_EQ(info.steps[1].at("report").at("checks").size(), 1U) << name;
    EXPECT_GE(info.steps[1].at("report").at("quantised_nodes").get<int>(), 1) << name;
  }
}

TEST_F(Build, takes_a_model_without_pictures_and_card_through_steps_that_need_none) {
  Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[2,8] words) => (float[2,8] y) {
      a = Identity (words)
      y = Relu (a)
    })")
      .save(folder_.path() / "words.onnx");
  BuildRequest r = request("words");
  r.parent = folder_.path() / "words.onnx";
  r.card.reset();
  r.calibration.reset();
  r.check_exact = true;
  const ArtefactInfo info = build(r, simplify_);
  EXPECT_TRUE(info.card.is_null());
  EXPECT_FALSE(fs::exists(r.out / "model.card.yaml"));
  EXPECT_EQ(Graph::load(r.out / "model.onnx").nodes().size(), 1U);
  const Json& checks = info.steps[0].at("report").at("checks");
  ASSERT_EQ(checks.size(), 1U);
  EXPECT_EQ(checks[0].at("runtime"), "ort");
  EXPECT_TRUE(checks[0].at("refused").is_null());
  try {
    build(r, {{"head-cut", Json::object()}});
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("head-cut: needs the model's card"));
  }
}

/// What is beyond f16 where pixels are 0 … 255 as the card says, and not where they are 0 … 1:
/// pictures or, without any, probes are prepared as the card says.
TEST_F(Build, in_f16_looks_at_the_values_of_the_pictures) {
  Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[1,1,28,28] x) => (float[1,784] y)
    <float thousand = {1000}, float thousandth = {0.001}> {
      large = Mul (x, thousand)
      small = Mul (large, thousandth)
      r = Relu (small)
      y = Flatten (r)
    })")
      .save(folder_.path() / "large.onnx");
  const Recipe fp16{{"fp16", Json::object()}};
  const auto how = [&](BuildRequest r, double scale) {
    r.parent = folder_.path() / "large.onnx";
    r.card->scale = scale;
    r.card->mean = {0};
    r.card->std = {1};
    const Json report = build(r, fp16).steps[0].at("report");
    return report.at("how").get<std::string>() + " " + report.at("kept_in_float").dump();
  };
  BuildRequest bare = request("bare");
  bare.calibration.reset();
  EXPECT_THAT(how(bare, 255), HasSubstr("0 kept in f32, by the values on 3 random inputs"));
  EXPECT_THAT(how(bare, 1), HasSubstr("2 kept in f32, by the values on 3 random inputs"));
  EXPECT_THAT(
      how(request("seen"), 1),
      AllOf(HasSubstr("2 kept in f32, by the values on 24 calibration images"), HasSubstr("Mul")));
}

TEST_F(Build, records_the_pictures_that_it_was_calibrated_on) {
  BuildRequest r = request("a");
  ArtefactInfo info = build(r, int8_);
  EXPECT_EQ(info.calibration_hashes, r.calibration->hashes);
  EXPECT_LT(info.size_bytes, fs::file_size(testing::demo_model()) / 2);
}

/// Layers are ranked on pictures of the size that the step before left.
TEST_F(Build, ranks_layers_of_a_variant_with_another_resolution) {
  Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[1,1,28,28] x) => (float[1,4] y)
    <float[4,1,3,3] w1 = {1,0,2,0,1,0,1,0,1, 1,2,1,0,1,0,1,0,1, 1,0,1,2,1,0,1,0,3, 1,0,1,0,1,2,1,0,1},
     float[4,4,1,1] w2 = {1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16}> {
      a = Conv <kernel_shape = [3,3], pads = [1,1,1,1]> (x, w1)
      r = Relu (a)
      c = Conv <kernel_shape = [1,1]> (r, w2)
      p = GlobalAveragePool (c)
      y = Flatten (p)
    })")
      .save(folder_.path() / "small.onnx");
  BuildRequest r = request("small");
  r.parent = folder_.path() / "small.onnx";
  const ArtefactInfo small =
      build(r, {{"simplify", Json::object()}, {"resolution", {{"height", 20}, {"width", 16}}}});
  const Step quantise{"int8-static", {{"for", "ort"}}};
  const BuildRequest next =
      request_behind(request("ranked"), small, r.out / "model.onnx", quantise);
  Json head = to_json(next);
  head["op"] = "rank_layers";
  head["target"] = to_json(r.settings);
  Worker worker(place_);
  EXPECT_EQ(parse_sensitivity(worker.request(head, 300).head).order.size(), 2U);
  const ArtefactInfo info = build(next, {quantise});
  EXPECT_EQ(info.calibration_hashes.size(), 24U);
  EXPECT_THAT(step_texts(info.recipe), ElementsAre("simplify", "20x16", "int8-static(ort)"));
  EXPECT_EQ(info.steps.size(), 3U);
}

/// Each step on the file that the one before it wrote, as all of them in turn would have done.
TEST_F(Build, of_a_chain_tells_all_that_was_done_and_keeps_the_pictures_of_every_step) {
  const Recipe two{{"fp16", Json::object()}, {"simplify", Json::object()}};
  BuildRequest r = request("a");
  const ArtefactInfo info = build(r, two);
  EXPECT_THAT(step_texts(info.recipe), ElementsAre("fp16", "simplify"));
  EXPECT_EQ(info.steps[0].at("name"), "fp16");
  EXPECT_EQ(info.steps[1].at("name"), "simplify");
  EXPECT_EQ(info.calibration_hashes, r.calibration->hashes);
  const auto metadata = Graph::load(r.out / "model.onnx").metadata();
  EXPECT_THAT(metadata.at(kCalibrationMetadata), HasSubstr(r.calibration->hashes.back()));
}

TEST_F(Build, tells_how_far_it_is_and_stops_when_told_to) {
  BuildRequest r = request("a");
  r.step = int8_.back();
  Json head = to_json(r);
  head["op"] = "build";
  Worker worker(place_);
  std::vector<WorkDone> heard;
  worker.request(head, 300, {nullptr, [&](const WorkDone& work) { heard.push_back(work); }});
  ASSERT_FALSE(heard.empty());
  EXPECT_EQ(heard.front().what, "int8-static: images");
  EXPECT_EQ(heard.front().of, 24U);
  r.out = folder_.path() / "b";
  fs::create_directories(r.out);
  head = to_json(r);
  head["op"] = "build";
  bool told = false;
  EXPECT_THROW(
      worker.request(head, 300, {[&] { return !told; }, [&](const WorkDone&) { told = true; }}),
      Error);
  EXPECT_FALSE(fs::exists(r.out / "model.onnx"));
}

TEST_F(Build, needs_pictures_for_a_calibrated_step) {
  BuildRequest r = request("a");
  r.calibration.reset();
  try {
    build(r, int8_);
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("calibrat"));
  }
  EXPECT_FALSE(fs::exists(folder_.path() / "a/model.onnx"));
}

TEST_F(Build, request_comes_back_from_json_as_it_was) {
  BuildRequest r = request("a");
  r.step = int8_.back();
  r.made.recipe = simplify_;
  EXPECT_EQ(to_json(parse_build_request(to_json(r))), to_json(r));
}

}  // namespace
}  // namespace tamis
