#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/mask.h"
#include "tasks/paired_scores.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;

constexpr Size kSize{20, 30};

std::string rectangle(int x0, int y0, int x1, int y1) {
  std::vector<std::uint8_t> rows(600);
  for (int y = y0; y < y1; ++y)
    for (int x = x0; x < x1; ++x) rows[static_cast<std::size_t>(y * 30 + x)] = 1;
  return to_text(mask_of_rows(rows, kSize));
}

/// One object, found with its own box and the mask given.
ItemRecord record(const std::string& item, const std::string& found) {
  ItemRecord out{item, {}, {}};
  out.truth.boxes = {{{2, 2, 22, 18}, 0, false, 320, rectangle(2, 2, 22, 18)}};
  out.truth.mask_size = kSize;
  out.prediction.boxes = {{{2, 2, 22, 18}, .9f, 0}};
  out.prediction.masks = {found};
  out.prediction.mask_size = kSize;
  return out;
}

Card segmenter() {
  Card card;
  card.task = TaskKind::segment;
  card.decoder = "yolov8-seg";
  return card;
}

template <typename F>
std::string failure(F f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(SegmentTask, scores_masks_first_and_boxes_beside_them) {
  const Task& task = find_task(TaskKind::segment);
  // The right box with part of the mask: right at IoU .5 to .7, wrong from .75 on.
  std::vector<ItemRecord> records{record("a", rectangle(2, 2, 16, 18))};
  Json figures = task.figures(records);
  EXPECT_NEAR(figures.at("box_map50_95"), 1, 1e-12);
  EXPECT_NEAR(figures.at("mask_map50_95"), .5, 1e-12) << "224 / 320 is .7, and counts there";
  EXPECT_NEAR(figures.at("mask_map50"), 1, 1e-12);
  EXPECT_NEAR(figures.at("mask_map75"), 0, 1e-12);
  std::vector<std::uint32_t> once{1};
  EXPECT_NEAR(task.statistic(records)(once), .5, 1e-12);
}

TEST(SegmentTask, pairs_two_variants_by_their_masks) {
  std::vector<ItemRecord> good, poor;
  for (const char* item : {"a", "b", "c"}) {
    good.push_back(record(item, rectangle(2, 2, 22, 18)));
    poor.push_back(record(item, rectangle(2, 2, 8, 18)));
  }
  PairedScores scores(find_task(TaskKind::segment), good, poor);
  EXPECT_NEAR(scores.baseline(), 1, 1e-12);
  EXPECT_NEAR(scores.candidate(), 0, 1e-12);
}

TEST(SegmentTask, names_the_item_without_masks_or_with_masks_of_another_size) {
  const Task& task = find_task(TaskKind::segment);
  Truth boxes_only;
  EXPECT_THAT(failure([&] { task.check_truth(segmenter(), "a.jpg", boxes_only, 80); }),
              HasSubstr("a.jpg has no mask"));
  boxes_only.boxes = {{{0, 0, 1, 1}, 0, false, 1}};
  EXPECT_THAT(
      failure([&] { task.check_truth(segmenter(), "a.jpg", boxes_only, 80); }),
      HasSubstr("a.jpg has objects with only a box (number 1); give data with polygons or masks"));
  std::vector<ItemRecord> records{record("a.jpg", rectangle(2, 2, 22, 18))};
  EXPECT_EQ(failure([&] { task.check_truth(segmenter(), "a.jpg", records[0].truth, 80); }),
            "no error");
  EXPECT_THAT(failure([&] { task.check_truth(segmenter(), "a.jpg", records[0].truth, 0); }),
              HasSubstr("has label 0"));
  records[0].truth.mask_size = {30, 20};
  EXPECT_THAT(failure([&] { task.figures(records); }),
              HasSubstr("the masks of a.jpg are 30x20 (height x width), but the image is 20x30"));
}

}  // namespace
}  // namespace tamis
