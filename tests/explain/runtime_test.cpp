#include <gtest/gtest.h>

#include "base/files.h"
#include "explain/explain.h"
#include "explain/models.h"
#include "runtime/backend.h"
#include "support/needs.h"

namespace tamis::testing {
namespace {

class InRuntime : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { TAMIS_NEEDS_RUNTIME(GetParam()); }

  std::unique_ptr<Session> open(const std::filesystem::path& model, bool profile) const {
    OpenRequest request;
    request.model = model;
    request.settings.backend = GetParam();
    request.settings.inference_precision = "f32";
    request.settings.threads = 1;
    request.profile = profile;
    return find_backend(GetParam())->open(request);
  }

  static std::vector<Tensor> ramp(const Session& session) {
    std::vector<Tensor> inputs = make_tensors(session.inputs());
    for (std::int64_t i = 0; i < inputs[0].elements(); ++i)
      inputs[0].data<float>()[i] = static_cast<float>(i % 256) / 255;
    return inputs;
  }

  ExplainSide profiled(const Graph& graph, const std::string& name) const {
    graph.save(folder_.path() / name);
    auto session = open(folder_.path() / name, true);
    std::vector<Tensor> inputs = ramp(*session), outputs = make_tensors(session->outputs());
    for (int i = 0; i < 8; ++i) session->run(inputs, outputs);
    return {folder_.path() / name, profile_of(*session)};
  }

  TemporaryFolder folder_{"tamis-explain-runtime"};
};

TEST_P(InRuntime, the_convolutions_of_both_files_are_found_and_compared) {
  ExplainRequest request;
  request.variant = profiled(variant_graph(), "variant.onnx");
  request.parent = profiled(parent_graph(), "parent.onnx");
  request.runs = 6;
  request.backend = GetParam();
  std::vector<Tensor> inputs = ramp(*open(folder_.path() / "parent.onnx", false));
  Json found =
      explain(request,
              {&inputs[0], [&](const std::filesystem::path& model) { return open(model, false); }});
  for (const Json& layer : found.at("model").at("layers")) EXPECT_GE(layer.at("us"), 0);
  int convolutions = 0;
  for (const Json& group : found.at("groups")) {
    if (group.at("op") != "Conv") continue;
    ++convolutions;
    EXPECT_FALSE(group.at("model").is_null()) << group;
    EXPECT_FALSE(group.at("against").is_null()) << group;
    EXPECT_GT(group.at("snr_db").get<double>(), 15) << group;
  }
  EXPECT_EQ(convolutions, 2) << found;
  EXPECT_FALSE(found.at("model").at("int8_islands").empty());
}

TEST_P(InRuntime, a_profile_holds_every_run) {
  ExplainSide side = profiled(parent_graph(), "parent.onnx");
  for (const Json& layer : side.profile) EXPECT_GE(layer.at("runs_us").size(), 8U) << layer;
}

INSTANTIATE_TEST_SUITE_P(Backends, InRuntime, ::testing::Values("ort", "openvino"));

}  // namespace
}  // namespace tamis::testing
