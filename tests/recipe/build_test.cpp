#include "recipe/build.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "base/error.h"
#include "base/hash.h"
#include "data/selection.h"
#include "execute/worker.h"
#include "support/demo.h"

namespace tamis {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// Builds from the demo model, in a worker, as a search does.
class Build : public ::testing::Test {
 protected:
  void SetUp() override {
    ::setenv("TAMIS_WORKER", TAMIS_BINARY_DIR "/tamis-worker", 1);
    ::setenv("TAMIS_PLUGIN_DIR", TAMIS_BINARY_DIR "/plugins", 1);
    Availability found = find_backend("ort")->probe({});
    if (!found.ok()) GTEST_SKIP() << found.reason();
    testing::save_tiny_set(testing::make_tiny_set(24, 1), folder_.path() / "data", "train");
  }

  BuildRequest request(const Recipe& recipe, const std::string& out) const {
    Worker worker;
    Json described = worker.request({{"op", "inspect"}, {"model", testing::demo_model()}}, 60).head;
    BuildRequest r;
    r.parent = testing::demo_model();
    r.card = parse_card(described.at("card"));
    r.recipe = recipe;
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
  static ArtefactInfo build(const BuildRequest& request) {
    Worker worker;
    Json json = to_json(request);
    json["op"] = "build";
    return parse_artefact_info(worker.request(json, 300).head);
  }

  const Recipe simplify_{{"simplify", Json::object()}};
  const Recipe int8_{{"simplify", Json::object()}, {"int8-static", {{"for", "ort"}}}};
  TemporaryFolder folder_{"tamis-build"};
};

TEST_F(Build, writes_a_model_its_card_and_what_was_done) {
  ArtefactInfo info = build(request(simplify_, "a"));
  for (const char* name : {"model.onnx", "model.card.yaml", "artefact.json"})
    EXPECT_TRUE(fs::exists(folder_.path() / "a" / name)) << name;
  EXPECT_EQ(info.size_bytes, fs::file_size(folder_.path() / "a/model.onnx"));
  EXPECT_EQ(info.steps.size(), 1U);
  EXPECT_TRUE(info.refused.empty());
  EXPECT_EQ(to_json(parse_artefact_info(load_json(folder_.path() / "a/artefact.json"))),
            to_json(info));
}

TEST_F(Build, gives_the_same_bytes_again) {
  build(request(int8_, "a"));
  build(request(int8_, "b"));
  EXPECT_EQ(hash_file(folder_.path() / "a/model.onnx"), hash_file(folder_.path() / "b/model.onnx"));
}

TEST_F(Build, checks_what_needs_no_pictures_on_random_ones) {
  for (const char* name : {"int8-dynamic", "int8-weights", "int4-weights"}) {
    BuildRequest r = request({{"simplify", Json::object()}, {name, Json::object()}}, name);
    r.calibration.reset();
    const ArtefactInfo info = build(r);
    EXPECT_TRUE(info.refused.empty()) << name;
    EXPECT_EQ(info.steps[1].at("report").at("checks").size(), 1U) << name;
    EXPECT_GE(info.steps[1].at("report").at("quantised_nodes").get<int>(), 1) << name;
  }
}

TEST_F(Build, records_the_pictures_that_it_was_calibrated_on) {
  BuildRequest r = request(int8_, "a");
  ArtefactInfo info = build(r);
  EXPECT_EQ(info.calibration_hashes, r.calibration->hashes);
  EXPECT_LT(info.size_bytes, fs::file_size(testing::demo_model()) / 2);
}

TEST_F(Build, needs_pictures_for_a_calibrated_step) {
  BuildRequest r = request(int8_, "a");
  r.calibration.reset();
  try {
    build(r);
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("calibrat"));
  }
  EXPECT_FALSE(fs::exists(folder_.path() / "a/model.onnx"));
}

TEST_F(Build, request_comes_back_from_json_as_it_was) {
  BuildRequest r = request(int8_, "a");
  EXPECT_EQ(to_json(parse_build_request(to_json(r))), to_json(r));
}

}  // namespace
}  // namespace tamis
