#include <gmock/gmock.h>

#include "data/dataset.h"
#include "helpers.h"

namespace tamis {
namespace {

using namespace testing_data;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(FolderPerClass, numbers_classes_over_all_splits_in_byte_order) {
  TemporaryFolder folder;
  for (const char* name : {"train/cat/a.ppm", "train/Dog/b.ppm", "train/10/c.ppm", "val/cat/d.ppm",
                           "val/2/deep/e.ppm", "val/empty/notes.txt"})
    write(folder.path() / name, tiny_picture(1));
  DatasetInfo info = probe_dataset(folder.path());
  EXPECT_EQ(info.format, "folder_per_class");
  EXPECT_THAT(info.splits, ElementsAre("train", "val"));
  auto val = open_dataset({folder.path(), ""});
  EXPECT_THAT(val->labels(), ElementsAre("10", "2", "Dog", "cat"));
  EXPECT_THAT(ids(*val), ElementsAre("val/2/deep/e.ppm", "val/cat/d.ppm"));
  EXPECT_EQ(val->items()[0].truth.label, 1);
  EXPECT_EQ(val->items()[1].truth.label, 3);
  EXPECT_EQ(val->load_picture(0).size(), (Size{2, 2}));
}

TEST(Pictures, without_labels_are_found_below_a_folder) {
  TemporaryFolder folder;
  write(folder.path() / "b.PPM", tiny_picture(1));
  write(folder.path() / "below/a.ppm", tiny_picture(2));
  write(folder.path() / ".hidden/c.ppm", tiny_picture(3));
  EXPECT_EQ(probe_dataset(folder.path()).format, "pictures");
  auto all = open_dataset({folder.path(), ""});
  EXPECT_THAT(ids(*all), ElementsAre("b.PPM", "below/a.ppm"));
  EXPECT_FALSE(all->items()[0].truth.label);
  EXPECT_FALSE(all->items()[0].truth.boxes);
}

TEST(LabelsTxt, reads_blanks_commas_quotes_and_a_heading) {
  TemporaryFolder folder;
  write(folder.path() / "labels.txt",
        "\xEF\xBB\xBF"
        "file,label\r\nmy cat, left.jpg,3,extra\r\n\r\n\"a b.png\",4\nsub/x.y.jpg\t5 n0144\n");
  EXPECT_EQ(probe_dataset(folder.path()).format, "labels_txt");
  auto all = open_dataset({folder.path(), ""});
  EXPECT_THAT(ids(*all), ElementsAre("my cat, left.jpg", "a b.png", "sub/x.y.jpg"));
  EXPECT_EQ(all->items()[0].truth.label, 3);
  EXPECT_EQ(all->items()[1].truth.label, 4);
  EXPECT_EQ(all->items()[2].truth.label, 5);
}

TEST(LabelsTxt, names_the_line_that_is_wrong) {
  TemporaryFolder folder;
  auto text_of = [&](const std::string& text) {
    write(folder.path() / "labels.txt", text);
    return error_of([&] { open_dataset({folder.path(), ""}); }).text;
  };
  EXPECT_THAT(text_of("a.jpg 0\nb.jpg cat\n"),
              HasSubstr("labels.txt line 2: class index expected, got cat"));
  EXPECT_THAT(text_of("a.jpg 0\n\nb.jpg -1\n"), HasSubstr("line 3: class index expected, got -1"));
  EXPECT_THAT(text_of("a.jpg 0\nnothing\n"), HasSubstr("line 2: names no image: nothing"));
  EXPECT_THAT(text_of("a.jpg 0\nb.jpg\n"), HasSubstr("line 2: some lines have a class index"));
  EXPECT_THAT(text_of(std::string("a.jpg 0\n\0", 9)), HasSubstr("is not text"));
  EXPECT_THAT(text_of("\n"), HasSubstr("split all is empty"));
}

TEST(List, of_paths_needs_no_labels) {
  TemporaryFolder folder;
  write(folder.path() / "some.txt", "a.ppm\n" + (folder.path() / "other/b.ppm").string() + "\n");
  write(folder.path() / "a.ppm", tiny_picture(1));
  EXPECT_EQ(probe_dataset(folder.path() / "some.txt").format, "list");
  auto all = open_dataset({folder.path() / "some.txt", ""});
  EXPECT_THAT(ids(*all), ElementsAre("a.ppm", "other/b.ppm"));
  EXPECT_EQ(all->load_picture(0).width, 2);
  Thrown missing = error_of([&] { all->load_picture(1); });
  EXPECT_EQ(missing.code, ErrorCode::not_found);
  EXPECT_THAT(missing.text, HasSubstr("image other/b.ppm: "));
}

TEST(Probe, says_what_was_looked_for) {
  TemporaryFolder folder;
  write(folder.path() / "notes.md", "hello");
  Thrown thrown = error_of([&] { probe_dataset(folder.path()); });
  EXPECT_EQ(thrown.code, ErrorCode::invalid_argument);
  EXPECT_THAT(thrown.text, HasSubstr("a YOLO data.yaml"));
  EXPECT_EQ(error_of([&] { probe_dataset(folder.path() / "none"); }).code, ErrorCode::not_found);
}

TEST(Probe, names_the_splits_when_one_is_asked_for_that_is_not_there) {
  TemporaryFolder folder;
  write(folder.path() / "train/a/a.ppm", tiny_picture(1));
  write(folder.path() / "val/b/a.ppm", tiny_picture(1));
  Thrown thrown = error_of([&] { open_dataset({folder.path(), "test"}); });
  EXPECT_EQ(thrown.code, ErrorCode::not_found);
  EXPECT_THAT(thrown.text, HasSubstr("has no split test; "));
}

std::string cifar_record(int label, char value) {
  return std::string(1, static_cast<char>(label)) + std::string(1024, value) +
         std::string(1024, 'g') + std::string(1024, 'b');
}

TEST(Cifar, reads_planes_and_labels) {
  TemporaryFolder folder;
  write(folder.path() / "data_batch_1.bin", cifar_record(1, 'r'));
  write(folder.path() / "test_batch.bin", cifar_record(9, 'r') + cifar_record(3, 's'));
  DatasetInfo info = probe_dataset(folder.path());
  EXPECT_EQ(info.format, "cifar");
  EXPECT_THAT(info.splits, ElementsAre("train", "val"));
  auto val = open_dataset({folder.path(), ""});
  ASSERT_THAT(ids(*val), ElementsAre("test_batch.bin#0", "test_batch.bin#1"));
  EXPECT_EQ(val->items()[1].truth.label, 3);
  Picture picture = val->load_picture(1);
  EXPECT_EQ(picture.size(), (Size{32, 32}));
  EXPECT_EQ(std::string(picture.pixels.begin(), picture.pixels.begin() + 6), "sgbsgb");
  auto train = open_dataset({folder.path(), "train"});
  EXPECT_EQ(train->content_hash(0), val->content_hash(0));
  EXPECT_NE(val->content_hash(0), val->content_hash(1));
}

TEST(Cifar, refuses_partial_records_and_labels_out_of_range) {
  TemporaryFolder folder;
  write(folder.path() / "test_batch.bin", cifar_record(9, 'r') + "x");
  EXPECT_THAT(error_of([&] {
                open_dataset({folder.path(), ""});
              }).text,
              HasSubstr("test_batch.bin: its 3074 bytes are not a whole number of records"));
  write(folder.path() / "test_batch.bin", cifar_record(9, 'r') + cifar_record(10, 'r'));
  EXPECT_THAT(error_of([&] {
                open_dataset({folder.path(), ""});
              }).text,
              HasSubstr("record 1 has label 10"));
}

std::string idx_header(std::vector<int> shape) {
  std::string text{0, 0, 8, static_cast<char>(shape.size())};
  for (int side : shape)
    for (int shift : {24, 16, 8, 0}) text += static_cast<char>(side >> shift & 255);
  return text;
}

TEST(Idx, reads_pictures_and_labels) {
  TemporaryFolder folder;
  write(folder.path() / "t10k-images-idx3-ubyte", idx_header({2, 2, 3}) + "abcdefghijkl");
  write(folder.path() / "t10k-labels-idx1-ubyte", idx_header({2}) + std::string("\x07\x01", 2));
  DatasetInfo info = probe_dataset(folder.path());
  EXPECT_EQ(info.format, "idx");
  EXPECT_THAT(info.splits, ElementsAre("val"));
  auto val = open_dataset({folder.path(), ""});
  ASSERT_THAT(ids(*val), ElementsAre("t10k-images-idx3-ubyte#0", "t10k-images-idx3-ubyte#1"));
  EXPECT_EQ(val->items()[0].truth.label, 7);
  Picture picture = val->load_picture(1);
  EXPECT_EQ(picture.size(), (Size{2, 3}));
  EXPECT_EQ(picture.channels, 1);
  EXPECT_EQ(std::string(picture.pixels.begin(), picture.pixels.end()), "ghijkl");
}

TEST(Idx, refuses_what_is_damaged) {
  TemporaryFolder folder;
  auto text_of = [&](const std::string& images, const std::string& labels) {
    write(folder.path() / "t10k-images-idx3-ubyte", images);
    write(folder.path() / "t10k-labels-idx1-ubyte", labels);
    return error_of([&] { open_dataset({folder.path(), ""}); }).text;
  };
  std::string good = idx_header({2, 1, 1}) + "ab";
  std::string labels = idx_header({2}) + "ab";
  EXPECT_THAT(text_of(idx_header({2, 1, 1}) + "a", labels),
              HasSubstr("is shorter than the 2 bytes"));
  EXPECT_THAT(text_of(good + "c", labels), HasSubstr("is longer than its header says"));
  EXPECT_THAT(text_of("PK rubbish", labels), HasSubstr("is not an IDX file"));
  EXPECT_THAT(text_of(idx_header({2, 1 << 30, 1 << 30}), labels), HasSubstr("claims more than"));
  EXPECT_THAT(text_of(good, idx_header({1}) + "a"), HasSubstr("holds 1 labels for 2 images"));
  EXPECT_THAT(text_of("\x1f\x8b\x08 damaged", labels), HasSubstr("damaged"));
}

}  // namespace
}  // namespace tamis
