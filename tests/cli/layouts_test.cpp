// The same detector in the output layouts of other families must have the same accuracy.
#include "cli/layouts.h"

#include <algorithm>
#include <array>

#include "cli/cli.h"
#include "support/real_model.h"

namespace tamis::testing {
namespace {

namespace fs = std::filesystem;

/// The first twelve pictures of coco128 in a data set of their own.
void link_pictures(const fs::path& coco128, const fs::path& to) {
  fs::create_directories(to);
  for (const char* folder : {"images", "labels"})
    fs::create_directory_symlink(coco128 / folder, to / folder);
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(coco128 / "images/train2017"))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  std::string list;
  for (std::size_t i = 0; i < 12; ++i) list += "./images/train2017/" + names.at(i) + "\n";
  save_file(to / "list.txt", list);
  save_file(to / "data.yaml", std::string_view("val: list.txt\n"));
}

constexpr int kSide = 64, kSquare = 16, kClasses = 3;

/// Finds squares of 16 x 16 pixels on a grid of 16, red, green or blue: a cell's mean colour is its
/// class, and its box is the cell, a little larger. Cells of strides 8 and 32 find them too, worse.
void save_square_detector(const fs::path& file) {
  Graph graph = Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[1,3,64,64] images) => (float[1,7,84] output0) {
      p8 = AveragePool <kernel_shape = [8, 8], strides = [8, 8]> (images)
      p16 = AveragePool <kernel_shape = [16, 16], strides = [16, 16]> (images)
      p32 = AveragePool <kernel_shape = [32, 32], strides = [32, 32]> (images)
      l8 = Conv (p8, hue, low)
      l16 = Conv (p16, hue, high)
      l32 = Conv (p32, hue, low)
      r8 = Reshape (l8, flat)
      r16 = Reshape (l16, flat)
      r32 = Reshape (l32, flat)
      hues = Concat <axis = 2> (r8, r16, r32)
      scores = Sigmoid (hues)
      output0 = Concat <axis = 1> (boxes, scores)
    })");
  const auto add = [&](const std::string& name, const Shape& shape,
                       const std::vector<double>& values) {
    *graph.graph().add_initializer() = make_tensor(name, onnx::TensorProto::FLOAT, shape, values);
  };
  std::vector<double> hue(9, -6), centre[2], size;
  for (std::size_t c = 0; c < kClasses; ++c) hue[c * 4] = 12;
  for (const int stride : {8, 16, 32})
    for (int cell = 0; cell < (kSide / stride) * (kSide / stride); ++cell) {
      centre[0].push_back(stride * (cell % (kSide / stride) + 0.5));
      centre[1].push_back(stride * (cell / (kSide / stride) + 0.5));
      size.push_back(stride * 1.1);
    }
  std::vector<double> boxes;
  for (const auto* row : {&centre[0], &centre[1], &size, &size})
    boxes.insert(boxes.end(), row->begin(), row->end());
  add("hue", {kClasses, 3, 1, 1}, hue);
  add("low", {kClasses}, {-10, -10, -10});
  add("high", {kClasses}, {-8, -8, -8});
  add("boxes", {1, 4, 84}, boxes);
  Tensor flat(DataType::i64, {3});
  std::copy_n(std::array<std::int64_t, 3>{1, kClasses, -1}.begin(), 3, flat.data<std::int64_t>());
  *graph.graph().add_initializer() = to_proto(flat, "flat");
  graph.reindex();
  for (const auto& [key, value] : {std::pair("author", "Ultralytics"), std::pair("task", "detect"),
                                   std::pair("names", "{0: 'red', 1: 'green', 2: 'blue'}")})
    graph.set_metadata(key, value);
  graph.verify();
  graph.save(file);
}

/// Pictures with squares of which a few are labelled otherwise, so that the accuracy is no round
/// number, as a YOLO data set.
void save_squares(const fs::path& to) {
  fs::create_directories(to / "images");
  fs::create_directories(to / "labels");
  for (int n = 0; n < 6; ++n) {
    std::string pixels(static_cast<std::size_t>(3 * kSide * kSide), '\x30'), labels;
    for (int cell = 0; cell < 16; cell += 3) {
      const int colour = (cell + n) % kClasses, x0 = cell % 4 * kSquare, y0 = cell / 4 * kSquare;
      for (int y = y0; y < y0 + kSquare; ++y)
        for (int x = x0; x < x0 + kSquare; ++x)
          for (int c = 0; c < 3; ++c)
            pixels[static_cast<std::size_t>(3 * (y * kSide + x) + c)] =
                static_cast<char>(c == colour ? 255 - 4 * cell : 10);
      labels += fmt::format("{} {} {} {} {}\n", cell == 9 ? (colour + 1) % kClasses : colour,
                            (x0 + 8.0) / kSide, (y0 + 8.0) / kSide, 16.0 / kSide, 16.0 / kSide);
    }
    save_file(to / "images" / fmt::format("{}.ppm", n),
              fmt::format("P6\n{0} {0}\n255\n", kSide) + pixels);
    save_file(to / "labels" / fmt::format("{}.txt", n), labels);
  }
  save_file(to / "data.yaml", std::string_view("val: images\nnames: [red, green, blue]\n"));
}

class LayoutsOfOneDetector : public Cli {
 protected:
  void SetUp() override { TAMIS_NEEDS_ORT(); }

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

  /// Makes all layouts of a detector and compares their accuracy with its own, which must be above
  /// `least`.
  void expect_all_same(const fs::path& detector, double least) const {
    Layouts(detector).save_all(path(""));
    const Json every_class = metrics(detector.string());
    const Json best_class = metrics(file("best_class.onnx"), {"--decoder", "yolov8"});
    ASSERT_TRUE(every_class.is_object() && best_class.is_object());
    EXPECT_GT(every_class.at("map50_95"), least);
    EXPECT_LT(every_class.at("map50_95"), .99) << "so that a difference would be seen";
    expect_same("yolov5", every_class);
    expect_same("end2end", every_class);
    const Arguments ultralytics{"--anchor", "center", "--color", "rgb", "--scale", "255"};
    const auto with = [](Arguments all, const std::string& decoder) {
      all.insert(all.end(), {"--decoder", decoder});
      return all;
    };
    expect_same("yolox", best_class, with(ultralytics, "yolox"));
    expect_same("yolox_decoded", best_class, with(ultralytics, "yolox-decoded"));
    const Arguments fractions{"--resize", "letterbox", "--mean", "0", "--std", "1"};
    for (const char* decoder : {"detr-scores", "rtdetr", "detr"}) {
      std::string name = decoder;
      std::replace(name.begin(), name.end(), '-', '_');
      expect_same(name, every_class, with(fractions, decoder));
    }
    expect_same("ssd", every_class, with(fractions, "ssd"));
    expect_same("ssd_from_1", every_class, with(fractions, "ssd-from-1"));
  }
};

TEST_F(LayoutsOfOneDetector, have_its_accuracy_where_it_finds_coloured_squares) {
  save_square_detector(path("squares.onnx"));
  save_squares(path("data"));
  expect_all_same(path("squares.onnx"), .3);
}

TEST_F(LayoutsOfOneDetector, have_its_accuracy_where_it_is_yolov8n) {
  auto detector = real_model("detect/yolov8n.onnx");
  auto data = real_model("coco128/coco128.yaml");
  if (!detector || !data) GTEST_SKIP() << "the folder with real models is not there";
  link_pictures(data->parent_path(), path("data"));
  expect_all_same(*detector, .3);
}

class Segmenter : public Cli {};

// The figures of onnxruntime 1.31, plain NumPy and pycocotools 2.0.11 (maxDets 300) on the same
// pictures.
TEST_F(Segmenter, has_the_mask_accuracy_that_pycocotools_gives) {
  auto model = real_model("detect/yolo11n-seg.onnx");
  auto data = real_model("coco128/coco128.yaml");
  if (!model || !data) GTEST_SKIP() << "the folder with real models is not there";
  TAMIS_NEEDS_ORT();
  Ended ended = run({"eval", model->string(), "--data", data->string(), "--json"});
  ASSERT_EQ(ended.status, 0) << ended.err;
  Json document = parse_json(ended.out, "eval");
  EXPECT_EQ(document.at("metric"), "mask_map50_95");
  EXPECT_EQ(document.at("items"), 100) << "those with polygons";
  EXPECT_NEAR(document.at("value"), .359420, 2e-3) << "JPEG decoders differ by a grey level";
  EXPECT_NEAR(document.at("metrics").at("mask_map50"), .591514, 4e-3);
  EXPECT_NEAR(document.at("metrics").at("box_map50_95"), .484064, 2e-3);
}

TEST_F(Segmenter, has_the_same_accuracy_with_its_head_cut_off) {
  auto model = real_model("detect/yolo11n-seg.onnx");
  auto data = real_model("coco128/coco128.yaml");
  if (!model || !data) GTEST_SKIP() << "the folder with real models is not there";
  TAMIS_NEEDS_ORT();
  Ended made = run({"apply", model->string(), "--step", "simplify,head-cut", "--out",
                    file("cut.onnx"), "--json"});
  ASSERT_EQ(made.status, 0) << made.err;
  const Json document = parse_json(made.out, "apply");
  EXPECT_LE(document.at("steps").at(1).at("report").at("largest_difference"), 1e-4);
  EXPECT_EQ(document.at("card").at("decoder"), "yolov8-seg-cut");
  Ended ended = run({"eval", file("cut.onnx"), "--data", data->string(), "--json"});
  ASSERT_EQ(ended.status, 0) << ended.err;
  const Json metrics = parse_json(ended.out, "eval").at("metrics");
  EXPECT_NEAR(metrics.at("mask_map50_95"), .359420, 2e-3) << "the uncut model's, see above";
  EXPECT_NEAR(metrics.at("box_map50_95"), .484064, 2e-3);
}

}  // namespace
}  // namespace tamis::testing
