#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "tasks/task.h"

namespace tamis {
namespace {

TEST(ItemRecord, keeps_every_float_exactly) {
  std::mt19937 random(5);
  ItemRecord record{"val/a b.jpg", {}, {}};
  record.truth.boxes.emplace();
  std::uniform_real_distribution<float> place(0, 4000), score(0, 1);
  auto box = [&] { return Box{place(random), place(random), place(random), place(random)}; };
  for (int i = 0; i < 2000; ++i) {
    record.prediction.boxes.push_back({box(), score(random), i % 90});
    record.truth.boxes->push_back({box(), i % 80, i % 3 == 0, 1.0 / 3 * i});
  }
  ItemRecord back = parse_item_record(parse_json(to_json(record).dump(), "record"));
  EXPECT_EQ(back.item, record.item);
  ASSERT_EQ(back.prediction.boxes.size(), 2000u);
  ASSERT_EQ(back.truth.boxes->size(), 2000u);
  for (std::size_t i = 0; i < 2000; ++i) {
    EXPECT_EQ(back.prediction.boxes[i].box, record.prediction.boxes[i].box);
    EXPECT_EQ(back.prediction.boxes[i].score, record.prediction.boxes[i].score);
    EXPECT_EQ(back.prediction.boxes[i].label, record.prediction.boxes[i].label);
    EXPECT_EQ((*back.truth.boxes)[i].box, (*record.truth.boxes)[i].box);
    EXPECT_EQ((*back.truth.boxes)[i].area, (*record.truth.boxes)[i].area);
    EXPECT_EQ((*back.truth.boxes)[i].crowd, (*record.truth.boxes)[i].crowd);
  }
}

TEST(ItemRecord, keeps_masks_of_predictions_and_of_truths) {
  ItemRecord record{"a.jpg", {}, {}};
  record.truth.boxes = {{{0, 0, 1, 1}, 3, false, 1, "0141N0003"}, {{0, 0, 2, 2}, 3, true, 4, ""}};
  record.truth.mask_size = {4, 5};
  record.prediction.boxes = {{{1, 2, 3, 4}, .5f, 2}};
  record.prediction.masks = {"d0"};
  record.prediction.mask_size = {4, 6};
  ItemRecord back = parse_item_record(parse_json(to_json(record).dump(), "record"));
  EXPECT_EQ(back.truth.mask_size, (Size{4, 5}));
  EXPECT_EQ((*back.truth.boxes)[0].mask, "0141N0003");
  EXPECT_EQ((*back.truth.boxes)[1].mask, "");
  EXPECT_EQ(back.prediction.masks, record.prediction.masks);
  EXPECT_EQ(back.prediction.mask_size, (Size{4, 6}));
  Json short_of_one = to_json(record);
  short_of_one["masks"] = Json::array();
  EXPECT_THROW(parse_item_record(short_of_one), Error);
}

TEST(ItemRecord, keeps_probabilities_and_coarse_maps) {
  ItemRecord record{"a.jpg", {}, {}};
  record.prediction.top = {3, 1};
  record.prediction.probabilities = {0.7f, 0.1f};
  ItemRecord back = parse_item_record(parse_json(to_json(record).dump(), "record"));
  EXPECT_EQ(back.prediction.probabilities, record.prediction.probabilities);
  Json short_of_one = to_json(record);
  short_of_one["probabilities"] = {0.7};
  EXPECT_THROW(parse_item_record(short_of_one), Error);
  ItemRecord map{"a.jpg", {}, {}};
  map.prediction.anomaly.emplace();
  map.prediction.anomaly->coarse = CoarseMap{{1, 2}, 0, 1, {7, 9}};
  back = parse_item_record(parse_json(to_json(map).dump(), "record"));
  EXPECT_EQ(back.prediction.anomaly->coarse->levels, (std::vector<std::uint8_t>{7, 9}));
}

TEST(ItemRecord, is_compact) {
  ItemRecord record{"a.jpg", {3, std::nullopt}, {{3, 1, 2}, {}}};
  EXPECT_EQ(to_json(record).dump(), R"({"item":"a.jpg","label":3,"top":[3,1,2]})");
  ItemRecord boxes{"a.jpg", {}, {{}, {{{0.1f, 2, 3, 4.5f}, 0.7f, 1}}}};
  EXPECT_EQ(to_json(boxes).dump(), R"({"item":"a.jpg","boxes":[0.1,2.0,3.0,4.5,0.7,1]})");
}

TEST(ItemRecord, tells_known_to_be_empty_from_unknown) {
  ItemRecord empty{"a", {std::nullopt, std::vector<TruthBox>()}, {}}, unknown{"a", {}, {}};
  EXPECT_TRUE(parse_item_record(to_json(empty)).truth.boxes.has_value());
  EXPECT_FALSE(parse_item_record(to_json(unknown)).truth.boxes.has_value());
}

TEST(ItemRecord, refuses_what_is_not_one) {
  for (const char* text :
       {R"({})", R"({"item":"a"})", R"({"item":1,"top":[]})", R"({"item":"a","boxes":[1,2]})",
        R"({"item":"a","boxes":[1,2,3,4,"x",0]})", R"([])", R"({"item":"a","boxes":3})"}) {
    try {
      parse_item_record(parse_json(text, "record"));
      FAIL() << text;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::corrupt_data) << text;
    }
  }
}

}  // namespace
}  // namespace tamis
