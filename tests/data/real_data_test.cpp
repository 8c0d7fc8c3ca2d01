#include <gmock/gmock.h>

#include <map>
#include <set>
#include <thread>

#include "base/json.h"
#include "data/dataset.h"
#include "data/selection.h"
#include "helpers.h"

namespace tamis {
namespace {

using namespace testing_data;
using ::testing::ElementsAre;

TEST(RealData, fashion_mnist) {
  TAMIS_NEEDS(fashion_mnist());
  DatasetInfo info = probe_dataset(fashion_mnist());
  EXPECT_EQ(info.format, "idx");
  EXPECT_THAT(info.splits, ElementsAre("train", "val"));
  auto val = open_dataset({fashion_mnist(), ""});
  ASSERT_EQ(val->items().size(), 10000u);
  EXPECT_EQ(val->items()[0].id, "t10k-images-idx3-ubyte#0");
  EXPECT_EQ(val->items()[0].truth.label, 9);  // an ankle boot
  EXPECT_EQ(val->load_picture(0).size(), (Size{28, 28}));
  std::map<int, int> counts;
  for (const Item& item : val->items()) ++counts[*item.truth.label];
  EXPECT_EQ(counts.size(), 10u);
  EXPECT_EQ(counts[3], 1000);
  CalibrationPlan plan = plan_calibration({.data = {fashion_mnist(), ""}});
  EXPECT_EQ(plan.calibration.items.size(), 100u);
  EXPECT_EQ(plan.evaluation.items.size(), 10000u);
}

TEST(RealData, cifar10) {
  TAMIS_NEEDS(shared_data() / "cifar10");
  auto val = open_dataset({shared_data() / "cifar10", ""});
  EXPECT_EQ(val->items().size(), 846u);
  EXPECT_EQ(val->labels().size(), 10u);
  EXPECT_EQ(val->labels()[3], "cat");
  EXPECT_EQ(val->items()[0].truth.label, 3);  // the test batch starts with a cat
  EXPECT_EQ(open_dataset({shared_data() / "cifar10", "train"})->items().size(), 5u * 932u);
}

TEST(RealData, imagenet500) {
  TAMIS_NEEDS(shared_data() / "imagenet500");
  auto all = open_dataset({shared_data() / "imagenet500", ""});
  ASSERT_EQ(all->items().size(), 500u);
  EXPECT_EQ(all->items()[1].truth.label, 2);
  Picture picture = all->load_picture(1);
  EXPECT_EQ(std::min(picture.width, picture.height), 256);
}

TEST(RealData, coco128_is_one_set_of_which_a_quarter_is_set_aside) {
  TAMIS_NEEDS(shared_data() / "coco128");
  DatasetInfo info = probe_dataset(shared_data() / "coco128/coco128.yaml");
  EXPECT_EQ(info.format, "yolo");
  EXPECT_TRUE(info.train_equals_val);
  CalibrationPlan plan = plan_calibration({.data = {shared_data() / "coco128", ""}});
  EXPECT_EQ(plan.calibration.items.size(), 32u);
  EXPECT_EQ(plan.evaluation.items.size(), 96u);
}

TEST(RealData, coco128_decodes_from_several_threads_alike) {
  TAMIS_NEEDS(shared_data() / "coco128");
  auto val = open_dataset({shared_data() / "coco128", ""});
  ASSERT_EQ(val->items().size(), 128u);
  std::size_t boxes = 0;
  for (const Item& item : val->items()) boxes += item.truth.boxes->size();
  EXPECT_GT(boxes, 900u);
  std::vector<std::vector<std::uint8_t>> first(16), second(16);
  std::jthread helper([&] {
    for (std::size_t i = 0; i < 16; ++i) first[i] = val->load_picture(i).pixels;
  });
  for (std::size_t i = 0; i < 16; ++i) second[i] = val->load_picture(i).pixels;
  helper.join();
  EXPECT_EQ(first, second);
}

/// Truth as COCO JSON and as YOLO labels is the same truth.
TEST(RealData, coco128_written_as_coco_json_reads_back) {
  TAMIS_NEEDS(shared_data() / "coco128");
  auto yolo = open_dataset({shared_data() / "coco128", ""});
  Json json{
      {"images", Json::array()}, {"annotations", Json::array()}, {"categories", Json::array()}};
  for (std::size_t c = 0; c < yolo->labels().size(); ++c)
    json["categories"].push_back({{"id", 2 * c + 1}, {"name", yolo->labels()[c]}});
  std::size_t annotation = 0;
  for (std::size_t i = 0; i < yolo->items().size(); ++i) {
    const Item& item = yolo->items()[i];
    json["images"].push_back({{"id", 1000 - i}, {"file_name", item.file.string()}});
    for (const TruthBox& t : *item.truth.boxes)
      json["annotations"].push_back(
          {{"id", ++annotation},
           {"image_id", 1000 - i},
           {"category_id", 2 * t.label + 1},
           {"bbox", {t.box.x0, t.box.y0, t.box.x1 - t.box.x0, t.box.y1 - t.box.y0}},
           {"area", t.area},
           {"iscrowd", annotation % 10 == 0 ? 1 : 0},
           {"segmentation", {{"counts", {0, 1}}, {"size", {1, 1}}}}});
  }
  TemporaryFolder folder;
  save_json(folder.path() / "all.json", json);
  auto coco = open_dataset({folder.path() / "all.json", ""});
  ASSERT_EQ(coco->items().size(), yolo->items().size());
  EXPECT_EQ(coco->labels(), yolo->labels());
  for (std::size_t i = 0; i < yolo->items().size(); ++i) {
    const auto& a = *yolo->items()[i].truth.boxes;
    const auto& b = *coco->items()[i].truth.boxes;
    ASSERT_EQ(a.size(), b.size());
    EXPECT_EQ(yolo->content_hash(i), coco->content_hash(i));
    for (std::size_t k = 0; k < a.size(); ++k) {
      EXPECT_NEAR(a[k].box.x1, b[k].box.x1, 1e-3);
      EXPECT_EQ(a[k].label, b[k].label);
      EXPECT_DOUBLE_EQ(a[k].area, b[k].area);
    }
  }
}

}  // namespace
}  // namespace tamis
