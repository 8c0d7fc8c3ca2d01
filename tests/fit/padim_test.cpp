#include "fit/padim.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/error.h"
#include "base/files.h"
#include "fit/gaussians.h"
#include "fit/padim_graph.h"
#include "support/needs.h"

namespace tamis {
namespace {

TEST(ThresholdOf, is_the_conformal_quantile) {
  std::vector<float> scores;
  for (int i = 1; i <= 60; ++i) scores.push_back(static_cast<float>(61 - i));
  EXPECT_EQ(threshold_of(scores, 0.05), 58);  // ceil(61 * .95) = 58
  EXPECT_EQ(threshold_of(scores, 0.001), 60);
  EXPECT_EQ(threshold_of({3}, 0.05), 3);
}

bool runs(const std::string& backend) {
  RunSettings settings;
  settings.backend = backend;
  return find_backend(backend)->probe(settings).ok();
}

std::unique_ptr<Session> open_in(const std::string& backend, const std::filesystem::path& model) {
  OpenRequest request;
  request.model = model;
  request.settings.backend = backend;
  request.settings.threads = 1;
  request.settings.inference_precision = "f32";
  return find_backend(backend)->open(request);
}

/// Strides 2, 4 and 8; dynamic batch.
Graph backbone() {
  return Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 12]>
    g (float[N,3,32,32] x) => (float[N,3,1,1] y) {
      a = AveragePool<kernel_shape = [2,2], strides = [2,2]>(x)
      a2 = Sigmoid(a)
      b = AveragePool<kernel_shape = [2,2], strides = [2,2]>(a2)
      b2 = Tanh(b)
      c = AveragePool<kernel_shape = [2,2], strides = [2,2]>(b2)
      c2 = Relu(c)
      y = GlobalAveragePool(c2)
    })");
}

Tensor picture(unsigned seed, bool defective = false) {
  Tensor input(DataType::f32, {1, 3, 32, 32});
  std::mt19937 random(seed);
  std::normal_distribution<float> noise;
  for (int i = 0; i < 3 * 32 * 32; ++i) input.data<float>()[i] = noise(random);
  if (defective)
    for (int c = 0; c < 3; ++c)
      for (int y = 8; y < 16; ++y)
        for (int x = 20; x < 28; ++x) input.data<float>()[(c * 32 + y) * 32 + x] += 3;
  return input;
}

std::function<void(const std::function<void(std::span<const Tensor>)>&)> good(unsigned count) {
  return [count](const std::function<void(std::span<const Tensor>)>& use) {
    for (unsigned i = 0; i < count; ++i) {
      const Tensor input = picture(i);
      use({&input, 1});
    }
  };
}

PadimReport fit(Graph& graph, unsigned count, PadimOptions options = {}) {
  options.sigma_px = 1;
  return fit_padim(
      graph, options, {32, 32},
      [](const std::filesystem::path& model) { return open_in("ort", model); }, good(count));
}

TEST(Padim, finds_where_a_picture_differs_and_runs_alike_in_both_runtimes) {
  TAMIS_NEEDS_RUNTIME("ort");
  Graph graph = backbone();
  const PadimReport report = fit(graph, 100);
  EXPECT_EQ(report.fitted, 80u);
  EXPECT_EQ(report.held_out, 20u);
  EXPECT_EQ(report.channels.size(), 9u);
  EXPECT_THAT(report.notes, ::testing::ElementsAre(::testing::HasSubstr("all 9 channels")));
  EXPECT_EQ(report.layers[0].value, "a2");
  graph.verify();
  TemporaryFolder folder;
  graph.save(folder.path() / "model.onnx");
  std::vector<std::vector<float>> found;
  for (const char* backend : {"ort", "openvino"}) {
    if (!runs(backend)) continue;
    auto session = open_in(backend, folder.path() / "model.onnx");
    auto outputs = make_tensors(session->outputs());
    const Tensor bad = picture(1000, true), fine = picture(1001);
    session->run({&fine, 1}, outputs);
    EXPECT_LT(outputs[0].data<float>()[0], 1.3 * report.threshold);
    session->run({&bad, 1}, outputs);
    EXPECT_GT(outputs[0].data<float>()[0], 1.3 * report.threshold);
    EXPECT_EQ(outputs[1].shape(), (Shape{1, 1, 32, 32}));
    found.emplace_back(outputs[1].data<float>(), outputs[1].data<float>() + 1024);
    const auto most = std::max_element(found.back().begin(), found.back().end());
    const auto at = static_cast<int>(most - found.back().begin());
    EXPECT_TRUE(at / 32 >= 8 && at / 32 < 16 && at % 32 >= 20 && at % 32 < 28) << at;
    EXPECT_EQ(*most, outputs[0].data<float>()[0]);
  }
  for (std::size_t i = 0; found.size() == 2 && i < 1024; ++i)
    EXPECT_NEAR(found[0][i], found[1][i], 1e-3 * found[0][i]);
}

TEST(Padim, keeps_the_channels_that_the_seed_draws) {
  TAMIS_NEEDS_RUNTIME("ort");
  Graph first = backbone(), again = backbone(), other = backbone();
  PadimOptions options;
  options.features = 5;
  const auto drawn = fit(first, 20, options).channels;
  EXPECT_EQ(drawn.size(), 5u);
  EXPECT_EQ(fit(again, 20, options).channels, drawn);
  EXPECT_EQ(first.to_bytes(), again.to_bytes());
  options.seed = 2;
  EXPECT_NE(fit(other, 20, options).channels, drawn);
}

TEST(Padim, refuses_too_few_pictures_and_leaves_the_graph_as_it_was) {
  TAMIS_NEEDS_RUNTIME("ort");
  Graph graph = backbone();
  const std::string before = graph.to_bytes();
  EXPECT_THROW(fit(graph, 9), Error);
  PadimOptions options;
  options.features = 0;
  EXPECT_THROW(fit(graph, 20, options), Error);
  EXPECT_EQ(graph.to_bytes(), before);
}

}  // namespace
}  // namespace tamis
