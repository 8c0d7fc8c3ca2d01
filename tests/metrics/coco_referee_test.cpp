// Writes random scenes and our figures to files; referee.py evaluates the scenes with pycocotools.
#include <gtest/gtest.h>

#include "../support/referee.h"
#include "base/json.h"
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

TEST(CocoReferee, every_figure_is_that_of_pycocotools) {
  if (auto why = testing::referee_missing(); !why.empty()) GTEST_SKIP() << why;
  Json cases = Json::array();
  cases.push_back(make_case(1, 40, 100, {}));
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
