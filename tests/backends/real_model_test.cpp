#include <gtest/gtest.h>

#include <cmath>

#include "backends/open.h"
#include "support/needs.h"

namespace tamis {
namespace {

std::filesystem::path shared_model(const std::string& name) {
  auto folder = environment("TAMIS_SHARED").value_or(TAMIS_SOURCE_DIR "/../shared");
  return std::filesystem::path(folder) / "data" / name;
}

Tensor run_ramp(const std::string& backend, const std::filesystem::path& model) {
  OpenRequest request;
  request.model = model;
  request.settings.backend = backend;
  request.settings.inference_precision = "f32";
  auto session = find_backend(backend)->open(request);
  auto inputs = make_tensors(session->inputs());
  auto outputs = make_tensors(session->outputs());
  float* x = inputs[0].data<float>();
  for (std::int64_t i = 0; i < inputs[0].elements(); ++i) x[i] = static_cast<float>(i % 97) / 97;
  session->run(inputs, outputs);
  return std::move(outputs[0]);
}

TEST(RealModel, yolov8n_agrees_between_ort_and_openvino) {
  TAMIS_NEEDS_RUNTIME("ort");
  TAMIS_NEEDS_RUNTIME("openvino");
  auto model = shared_model("detect/yolov8n.onnx");
  if (!std::filesystem::exists(model)) GTEST_SKIP() << model << " is not here";
  Tensor a = run_ramp("ort", model), b = run_ramp("openvino", model);
  ASSERT_EQ(a.shape(), (Shape{1, 84, 8400}));
  ASSERT_EQ(a.shape(), b.shape());
  double largest = 0;
  for (std::int64_t i = 0; i < a.elements(); ++i) {
    double x = a.data<float>()[i], y = b.data<float>()[i];
    largest = std::max(largest, std::abs(x - y) / std::max(1.0, std::abs(x)));
  }
  EXPECT_LT(largest, 1e-3);
}

}  // namespace
}  // namespace tamis
