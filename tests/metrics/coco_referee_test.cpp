// Writes random scenes and our figures to files; referee.py evaluates the scenes with pycocotools.
#include <gtest/gtest.h>

#include "../support/referee.h"
#include "base/json.h"
#include "base/mask.h"
#include "metrics/coco.h"
#include "random_scenes.h"

namespace tamis {
namespace {

Json scene_json(const testing::Scene& scene) {
  Json truth = Json::array(), found = Json::array();
  for (const TruthBox& t : scene.truth)
    truth.push_back({t.box.x0, t.box.y0, t.box.x1, t.box.y1, t.label, t.crowd ? 1 : 0, t.area});
  for (const Detection& d : scene.detections)
    found.push_back({d.box.x0, d.box.y0, d.box.x1, d.box.y1, d.score, d.label});
  return {{"truth", truth}, {"detections", found}};
}

Json make_case(unsigned seed, int pictures, int max_detections, const testing::SceneOptions& o) {
  std::mt19937 random(seed);
  CocoEvaluation evaluation(max_detections);
  Json scenes = Json::array();
  for (int i = 0; i < pictures; ++i) {
    testing::Scene s = testing::random_scene(random, o);
    evaluation.add(s.truth, s.detections);
    scenes.push_back(scene_json(s));
  }
  return {{"max_detections", max_detections},
          {"classes", o.classes},
          {"scenes", scenes},
          {"figures", to_json(evaluation.figures())}};
}

constexpr Size kPicture{860, 820};

/// A polygon of `corners` corners in the box: cut into the right one by its own random numbers.
std::string random_mask(const Box& box, std::mt19937& random) {
  std::uniform_real_distribution<double> share(0, 1);
  std::vector<double> corners;
  for (unsigned i = 3 + random() % 6; i > 0; --i) {
    corners.push_back(box.x0 + share(random) * (box.x1 - box.x0));
    corners.push_back(box.y0 + share(random) * (box.y1 - box.y0));
  }
  return to_text(polygon_mask(corners, kPicture));
}

/// Masks of truths, some of several parts; detections' masks are those of a truth of like box, or
/// their own.
Json make_mask_case(unsigned seed, int pictures, int max_detections) {
  std::mt19937 random(seed);
  CocoEvaluation evaluation(max_detections);
  testing::SceneOptions o{.classes = 3, .most_truths = 12, .most_detections = 60};
  Json scenes = Json::array();
  for (int i = 0; i < pictures; ++i) {
    testing::Scene s = testing::random_scene(random, o);
    std::vector<std::string> masks;
    Json truth_masks = Json::array();
    for (TruthBox& t : s.truth) {
      Box box = t.box;
      t.mask = to_text(polygon_mask(
          std::vector<double>{box.x0, box.y0, box.x1, box.y0, box.x1, box.y1}, kPicture));
      if (random() % 3 == 0)
        t.mask = to_text(
            unite(parse_mask(t.mask, kPicture), parse_mask(random_mask(box, random), kPicture)));
      truth_masks.push_back(t.mask);
    }
    for (const Detection& d : s.detections)
      masks.push_back(random() % 4 == 0
                          ? random_mask(d.box, random)
                          : to_text(polygon_mask(std::vector<double>{d.box.x0, d.box.y0, d.box.x1,
                                                                     d.box.y0, d.box.x1, d.box.y1},
                                                 kPicture)));
    evaluation.add_masks(s.truth, s.detections, masks, kPicture);
    Json scene = scene_json(s);
    scene["masks"] = masks;
    scene["truth_masks"] = truth_masks;
    scenes.push_back(scene);
  }
  return {{"max_detections", max_detections},
          {"classes", o.classes},
          {"size", {kPicture.height, kPicture.width}},
          {"scenes", scenes},
          {"figures", to_json(evaluation.figures())}};
}

TEST(CocoReferee, every_figure_is_that_of_pycocotools) {
  if (auto why = testing::referee_missing(); !why.empty()) GTEST_SKIP() << why;
  Json cases = Json::array();
  cases.push_back(make_case(1, 40, 100, {}));
  cases.push_back(make_mask_case(11, 40, 100));
  cases.push_back(make_mask_case(12, 30, 300));
  cases.push_back(make_case(2, 40, 300, {.classes = 3, .most_truths = 20, .most_detections = 80}));
  cases.push_back(make_case(3, 60, 300, {.tied_scores = true}));
  cases.push_back(make_case(4, 8, 100, {.classes = 1, .most_truths = 30, .most_detections = 400}));
  cases.push_back(make_case(
      5, 8, 300, {.classes = 2, .most_truths = 30, .most_detections = 900, .tied_scores = true}));
  cases.push_back(make_case(6, 12, 100, {.classes = 30, .most_truths = 3}));
  cases.push_back(make_case(7, 1, 100, {.classes = 1, .most_truths = 2, .most_detections = 3}));
  cases.push_back(make_case(8, 60, 100, {.classes = 2, .tied_scores = true, .on_grid = true}));
  TemporaryFolder folder;
  save_json(folder.path() / "cases.json", cases);
  EXPECT_TRUE(testing::referee_agrees("metrics/referee.py", folder.path()));
}

}  // namespace
}  // namespace tamis
