#include <gmock/gmock.h>

#include "data/selection.h"
#include "helpers.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;
using namespace testing_data;
namespace fs = std::filesystem;

std::string mask(int width, int height) {
  return "P5\n" + std::to_string(width) + " " + std::to_string(height) + "\n255\n" +
         std::string(static_cast<std::size_t>(width * height), '\1');
}

/// Two good pictures to train on; two good and one cracked to test.
void write_set(const fs::path& at) {
  write(at / "train/good/a.ppm", tiny_picture(1));
  write(at / "train/good/b.ppm", tiny_picture(2));
  write(at / "test/good/a.ppm", tiny_picture(3));
  write(at / "test/good/b.ppm", tiny_picture(4));
  write(at / "test/crack/a.ppm", tiny_picture(5));
  write(at / "ground_truth/crack/a_mask.pgm", mask(2, 2));
}

TEST(MvtecFormat, knows_good_from_defective_and_where) {
  TemporaryFolder folder;
  write_set(folder.path());
  EXPECT_EQ(probe_dataset(folder.path()).format, "mvtec");
  auto test = open_dataset({folder.path(), ""});
  ASSERT_EQ(test->items().size(), 3u);
  EXPECT_EQ(test->items()[0].id, "test/crack/a.ppm");
  EXPECT_EQ(test->items()[0].truth.anomaly->kind, "crack");
  EXPECT_TRUE(test->items()[0].truth.anomaly->defective());
  EXPECT_FALSE(test->items()[1].truth.anomaly->defective());
  EXPECT_EQ(load_mask(test->items()[0], {2, 2}).pixels, std::vector<std::uint8_t>(4, 1));
  EXPECT_EQ(open_dataset({folder.path(), "train"})->items().size(), 2u);
}

TEST(MvtecFormat, calibrates_on_the_good_pictures_and_evaluates_on_the_test) {
  TemporaryFolder folder;
  write_set(folder.path());
  CalibrationPlan plan = plan_calibration({.data = {folder.path(), ""}});
  EXPECT_EQ(plan.calibration.split, "train");
  EXPECT_EQ(plan.evaluation.split, "test");
  EXPECT_EQ(plan.evaluation.items.size(), 3u);
}

TEST(MvtecFormat, goes_without_masks) {
  TemporaryFolder folder;
  write_set(folder.path());
  fs::remove_all(folder.path() / "ground_truth");
  auto test = open_dataset({folder.path(), "test"});
  EXPECT_FALSE(test->items()[0].truth.anomaly->mask);
}

TEST(MvtecFormat, leaves_a_folder_per_class_alone) {
  TemporaryFolder folder;
  write(folder.path() / "train/good/a.ppm", tiny_picture(1));
  write(folder.path() / "train/bad/a.ppm", tiny_picture(2));
  write(folder.path() / "test/good/a.ppm", tiny_picture(3));
  EXPECT_EQ(probe_dataset(folder.path()).format, "folder_per_class");
}

TEST(MvtecFormat, names_a_mask_that_is_missing_or_of_another_size) {
  TemporaryFolder folder;
  write_set(folder.path());
  write(folder.path() / "ground_truth/crack/a_mask.pgm", mask(3, 2));
  Thrown size = error_of([&] { open_dataset({folder.path(), "test"}); });
  EXPECT_EQ(size.code, ErrorCode::corrupt_data);
  EXPECT_THAT(size.text, HasSubstr("a_mask.pgm is 3 x 2"));
  EXPECT_THAT(size.text, HasSubstr("a.ppm is 2 x 2"));
  fs::remove(folder.path() / "ground_truth/crack/a_mask.pgm");
  EXPECT_THAT(error_of([&] {
                open_dataset({folder.path(), "test"});
              }).text,
              HasSubstr("has no mask"));
}

TEST(MvtecFormat, refuses_data_without_good_pictures) {
  TemporaryFolder folder;
  write_set(folder.path());
  fs::remove_all(folder.path() / "train/good");
  Thrown train = error_of([&] { open_dataset({folder.path(), "train"}); });
  EXPECT_EQ(train.code, ErrorCode::invalid_argument);
  EXPECT_THAT(train.text, HasSubstr("has no images in good/"));
  fs::remove_all(folder.path() / "test/good");
  EXPECT_THAT(error_of([&] {
                open_dataset({folder.path(), "test"});
              }).text,
              HasSubstr("has no images in good/"));
}

TEST(MvtecFormat, reads_the_magnetic_tiles) {
  TAMIS_NEEDS(shared_data() / "magnetic_tile");
  auto test = open_dataset({shared_data() / "magnetic_tile", "test"});
  EXPECT_EQ(test->items().size(), 298u);
  for (const Item& item : test->items())
    EXPECT_EQ(item.truth.anomaly->defective(), item.truth.anomaly->mask.has_value());
  EXPECT_EQ(open_dataset({shared_data() / "magnetic_tile", "train"})->items().size(), 300u);
}

}  // namespace
}  // namespace tamis
