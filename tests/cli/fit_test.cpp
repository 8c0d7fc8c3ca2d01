#include <random>

#include "cli/cli.h"
#include "graph/graph.h"

namespace tamis::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Fit : public Cli {
 protected:
  void SetUp() override {
    Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 13]>
      g (float[N,3,32,32] x) => (float[N,3] y) {
        a = AveragePool<kernel_shape = [2,2], strides = [2,2]>(x)
        b = AveragePool<kernel_shape = [2,2], strides = [2,2]>(a)
        c = Tanh(b)
        p = GlobalAveragePool(c)
        y = Flatten(p)
      })")
        .save(path("backbone.onnx"));
    for (unsigned i = 0; i < 40; ++i) save_tile("train/good", i, false);
    for (unsigned i = 100; i < 116; ++i) save_tile("test/good", i, false);
    for (unsigned i = 200; i < 216; ++i) save_tile("test/spot", i, true);
  }

  /// Noise of 32 x 32, with a bright square where it is defective.
  void save_tile(const std::string& folder, unsigned seed, bool defective) const {
    std::mt19937 random(seed);
    std::string pixels, mask;
    for (int y = 0; y < 32; ++y)
      for (int x = 0; x < 32; ++x) {
        const bool spot = defective && y >= 4 && y < 16 && x >= 8 && x < 20;
        pixels += static_cast<char>(random() % 128 + (spot ? 100 : 0));
        mask += static_cast<char>(spot ? 255 : 0);
      }
    const std::string head = "P5\n32 32\n255\n", name = std::to_string(seed);
    save(path("tiles") / folder / (name + ".pgm"), head + pixels);
    if (defective) save(path("tiles/ground_truth/spot") / (name + "_mask.pgm"), head + mask);
  }
  static void save(const fs::path& file, const std::string& bytes) {
    fs::create_directories(file.parent_path());
    save_file(file, std::string_view(bytes));
  }

  Arguments arguments(const Arguments& more = {}) const {
    Arguments all{"fit",        "anomaly",
                  "--backbone", file("backbone.onnx"),
                  "--data",     file("tiles"),
                  "--out",      file("padim.onnx"),
                  "--mean",     "0.25",
                  "--std",      "0.2",
                  "--threads",  "1"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
};

TEST_F(Fit, makes_a_detector_that_eval_and_quantize_take) {
  TAMIS_NEEDS_ORT();
  Ended ended = run(arguments({"--json", "--quiet"}));
  ASSERT_EQ(ended.status, 0) << ended.err;
  Json made = parse_json(ended.out, "fit");
  EXPECT_EQ(made.at("fitted"), 32);
  EXPECT_EQ(made.at("held_out"), 8);
  Json inspected = parse_json(run({"inspect", file("padim.onnx"), "--json"}).out, "inspect");
  EXPECT_EQ(inspected.at("card").at("task"), "anomaly");
  EXPECT_EQ(inspected.at("card").at("threshold"), made.at("threshold"));
  ended = run({"eval", file("padim.onnx"), "--data", file("tiles"), "--json", "--quiet"});
  ASSERT_EQ(ended.status, 0) << ended.err;
  Json eval = parse_json(ended.out, "eval");
  EXPECT_EQ(eval.at("metric"), "auroc");
  EXPECT_EQ(eval.at("value"), 1);
  EXPECT_EQ(eval.at("items"), 32);
  EXPECT_GT(eval.at("metrics").at("pro").get<double>(), 0.8);
  EXPECT_EQ(eval.at("metrics").at("found"), 1);
}

TEST_F(Fit, writes_a_document_that_conforms) {
  TAMIS_NEEDS_ORT();
  TAMIS_NEEDS_REFEREE();
  EXPECT_EQ(schema_faults("fit", run(arguments({"--json", "--quiet"})).out), "");
}

TEST_F(Fit, is_flagged_as_fitted_on_its_pictures) {
  TAMIS_NEEDS_ORT();
  ASSERT_EQ(run(arguments()).status, 0);
  EXPECT_THAT(refusal({"eval", file("padim.onnx"), "--data", file("tiles"), "--split", "train"}, 2),
              HasSubstr("were used to calibrate the model"));
}

TEST_F(Fit, refuses_data_without_good_pictures) {
  TAMIS_NEEDS_ORT();
  fs::remove_all(path("tiles/train/good"));
  EXPECT_THAT(refusal(arguments(), 2), HasSubstr("has no images in good/"));
}

TEST_F(Fit, refuses_defective_pictures_and_classes) {
  TAMIS_NEEDS_ORT();
  EXPECT_THAT(refusal(arguments({"--split", "test"}), 2), HasSubstr("is defective"));
  fs::rename(path("tiles/ground_truth"), path("masks"));
  save_tile("train/other", 7, false);
  EXPECT_THAT(refusal(arguments(), 2), HasSubstr("labelled images"));
}

TEST_F(Fit, refuses_a_backbone_without_feature_maps) {
  TAMIS_NEEDS_ORT();
  Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 13]>
    g (float[N,3,32,32] x) => (float[N,3072] y) { y = Flatten(x) })")
      .save(path("backbone.onnx"));
  EXPECT_THAT(refusal(arguments(), 5), HasSubstr("no spatial feature maps"));
}

TEST_F(Fit, names_layers_that_are_near) {
  TAMIS_NEEDS_ORT();
  EXPECT_THAT(refusal(arguments({"--layers", "bb"}), 2), HasSubstr("no layer 'bb'"));
}

TEST_F(Fit, needs_a_kind) { EXPECT_EQ(run({"fit"}).status, 2); }

}  // namespace
}  // namespace tamis::testing
