#include "predict/prediction_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/mask.h"
#include "predict/prediction_json.h"
#include "predict/summary.h"

namespace tamis {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr Size kImage{100, 200};

Card detector(TaskKind task = TaskKind::detect) {
  Card card;
  card.task = task;
  card.labels = {"cat", "dog"};
  return card;
}

/// A dog, and something too unsure to be shown.
Prediction a_dog() {
  Prediction prediction;
  prediction.boxes = {{{20, 10, 120, 60}, 0.9F, 1}, {{0, 0, 5, 5}, 0.1F, 0}};
  return prediction;
}

class Files : public ::testing::Test {
 protected:
  void write(const std::string& format, const Prediction& prediction,
             TaskKind task = TaskKind::detect) {
    const Card card = detector(task);
    const auto files = formats_named({format}, task).front()->make({folder_.path(), card, 0.25});
    const Json json = prediction_json(card, "a/b.png", kImage, prediction, 0.25);
    files->add({"a/b.png", kImage, json, nullptr});
    files->finish();
  }
  std::string text(const fs::path& file) const { return load_text(folder_.path() / file); }
  const TemporaryFolder folder_{"tamis-test"};
};

TEST_F(Files, json_lines_hold_an_image_each) {
  write("jsonl", a_dog());
  const std::string line = text("predictions.jsonl");
  EXPECT_EQ(line.back(), '\n');
  EXPECT_EQ(Json::parse(line),
            Json::parse(R"({"image": "a/b.png", "width": 200, "height": 100, "objects":
              [{"class": 1, "name": "dog", "score": 0.9, "box": [20.0, 10.0, 120.0, 60.0]}]})"));
}

TEST_F(Files, coco_has_boxes_by_corner_and_size) {
  write("coco", a_dog());
  const Json coco = Json::parse(text("predictions.coco.json"));
  EXPECT_EQ(coco.at("images"),
            Json::parse(R"([{"id": 1, "file_name": "a/b.png", "width": 200, "height": 100}])"));
  EXPECT_EQ(coco.at("categories"),
            Json::parse(R"([{"id": 0, "name": "cat"}, {"id": 1, "name": "dog"}])"));
  ASSERT_EQ(coco.at("annotations").size(), 1U);
  const Json& one = coco.at("annotations")[0];
  EXPECT_EQ(one.at("bbox"), Json::parse("[20.0, 10.0, 100.0, 50.0]"));
  EXPECT_EQ(one.at("area"), 5000);
  EXPECT_EQ(one.at("image_id"), 1);
  EXPECT_EQ(one.at("category_id"), 1);
}

TEST_F(Files, coco_has_masks_as_run_lengths) {
  Prediction prediction = a_dog();
  const Mask mask = polygon_mask(std::vector<double>{20, 10, 40, 10, 40, 30, 20, 30}, kImage);
  prediction.masks = {to_text(mask), to_text(mask)};
  prediction.mask_size = kImage;
  write("coco", prediction, TaskKind::segment);
  const Json one = Json::parse(text("predictions.coco.json")).at("annotations").at(0);
  EXPECT_EQ(one.at("segmentation").at("size"), Json::parse("[100, 200]"));
  EXPECT_EQ(parse_mask(one.at("segmentation").at("counts").get<std::string>(), kImage), mask);
  EXPECT_EQ(one.at("area"), area(mask));
}

TEST_F(Files, yolo_has_centre_and_size_as_shares) {
  write("yolo", a_dog());
  EXPECT_EQ(text("labels/a/b.txt"), "1 0.35 0.35 0.5 0.5 0.9\n");
}

TEST_F(Files, yolo_has_the_outline_of_masks) {
  Prediction prediction = a_dog();
  std::vector<std::uint8_t> pixels(20000);
  for (std::size_t y = 10; y < 20; ++y)
    for (std::size_t x = 20; x < 40; ++x) pixels[y * 200 + x] = 1;
  prediction.masks = {to_text(mask_of_rows(pixels, kImage)), ""};
  prediction.mask_size = kImage;
  write("yolo", prediction, TaskKind::segment);
  EXPECT_EQ(text("labels/a/b.txt"), "1 0.1 0.1 0.2 0.1 0.2 0.2 0.1 0.2 0.9\n");
}

TEST(Formats, are_named_with_what_is_near_and_fit_the_task) {
  auto failure = [](const std::string& name, TaskKind task) -> std::string {
    try {
      formats_named({name}, task);
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_THAT(failure("cocos", TaskKind::detect), HasSubstr("did you mean coco?"));
  EXPECT_THAT(failure("yolo", TaskKind::classify), HasSubstr("this model's task is classify"));
  EXPECT_EQ(failure("jsonl", TaskKind::classify), "");
  EXPECT_EQ(formats_named({"jsonl", "jsonl"}, TaskKind::detect).size(), 1U);
}

TEST(OutputNames, are_unique_and_stay_in_the_folder) {
  OutputNames names(".jpg");
  EXPECT_EQ(names.name_for("a/b.png"), "a/b.jpg");
  EXPECT_EQ(names.name_for("a/b.bmp"), "a/b-2.jpg");
  EXPECT_EQ(names.name_for("../../etc/x.png"), "etc/x.jpg");
  EXPECT_EQ(names.name_for("/etc/x.png"), "etc/x-2.jpg");
  EXPECT_EQ(names.name_for("t10k#12"), "t10k-12.jpg");
  EXPECT_EQ(names.name_for(".."), "image.jpg");
}

TEST(Summary, counts_objects_by_class_in_the_order_of_their_surest) {
  EXPECT_EQ(summary_text(detector(), a_dog(), 0.25), "1 dog");
  EXPECT_EQ(summary_text(detector(), a_dog(), 0.05), "1 dog, 1 cat");
  EXPECT_EQ(summary_text(detector(), {}, 0.25), "nothing");
  Prediction one;
  one.top = {7, 1};
  one.probabilities = {0.75F, 0.2F};
  EXPECT_EQ(summary_text(detector(TaskKind::classify), one, 0.25), "class 7 0.75");
  Prediction odd;
  odd.anomaly.emplace();
  odd.anomaly->score = 13.25F;
  EXPECT_EQ(summary_text(detector(TaskKind::anomaly), odd, 0.25), "score 13.25");
  odd.anomaly->flagged = true;
  Card card = detector(TaskKind::anomaly);
  card.threshold = 9.5;
  EXPECT_EQ(summary_text(card, odd, 0.25), "anomalous (score 13.25, threshold 9.5)");
}

}  // namespace
}  // namespace tamis
