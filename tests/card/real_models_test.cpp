#include <gtest/gtest.h>

#include <filesystem>

#include "base/files.h"
#include "card/card.h"
#include "graph/inspect.h"

namespace tamis {
namespace {

struct Case {
  const char* file;
  TaskKind task;
  const char* decoder;
  Size size;
  ResizeRule resize;
  std::size_t labels;
};
void PrintTo(const Case& model, std::ostream* out) { *out << model.file; }

class CardOfRealModel : public ::testing::TestWithParam<Case> {};

TEST_P(CardOfRealModel, is_resolved) {
  auto folder = environment("TAMIS_SHARED");
  std::filesystem::path file =
      std::filesystem::path(folder ? *folder : std::string(TAMIS_SOURCE_DIR) + "/../shared") /
      "data" / GetParam().file;
  if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is not there";
  ModelDescription d = describe_model(Graph::load(file));
  Card card =
      resolve_card({d.inputs, d.outputs, d.metadata, d.last_operators}, card_file_beside(file), {});
  EXPECT_EQ(card.task, GetParam().task);
  EXPECT_EQ(card.decoder, GetParam().decoder);
  EXPECT_EQ(card.input_size, GetParam().size);
  EXPECT_EQ(card.resize, GetParam().resize);
  EXPECT_EQ(card.labels.size(), GetParam().labels);
}

INSTANTIATE_TEST_SUITE_P(All, CardOfRealModel,
                         ::testing::Values(Case{"detect/yolov8n.onnx",
                                                TaskKind::detect,
                                                "yolov8",
                                                {640, 640},
                                                ResizeRule::letterbox,
                                                80},
                                           Case{"detect/yolov8n_dyn.onnx",
                                                TaskKind::detect,
                                                "yolov8",
                                                {640, 640},
                                                ResizeRule::letterbox,
                                                80},
                                           Case{"detect/yolo11n_from_seg.onnx",
                                                TaskKind::detect,
                                                "yolov8",
                                                {640, 640},
                                                ResizeRule::letterbox,
                                                80},
                                           Case{"classify/cifar10_resnet20.onnx",
                                                TaskKind::classify,
                                                "classifier",
                                                {32, 32},
                                                ResizeRule::stretch,
                                                0},
                                           Case{"detect/yolo11n-seg.onnx",
                                                TaskKind::segment,
                                                "yolov8-seg",
                                                {640, 640},
                                                ResizeRule::letterbox,
                                                80},
                                           Case{"classify/mobilenet_v2_1.0_224.onnx",
                                                TaskKind::classify,
                                                "classifier",
                                                {224, 224},
                                                ResizeRule::center_crop,
                                                0}));

}  // namespace
}  // namespace tamis
