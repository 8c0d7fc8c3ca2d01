#include <gmock/gmock.h>

#include "base/json.h"
#include "base/mask.h"
#include "data/dataset.h"
#include "data/selection.h"
#include "helpers.h"

namespace tamis {
namespace {

using namespace testing_data;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// images/train/a.ppm and b.ppm (2 x 2), and a data.yaml that uses them for both splits.
void write_yolo(const std::filesystem::path& root, const std::string& label_of_a) {
  write(root / "data.yaml",
        "path: nowhere\ntrain: images/train\nval: [images/train]\nnames: {0: cat, 1: dog}\n");
  write(root / "images/train/a.ppm", tiny_picture(1));
  write(root / "images/train/b.ppm", tiny_picture(2));
  write(root / "labels/train/a.txt", label_of_a);
}

TEST(Yolo, reads_boxes_polygons_and_pictures_without_objects) {
  TemporaryFolder folder;
  write_yolo(folder.path(), "1 0.5 0.5 1 0.5\n0 0 0 0.5 0 0.5 1\n1 0.5 0.5 1 0.5\n");
  DatasetInfo info = probe_dataset(folder.path());
  EXPECT_EQ(info.format, "yolo");
  EXPECT_THAT(info.splits, ElementsAre("train", "val"));
  EXPECT_TRUE(info.train_equals_val);
  auto val = open_dataset({folder.path() / "data.yaml", ""});
  EXPECT_THAT(val->labels(), ElementsAre("cat", "dog"));
  ASSERT_EQ(val->items().size(), 2u);
  EXPECT_EQ(val->items()[0].id, "images/train/a.ppm");
  const auto& boxes = *val->items()[0].truth.boxes;
  ASSERT_EQ(boxes.size(), 2u) << "the repeated line is dropped";
  EXPECT_EQ(boxes[0].box, (Box{0, 0.5, 2, 1.5}));
  EXPECT_EQ(boxes[0].label, 1);
  EXPECT_DOUBLE_EQ(boxes[0].area, 2);
  EXPECT_EQ(boxes[1].box, (Box{0, 0, 1, 2}));
  EXPECT_TRUE(val->items()[1].truth.boxes->empty());
}

TEST(Yolo, makes_masks_of_polygons_where_they_are_asked_for) {
  TemporaryFolder folder;
  write(folder.path() / "data.yaml", "val: images\n");
  copy_picture("orientation6.jpg", folder.path() / "images/a.jpg");  // upright 24 wide, 16 high
  write(folder.path() / "labels/a.txt",
        "0 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75\n1 .5 .5 .5 .5\n");
  auto val = open_dataset({folder.path(), "", TruthDetail::masks});
  const Truth& truth = val->items()[0].truth;
  EXPECT_EQ(truth.mask_size, (Size{16, 24}));
  const TruthBox& polygon = (*truth.boxes)[0];
  EXPECT_EQ(polygon.area, static_cast<double>(area(parse_mask(polygon.mask, {16, 24}))));
  EXPECT_EQ(polygon.area, 12 * 8);
  EXPECT_EQ((*truth.boxes)[1].mask, "") << "a box has none";
  auto boxes = open_dataset({folder.path(), ""});
  EXPECT_EQ((*boxes->items()[0].truth.boxes)[0].mask, "");
}

TEST(Yolo, takes_masks_from_a_folder_of_their_own_and_leaves_the_others_unknown) {
  TemporaryFolder folder;
  write_yolo(folder.path(), "0 0.5 0.5 1 1\n");
  write(folder.path() / "images/train/c.ppm", tiny_picture(3));
  write(folder.path() / "labels/train/b.txt", "0 0.5 0.5 1 1\n");
  write(folder.path() / "labels_segment/train/b.txt", "1 0 0 1 0 1 1 0 1\n");
  auto val = open_dataset({folder.path(), "val", TruthDetail::masks});
  EXPECT_FALSE(val->items()[0].truth.boxes) << "it has a box, but no polygon";
  EXPECT_EQ((*val->items()[1].truth.boxes)[0].area, 4);
  EXPECT_TRUE(val->items()[2].truth.boxes->empty()) << "it has neither, so it shows nothing";
  EvaluationPlan plan = plan_evaluation({folder.path(), "val", TruthDetail::masks}, {});
  EXPECT_THAT(plan.evaluation.items, ElementsAre(1, 2));
  EXPECT_THAT(plan.notes, Contains("1 of 3 images have no masks and are not evaluated."));
}

TEST(Yolo, uses_the_upright_size_of_turned_pictures) {
  TemporaryFolder folder;
  write(folder.path() / "data.yaml", "val: images\n");
  copy_picture("orientation6.jpg", folder.path() / "images/a.jpg");
  write(folder.path() / "labels/a.txt", "0 0.5 0.5 1 1\n");
  auto val = open_dataset({folder.path(), ""});
  EXPECT_EQ((*val->items()[0].truth.boxes)[0].box, (Box{0, 0, 24, 16}));
}

TEST(Yolo, names_the_label_line_that_is_wrong) {
  TemporaryFolder folder;
  auto text_of = [&](const std::string& label) {
    write_yolo(folder.path(), "0 0.1 0.1 0.1 0.1\n" + label);
    return error_of([&] { open_dataset({folder.path(), ""}); }).text;
  };
  EXPECT_THAT(text_of("0 0.5 0.5 1"), HasSubstr("labels/train/a.txt line 2: has 4 fields"));
  EXPECT_THAT(text_of("0 0.5 0.5 1 x"), HasSubstr("line 2: number expected, got x"));
  EXPECT_THAT(text_of("0 0.5 0.5 1 nan"), HasSubstr("line 2: number expected, got nan"));
  EXPECT_THAT(text_of("0 20 0.5 1 1"), HasSubstr("line 2: 20 is outside 0..1"));
  EXPECT_THAT(text_of("2 0.5 0.5 1 1"), HasSubstr("line 2: class 2 is out of range: 2 names"));
  EXPECT_THAT(text_of("1.5 0.5 0.5 1 1"), HasSubstr("line 2: class index expected, got 1.5"));
}

TEST(Yolo, says_which_folder_is_missing_and_which_yaml_to_choose) {
  TemporaryFolder folder;
  write(folder.path() / "a.yaml", "val: images/none\n");
  Thrown thrown = error_of([&] { open_dataset({folder.path(), ""}); });
  EXPECT_EQ(thrown.code, ErrorCode::not_found);
  EXPECT_THAT(thrown.text, HasSubstr("images/none is not there"));
  write(folder.path() / "b.yaml", "val: images\n");
  EXPECT_THAT(error_of([&] {
                open_dataset({folder.path(), ""});
              }).text,
              HasSubstr("a.yaml and b.yaml; name the one to use"));
  write(folder.path() / "b.yaml", "val: [unfinished\n");
  EXPECT_EQ(error_of([&] {
              open_dataset({folder.path() / "b.yaml", ""});
            }).code,
            ErrorCode::corrupt_data);
}

TEST(Yolo, leaves_the_boxes_of_a_damaged_picture_unknown) {
  TemporaryFolder folder;
  write_yolo(folder.path(), "0 0.5 0.5 1 1\n");
  write(folder.path() / "images/train/a.ppm", "damaged");
  auto val = open_dataset({folder.path(), ""});
  EXPECT_FALSE(val->items()[0].truth.boxes);
  EXPECT_EQ(error_of([&] { val->load_picture(0); }).code, ErrorCode::corrupt_data);
}

const char* const kCoco = R"({
  "images": [{"id": 7, "file_name": "a.ppm", "width": 2, "height": 2}, {"id": 3, "file_name": "b.ppm"}],
  "categories": [{"id": 90, "name": "dog"}, {"id": 1, "name": "cat"}],
  "annotations": [
    {"id": 1, "image_id": 7, "category_id": 90, "bbox": [0.5, 0, 1, 2], "area": 1.25, "iscrowd": 0, "segmentation": [[0, 0, 1, 0, 1, 1]]},
    {"id": 2, "image_id": 7, "category_id": 1, "bbox": [0, 0, 2, 2], "iscrowd": 1, "segmentation": {"counts": [0, 4], "size": [2, 2]}}]})";

TEST(Coco, reads_boxes_areas_and_crowds) {
  TemporaryFolder folder;
  write(folder.path() / "annotations/instances_val2017.json", kCoco);
  write(folder.path() / "val2017/a.ppm", tiny_picture(1));
  EXPECT_EQ(probe_dataset(folder.path()).format, "coco");
  EXPECT_THAT(probe_dataset(folder.path()).splits, ElementsAre("val"));
  EXPECT_THAT(probe_dataset(folder.path() / "annotations/instances_val2017.json").splits,
              ElementsAre("all"));
  auto val = open_dataset({folder.path(), ""});
  EXPECT_THAT(val->labels(), ElementsAre("cat", "dog"));
  ASSERT_EQ(val->items().size(), 2u);
  const auto& boxes = *val->items()[0].truth.boxes;
  ASSERT_EQ(boxes.size(), 2u);
  EXPECT_EQ(boxes[0].box, (Box{0.5, 0, 1.5, 2}));
  EXPECT_EQ(boxes[0].label, 1);
  EXPECT_DOUBLE_EQ(boxes[0].area, 1.25);
  EXPECT_FALSE(boxes[0].crowd);
  EXPECT_TRUE(boxes[1].crowd);
  EXPECT_DOUBLE_EQ(boxes[1].area, 4);
  EXPECT_TRUE(val->items()[1].truth.boxes->empty());
  EXPECT_EQ(val->load_picture(0).width, 2);
  EXPECT_EQ(error_of([&] { val->load_picture(1); }).code, ErrorCode::not_found);
}

TEST(Coco, reads_polygons_and_run_lengths_where_masks_are_asked_for) {
  TemporaryFolder folder;
  std::string text = kCoco;
  auto replace = [&](const std::string& from, const std::string& to) {
    text.replace(text.find(from), from.size(), to);
  };
  replace("[[0, 0, 1, 0, 1, 1]]", "[[0, 0, 1, 0, 1, 2, 0, 2], [1, 1, 2, 1, 2, 2, 1, 2]]");
  write(folder.path() / "val.json", text);
  write(folder.path() / "a.ppm", tiny_picture(1));
  auto read = [&] {
    return (*open_dataset({folder.path() / "val.json", "", TruthDetail::masks})
                 ->items()[0]
                 .truth.boxes);
  };
  auto boxes = read();
  // pycocotools 2.0.11: merge(frPyObjects(polygons, 2, 2)), frPyObjects({"counts": [0, 4], …}).
  EXPECT_EQ(parse_mask(boxes[0].mask, {2, 2}).runs, (std::vector<std::uint32_t>{0, 2, 1, 1}));
  EXPECT_DOUBLE_EQ(boxes[0].area, 1.25) << "the file's own";
  EXPECT_EQ(area(parse_mask(boxes[1].mask, {2, 2})), 4u);
  replace("\"counts\": [0, 4]", "\"counts\": \"04\"");
  write(folder.path() / "val.json", text);
  EXPECT_EQ(read()[1].mask, boxes[1].mask);
}

TEST(Coco, refuses_masks_of_other_sizes_than_the_picture) {
  TemporaryFolder folder;
  write(folder.path() / "a.ppm", tiny_picture(1));
  auto text_of = [&](const std::string& from, const std::string& to) {
    std::string text = kCoco;
    text.replace(text.find(from), from.size(), to);
    write(folder.path() / "val.json", text);
    return error_of([&] {
             open_dataset({folder.path() / "val.json", "", TruthDetail::masks});
           })
        .text;
  };
  EXPECT_THAT(text_of("\"size\": [2, 2]", "\"size\": [2, 3]"),
              HasSubstr("annotation 1 has a mask of [height, width] [2,3], but its image is [2,2]; "
                        "masks must have their image's size"));
  EXPECT_THAT(text_of("\"height\": 2", "\"height\": 3"),
              HasSubstr("a.ppm claims to be 3x2, but the image is 2x2"));
  EXPECT_THAT(text_of("\"height\": 2", "\"height\": -3"), HasSubstr("impossible size"));
  EXPECT_THAT(text_of("[0, 4]", "[0, 5]"), HasSubstr("annotation 1: mask: its runs hold 5 pixels"));
  EXPECT_THAT(text_of("[0, 4]", "[0, \"x\"]"),
              HasSubstr("annotation 1 has a segmentation that is not"));
  EXPECT_THAT(text_of("[[0, 0, 1, 0, 1, 1]]", "[[0, 0, 1, 0]]"),
              HasSubstr("annotation 0: polygon: has 4 values"));
}

TEST(Coco, names_what_is_wrong) {
  TemporaryFolder folder;
  write(folder.path() / "a.ppm", tiny_picture(1));
  auto text_of = [&](const std::string& from, const std::string& to) {
    std::string text = kCoco;
    text.replace(text.find(from), from.size(), to);
    write(folder.path() / "data.json", text);
    return error_of([&] { open_dataset({folder.path() / "data.json", ""}); }).text;
  };
  EXPECT_THAT(text_of("\"image_id\": 7", "\"image_id\": 8"),
              HasSubstr("annotation 0 belongs to an image that is not listed"));
  EXPECT_THAT(text_of("\"category_id\": 1", "\"category_id\": 2"),
              HasSubstr("annotation 1 has a category that is not listed"));
  EXPECT_THAT(text_of("[0.5, 0, 1, 2]", "[0.5, 0, 1]"), HasSubstr("annotation 0 has no bbox"));
  EXPECT_THAT(text_of("[0.5, 0, 1, 2]", "[0.5, 0, -1, 2]"), HasSubstr("negative size"));
  EXPECT_THAT(text_of("\"id\": 3", "\"id\": 7"), HasSubstr("image 1 repeats the id"));
  EXPECT_THAT(text_of("a.ppm", "z.ppm"), HasSubstr("none of its images exists, such as z.ppm"));
  EXPECT_THAT(text_of("a.ppm", "z\\u000a.ppm"), HasSubstr("such as z\\n.ppm; put them"))
      << "one line, whatever a name holds";
  EXPECT_THAT(text_of("\"images\"", "\"pictures\""), HasSubstr("has no list called images"));
  EXPECT_THAT(text_of("}]}", "}"), HasSubstr("data.json: is not JSON"));
}

/// Deterministic mutations: whatever they give, it is opened or refused with an Error.
void mutate_and_open(const std::filesystem::path& open, const std::filesystem::path& file) {
  std::string whole = load_text(file);
  std::uint32_t state = 7;
  auto random = [&] { return state = state * 1664525 + 1013904223, state >> 8; };
  const std::string alphabet = "0123456789.-,:[]{}\"' \n\tae&*!|>\xFF";
  for (int round = 0; round < 400; ++round) {
    std::string text = whole;
    for (int change = 0; change < 3; ++change)
      text[random() % text.size()] = alphabet[random() % alphabet.size()];
    if (round % 5 == 0) text.resize(random() % text.size());
    write(file, text);
    try {
      open_dataset({open, "", round % 2 == 0 ? TruthDetail::boxes : TruthDetail::masks});
    } catch (const Error&) {
    }
  }
}

TEST(Fuzz, yolo_label_lines) {
  TemporaryFolder folder;
  write_yolo(folder.path(), "1 0.5 0.5 1 0.5\n0 0 0 0.5 0 0.5 1\n");
  mutate_and_open(folder.path(), folder.path() / "labels/train/a.txt");
}
TEST(Fuzz, yolo_data_yaml) {
  TemporaryFolder folder;
  write_yolo(folder.path(), "1 0.5 0.5 1 0.5\n");
  mutate_and_open(folder.path() / "data.yaml", folder.path() / "data.yaml");
  write(folder.path() / "data.yaml", "val: " + std::string(100000, '['));
  EXPECT_EQ(error_of([&] { probe_dataset(folder.path()); }).code, ErrorCode::corrupt_data);
}
TEST(Fuzz, coco_json) {
  TemporaryFolder folder;
  write(folder.path() / "val.json", kCoco);
  write(folder.path() / "a.ppm", tiny_picture(1));
  mutate_and_open(folder.path() / "val.json", folder.path() / "val.json");
}
TEST(Fuzz, labels_txt) {
  TemporaryFolder folder;
  write(folder.path() / "labels.txt", "a.jpg 0\nb c.png,1,x\n\"d.jpg\";2\n");
  mutate_and_open(folder.path(), folder.path() / "labels.txt");
}

}  // namespace
}  // namespace tamis
