#include "data/facts.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "data/selection.h"
#include "helpers.h"

namespace tamis {
namespace {

using namespace testing_data;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

std::string line_of(const DataSpec& spec) { return to_text(count_facts(*open_dataset(spec)), "D"); }

void write_yaml(const fs::path& root, const std::string& places) {
  write(root / "data.yaml", "val: " + places + "\nnames: [cat, dog]\n");
}

TEST(YoloLabels, are_found_in_labels_and_beside_the_pictures_in_one_set) {
  TemporaryFolder folder;
  write_yaml(folder.path(), "[a, b/images]");
  write(folder.path() / "a/1.ppm", tiny_picture(1));
  write(folder.path() / "a/1.txt", "0 .5 .5 1 1\n");
  write(folder.path() / "b/images/2.ppm", tiny_picture(2));
  write(folder.path() / "b/images/2.txt", "1 .5 .5 1 1\n");
  write(folder.path() / "b/images/3.ppm", tiny_picture(3));
  write(folder.path() / "b/labels/3.txt", "1 .5 .5 1 1\n");
  EXPECT_EQ(line_of({folder.path(), ""}),
            "D: 3 images, 3 with objects, 0 without; 3 objects of 2 classes");
}

TEST(YoloLabels, in_labels_come_before_those_beside_the_picture) {
  TemporaryFolder folder;
  write_yaml(folder.path(), "images");
  write(folder.path() / "images/1.ppm", tiny_picture(1));
  write(folder.path() / "images/1.txt", "a caption, and no label\n");
  write(folder.path() / "labels/1.txt", "1 .5 .5 1 1\n");
  auto data = open_dataset({folder.path(), ""});
  EXPECT_EQ(data->items()[0].truth.boxes->at(0).label, 1);
}

TEST(YoloLabels, that_are_missing_are_counted_and_it_is_said_where_they_were_looked_for) {
  TemporaryFolder folder;
  write_yaml(folder.path(), "images/val");
  for (int i = 0; i < 3; ++i)
    write(folder.path() / ("images/val/" + std::to_string(i) + ".ppm"), tiny_picture(i));
  const std::string place = (folder.path() / "labels/val/0.txt").string();
  EXPECT_EQ(line_of({folder.path(), ""}),
            "D: 3 images without labels; looked for " + place + " and next to the image");
  write(folder.path() / "labels/val/1.txt", "");
  write(folder.path() / "labels/val/2.txt", "1 .5 .5 1 1\n");
  EXPECT_EQ(line_of({folder.path(), ""}),
            "D: 3 images, 1 with objects, 2 without (1 have no label file: looked for " + place +
                " and next to the image); 1 object of 1 class");
  EXPECT_EQ(to_json(count_facts(*open_dataset({folder.path(), ""}))).at("without_label_file"), 1);
}

TEST(YoloLabels, are_repeated_where_their_numbers_are) {
  TemporaryFolder folder;
  write_yaml(folder.path(), "images");
  write(folder.path() / "images/1.ppm", tiny_picture(1));
  write(folder.path() / "labels/1.txt",
        "0 0.5 0.5 1 0.25\n0   .5 0.500 1.0 2.5e-1\n0.0 0.50000000001 0.5 1 0.25\n"
        "1 0.5 0.5 1 0.25\n0 0.5 0.5 1 0.26\n0 0 0 .5 0 .5 1\n0 0.0 0 .50 0 .5 1\n");
  auto data = open_dataset({folder.path(), ""});
  EXPECT_EQ(data->items()[0].truth.boxes->size(), 4u);
  EXPECT_EQ(data->reading().repeated_labels, 3u);
  EXPECT_THAT(describe_data({folder.path(), ""}, {std::move(data), {0}, "val"})[1],
              HasSubstr("warning: 3 labels skipped: the same class and place"));
}

TEST(YoloLabels, of_pictures_that_are_named_twice_are_read_once) {
  TemporaryFolder folder;
  write_yaml(folder.path(), "[images, images/../images]");
  write(folder.path() / "images/1.ppm", tiny_picture(1));
  auto data = open_dataset({folder.path(), ""});
  EXPECT_EQ(data->items().size(), 1u);
  EXPECT_EQ(data->reading().repeated_items, 1u);
}

TEST(YoloYaml, repeats_nothing_of_a_list_that_holds_no_pictures) {
  TemporaryFolder folder;
  write_yaml(folder.path(), "list.txt");
  write(folder.path() / "list.txt", "root:secret:19000:0:99999:7:::\n");
  const std::string text = error_of([&] { open_dataset({folder.path(), ""}); }).text;
  EXPECT_THAT(text, HasSubstr("list.txt: line 1 names no image"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("secret")));
}

std::string coco(const std::string& image, const std::string& annotations) {
  return R"({"images": [{"id": 1, "file_name": "a.jpg")" + image +
         R"(}], "categories": [{"id": 1, "name": "cat"}], "annotations": [)" + annotations + "]}";
}
const char* const kBox = R"({"image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 10]})";

TEST(CocoSizes, must_be_those_of_the_upright_pictures_for_boxes_too) {
  TemporaryFolder folder;
  copy_picture("orientation6.jpg", folder.path() / "a.jpg");  // upright 24 wide, 16 high
  const auto open = [&](const std::string& image) {
    write(folder.path() / "val.json", coco(image, kBox));
    return open_dataset({folder.path() / "val.json", ""});
  };
  EXPECT_NO_THROW(open(R"(, "height": 16, "width": 24)"));
  EXPECT_NO_THROW(open(R"(, "height": 16.0, "width": 24.0)"));
  EXPECT_NO_THROW(open(""));
  Thrown turned = error_of([&] { open(R"(, "height": 24, "width": 16)"); });
  EXPECT_EQ(turned.code, ErrorCode::corrupt_data);
  EXPECT_THAT(turned.text, HasSubstr("a.jpg claims to be 24x16, but the image is 16x24 (height x "
                                     "width, upright): its EXIF orientation turns it"));
  EXPECT_THAT(error_of([&] { open(R"(, "height": 32, "width": 48)"); }).text,
              HasSubstr("claims to be 32x48, but the image is 16x24"));
}

TEST(CocoSizes, that_are_not_stated_let_boxes_outside_be_seen) {
  TemporaryFolder folder;
  copy_picture("orientation6.jpg", folder.path() / "a.jpg");
  write(folder.path() / "val.json",
        coco("", R"({"image_id": 1, "category_id": 1, "bbox": [30, 0, 10, 10]})"));
  auto data = open_dataset({folder.path() / "val.json", ""});
  EXPECT_EQ(data->reading().boxes_outside, 1u);
  EXPECT_THAT(warnings(count_facts(*data)),
              ElementsAre(HasSubstr("1 box reaches out of the image")));
}

TEST(CocoAnnotations, are_repeated_where_their_numbers_are) {
  TemporaryFolder folder;
  copy_picture("orientation6.jpg", folder.path() / "a.jpg");
  write(folder.path() / "val.json",
        coco("", std::string(kBox) +
                     R"(, {"image_id": 1, "category_id": 1, "bbox": [0.0, 0, 10.0, 1e1]})"
                     R"(, {"image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 11]})"));
  auto data = open_dataset({folder.path() / "val.json", ""});
  EXPECT_EQ(data->items()[0].truth.boxes->size(), 2u);
  EXPECT_EQ(data->reading().repeated_labels, 1u);
}

TEST(CocoFolder, is_known_by_its_annotations_file) {
  TemporaryFolder folder;
  const fs::path root = folder.path() / "whole";
  write(root / "_annotations.coco.json", coco("", kBox));
  copy_picture("orientation6.jpg", root / "images/a.jpg");
  DatasetInfo info = probe_dataset(root);
  EXPECT_EQ(info.format, "coco");
  EXPECT_THAT(info.splits, ElementsAre("all"));
  EXPECT_EQ(line_of({root, ""}), "D: 1 image, 1 with objects, 0 without; 1 object of 1 class");
  for (const char* split : {"train", "valid", "test"}) {
    write(folder.path() / "splits" / split / "_annotations.coco.json", coco("", kBox));
    copy_picture("orientation6.jpg", folder.path() / "splits" / split / "a.jpg");
  }
  EXPECT_THAT(probe_dataset(folder.path() / "splits").splits, ElementsAre("train", "val", "test"));
  EXPECT_EQ(open_dataset({folder.path() / "splits", ""})->items().size(), 1u);
  write(root / "other.coco.json", coco("", kBox));
  EXPECT_THAT(error_of([&] { probe_dataset(root); }).text, HasSubstr("name the one to use"));
}

TEST(Lists, name_a_picture_once) {
  TemporaryFolder folder;
  write(folder.path() / "labels.txt", "a.ppm 0\n./a.ppm 0\nb.ppm 1\n");
  auto data = open_dataset({folder.path(), ""});
  EXPECT_THAT(ids(*data), ElementsAre("a.ppm", "b.ppm"));
  EXPECT_EQ(data->reading().repeated_items, 1u);
  write(folder.path() / "labels.txt", "a.ppm 0\na.ppm 1\n");
  EXPECT_THAT(error_of([&] {
                open_dataset({folder.path(), ""});
              }).text,
              HasSubstr("line 2: a.ppm is listed again with another class"));
}

TEST(Facts, are_worded_for_each_kind_of_truth) {
  TemporaryFolder folder;
  write(folder.path() / "mvtec/train/good/a.ppm", tiny_picture(1));
  write(folder.path() / "mvtec/test/good/a.ppm", tiny_picture(2));
  write(folder.path() / "mvtec/test/crack/a.ppm", tiny_picture(3));
  write(folder.path() / "mvtec/test/hole/a.ppm", tiny_picture(4));
  EXPECT_EQ(line_of({folder.path() / "mvtec", ""}), "D: 3 images, 1 good, 2 defective of 2 kinds");
  EXPECT_EQ(line_of({folder.path() / "mvtec", "train"}), "D: 1 image, 1 good");
  write(folder.path() / "plain/a.ppm", tiny_picture(1));
  EXPECT_THAT(line_of({folder.path() / "plain", ""}), HasSubstr("D: 1 image without labels"));
}

TEST(Facts, of_pictures_beside_class_folders_say_why_there_are_no_labels) {
  TemporaryFolder folder;
  for (const char* name : {"a/1.ppm", "b/2.ppm", "3.ppm"})
    write(folder.path() / name, tiny_picture(1));
  EXPECT_THAT(line_of({folder.path(), ""}), HasSubstr("there are images next to the folders"));
}

TEST(Links, that_lead_back_do_not_make_a_folder_endless) {
  TemporaryFolder folder;
  write(folder.path() / "a/1.ppm", tiny_picture(1));
  write(folder.path() / "b/2.ppm", tiny_picture(2));
  for (const char* link : {"l1", "l2"})
    fs::create_directory_symlink(".", folder.path() / "a" / link);
  fs::create_directory_symlink("..", folder.path() / "b/up");
  auto classes = open_dataset({folder.path(), ""});
  EXPECT_THAT(ids(*classes), ElementsAre("a/1.ppm", "b/2.ppm"));
  fs::create_directory_symlink(folder.path() / "b", folder.path() / "a/of_b");
  EXPECT_THAT(ids(*open_dataset({folder.path() / "a", ""})), ElementsAre("1.ppm", "of_b/2.ppm"));
  fs::create_directory_symlink("loop", folder.path() / "loop");  // it is there, and leads nowhere
  EXPECT_THAT(error_of([&] { probe_dataset(folder.path() / "loop"); }).code, ErrorCode::io);
}

TEST(Links, are_the_second_choice_of_a_folders_name) {
  TemporaryFolder folder;
  write(folder.path() / "all/zebra/1.ppm", tiny_picture(1));
  fs::create_directory_symlink("zebra", folder.path() / "all/a");
  EXPECT_THAT(ids(*open_dataset({folder.path(), ""})), ElementsAre("all/zebra/1.ppm"));
}

TEST(SpecialFiles, as_pictures_are_named_and_not_waited_for) {
  TemporaryFolder folder;
  write(folder.path() / "a/1.ppm", tiny_picture(1));
  write(folder.path() / "b/2.ppm", tiny_picture(2));
  ASSERT_EQ(::mkfifo((folder.path() / "a/x.jpg").c_str(), 0600), 0);
  fs::create_symlink("/dev/zero", folder.path() / "b/y.jpg");
  fs::create_symlink("nowhere", folder.path() / "b/z.jpg");
  auto data = open_dataset({folder.path(), ""});
  ASSERT_EQ(data->items().size(), 5u) << "they count, as items that cannot be used";
  for (std::size_t i : {1, 3, 4}) {
    EXPECT_THAT(error_of([&] { data->load_picture(i); }).text, HasSubstr(data->items()[i].id));
    EXPECT_THAT(error_of([&] { data->content_hash(i); }).text, HasSubstr("read"));
  }
}

TEST(SpecialFiles, as_labels_and_lists_are_errors_at_once) {
  TemporaryFolder folder;
  write_yaml(folder.path(), "images");
  write(folder.path() / "images/1.ppm", tiny_picture(1));
  write(folder.path() / "labels/0.txt", "");
  ASSERT_EQ(::mkfifo((folder.path() / "labels/1.txt").c_str(), 0600), 0);
  EXPECT_THAT(error_of([&] {
                open_dataset({folder.path(), ""});
              }).text,
              HasSubstr("labels/1.txt: is a named pipe"));
  write_yaml(folder.path(), "/dev/zero");
  EXPECT_THAT(error_of([&] {
                open_dataset({folder.path(), ""});
              }).text,
              HasSubstr("/dev/zero: is a device"));
  fs::remove(folder.path() / "labels/1.txt");
  fs::create_symlink("nowhere", folder.path() / "labels/1.txt");
  write_yaml(folder.path(), "images");
  EXPECT_THAT(error_of([&] {
                open_dataset({folder.path(), ""});
              }).text,
              HasSubstr("labels/1.txt: no such file"));
}

TEST(SpecialFiles, that_are_called_yaml_are_no_data_files) {
  TemporaryFolder folder;
  write_yaml(folder.path(), "images");
  write(folder.path() / "images/1.ppm", tiny_picture(1));
  fs::create_symlink("nowhere", folder.path() / "other.yaml");
  fs::create_symlink("self.yaml", folder.path() / "self.yaml");
  fs::create_symlink("/dev/zero", folder.path() / "zero.yaml");
  ASSERT_EQ(::mkfifo((folder.path() / "pipe.yaml").c_str(), 0600), 0);
  EXPECT_EQ(open_dataset({folder.path(), ""})->items().size(), 1u);
}

}  // namespace
}  // namespace tamis
