// The same detector in the output layouts of other families must have the same accuracy.
#include "cli/cli.h"
#include "support/real_model.h"

namespace tamis::testing {
namespace {

namespace fs = std::filesystem;

/// Twelve pictures of coco128 in a data set of their own.
void link_pictures(const fs::path& coco128, const fs::path& to) {
  fs::create_directories(to);
  fs::create_directory_symlink(coco128 / "images", to / "images");
  fs::create_directory_symlink(coco128 / "labels", to / "labels");
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(coco128 / "images/train2017"))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  std::string list;
  for (std::size_t i = 0; i < 12; ++i) list += "./images/train2017/" + names.at(i) + "\n";
  save_file(to / "list.txt", list);
  save_file(to / "data.yaml", std::string_view("val: list.txt\n"));
}

class Layouts : public Cli {
 protected:
  void SetUp() override {
    auto detector = real_model("detect/yolov8n.onnx");
    auto data = real_model("coco128/coco128.yaml");
    if (!detector || !data) GTEST_SKIP() << "the folder with real models is not there";
    TAMIS_NEEDS_ORT();
    if (!referee_has("onnx")) GTEST_SKIP() << "Python's onnx, which makes the models, is missing";
    original_ = detector->string();
    link_pictures(data->parent_path(), path("data"));
    std::string command = "PYTHONPATH='" TAMIS_REFEREE_DIR "':\"$PYTHONPATH\" '" TAMIS_PYTHON
                          "' '" TAMIS_SOURCE_DIR "/tests/cli/make_layouts.py' '" +
                          original_ + "' '" + path("").string() + "'";
    ASSERT_EQ(std::system(command.c_str()), 0);
  }

  Json metrics(const std::string& model, const Arguments& more = {}) const {
    Arguments arguments{"eval", model, "--data", file("data"), "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    Ended ended = run(arguments);
    EXPECT_EQ(ended.status, 0) << model << ": " << ended.err;
    return ended.status == 0 ? parse_json(ended.out, model).at("metrics") : Json();
  }

  void expect_same(const std::string& name, const Json& wanted, const Arguments& more = {}) const {
    Json found = metrics(file(name + ".onnx"), more);
    if (!found.is_object()) return;
    for (const char* figure : {"map50_95", "map50", "map75", "recall_100"})
      EXPECT_NEAR(found.at(figure), wanted.at(figure).get<double>(), 1e-5) << name << " " << figure;
  }

  std::string original_;
};

TEST_F(Layouts, have_the_accuracy_of_the_original) {
  Json every_class = metrics(original_);
  Json best_class = metrics(file("best_class.onnx"));
  ASSERT_TRUE(every_class.is_object() && best_class.is_object());
  EXPECT_GT(every_class.at("map50_95"), .3);
  expect_same("yolov5", every_class);
  expect_same("end2end", every_class);
  const Arguments ultralytics{"--anchor", "center", "--color", "rgb", "--scale", "255"};
  Arguments yolox = ultralytics, decoded = ultralytics;
  yolox.insert(yolox.end(), {"--decoder", "yolox"});
  decoded.insert(decoded.end(), {"--decoder", "yolox-decoded"});
  expect_same("yolox", best_class, yolox);
  expect_same("yolox_decoded", best_class, decoded);
  const Arguments fractions{"--resize", "letterbox", "--mean", "0", "--std", "1"};
  expect_same("detr_scores", every_class, fractions);
  expect_same("rtdetr", every_class, fractions);
  expect_same("detr", every_class, fractions);
  Arguments ssd = fractions, from_1 = fractions;
  ssd.insert(ssd.end(), {"--decoder", "ssd"});
  from_1.insert(from_1.end(), {"--decoder", "ssd-from-1"});
  expect_same("ssd", every_class, ssd);
  expect_same("ssd_from_1", every_class, from_1);
}

}  // namespace
}  // namespace tamis::testing
