#include "execute/opened_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <thread>

#include "base/error.h"
#include "graph/graph.h"
#include "support/fake.h"
#include "support/needs.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;

template <typename Work>
std::string failure(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    return std::string(to_text(error.code())) + ": " + error.what();
  }
  return "no error";
}

Card color_card() {
  return parse_card(Json{{"task", "classify"},
                         {"input",
                          {{"size", {8, 8}},
                           {"color", "rgb"},
                           {"scale", 255},
                           {"mean", {0, 0, 0}},
                           {"std", {1, 1, 1}},
                           {"resize", "stretch"}}},
                         {"decoder", "classifier"}});
}

/// Four scores by a picture's mean colours. `more`: inputs beside it.
Graph scorer(const std::string& batch, const std::string& more, const std::string& last) {
  return Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]>
    scorer (float[)" + batch +
                           R"(,3,8,8] images)" + more + R"() => (float[)" + batch + R"(,4] scores)
    <float[4,3,1,1] w = {1, 0.5, -1, 0, 2, 0.25, -0.5, 1, 1, 0.75, -1, 0.5}> {
      colors = Conv <kernel_shape = [1, 1]> (images, w)
      pooled = GlobalAveragePool (colors)
      flat = Flatten <axis = 1> (pooled)
      scores = )" + last + R"( })");
}
Graph scorer(const std::string& batch) { return scorer(batch, "", "Identity (flat)"); }
Graph scaled_scorer() { return scorer("N", ", float[1,4] factor", "Mul (flat, factor)"); }

/// Mostly red, green, blue, red …: the classes 0, 1 and 2 in turn.
std::vector<Picture> pictures(int count) {
  std::vector<Picture> all;
  for (int p = 0; p < count; ++p) {
    Picture picture{10, 12, 3, std::vector<std::uint8_t>(360)};
    for (std::size_t i = 0; i < picture.pixels.size(); ++i)
      picture.pixels[i] = static_cast<std::uint8_t>(
          static_cast<int>(i % 3) == p % 3 ? 250 - 3 * p : static_cast<int>(i * 7 % 32));
    all.push_back(std::move(picture));
  }
  return all;
}

class InEachRuntime : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { TAMIS_NEEDS_RUNTIME(GetParam()); }

  ExecuteRequest request(const Graph& graph, int batch) const {
    ExecuteRequest request;
    request.model = folder_.path() / "model.onnx";
    graph.save(request.model);
    request.card = color_card();
    request.settings.backend = GetParam();
    if (batch > 1) request.settings.batch = batch;
    return request;
  }

  /// The scores of each picture, in requests of `batch`, the last of which may not be full.
  static std::vector<std::vector<float>> scores(OpenedModel& model,
                                                std::span<const Picture> pictures) {
    std::vector<std::vector<float>> all;
    Batch batch = model.make_batch();
    BatchOutputs outputs = model.make_outputs();
    std::vector<Prediction> predictions;
    const auto most = static_cast<std::size_t>(model.batch());
    for (std::size_t first = 0; first < pictures.size(); first += most) {
      model.prepare(pictures.subspan(first, std::min(most, pictures.size() - first)), batch);
      model.infer(batch, outputs);
      model.decode(batch, outputs, predictions);
      EXPECT_EQ(predictions.size(), batch.placements.size());
      for (std::size_t n = 0; n < predictions.size(); ++n) {
        const float* own = outputs.tensors[0].data<float>() + 4 * n;
        all.emplace_back(own, own + 4);
        EXPECT_EQ(predictions[n].top.at(0), std::max_element(own, own + 4) - own);
      }
    }
    return all;
  }

  static void expect_near(const std::vector<std::vector<float>>& found,
                          const std::vector<std::vector<float>>& wanted) {
    ASSERT_EQ(found.size(), wanted.size());
    for (std::size_t p = 0; p < wanted.size(); ++p)
      for (std::size_t i = 0; i < wanted[p].size(); ++i)
        EXPECT_NEAR(found[p][i], wanted[p][i], 1e-5) << "picture " << p << " score " << i;
  }

  TemporaryFolder folder_{"tamis-opened"};
};
INSTANTIATE_TEST_SUITE_P(OpenedModel, InEachRuntime, ::testing::Values("ort", "openvino"),
                         [](const auto& test) { return std::string(test.param); });

TEST_P(InEachRuntime, a_batch_of_four_equals_four_singles) {
  const auto seven = pictures(7);
  OpenedModel one(request(scorer("N"), 1));
  const auto singles = scores(one, seven);
  for (std::size_t p = 0; p < singles.size(); ++p)
    EXPECT_EQ(std::max_element(singles[p].begin(), singles[p].end()) - singles[p].begin(), p % 3);
  OpenedModel open(request(scorer("N"), 4)), fixed(request(scorer("4"), 4));
  expect_near(scores(open, seven), singles);
  expect_near(scores(fixed, seven), singles);
}

TEST_P(InEachRuntime, inputs_beside_the_picture_are_held_at_the_cards_numbers) {
  const auto three = pictures(3);
  OpenedModel plain(request(scorer("N"), 1));
  auto wanted = scores(plain, three);
  for (auto& own : wanted)
    for (std::size_t i = 0; i < 4; ++i) own[i] *= static_cast<float>(i + 1);
  for (int batch : {1, 2}) {
    ExecuteRequest held = request(scaled_scorer(), batch);
    held.card->hold["factor"] = {1, 2, 3, 4};
    OpenedModel model(held);
    EXPECT_EQ(model.make_batch().inputs.size(), 2U);
    expect_near(scores(model, three), wanted);
    expect_near(scores(*model.another(), three), wanted);
  }
}

TEST_P(InEachRuntime, without_a_card_all_inputs_are_fed) {
  ExecuteRequest bare = request(scorer("1", ", float[1,4] factor", "Mul (flat, factor)"), 1);
  bare.card.reset();
  OpenedModel model(bare);
  Batch batch = model.make_batch();
  ASSERT_EQ(batch.inputs.size(), 2U);
  EXPECT_GT(model.run(batch).total_ns, 0);
}

TEST_P(InEachRuntime, writes_what_the_runtime_makes_of_the_model) {
  ExecuteRequest dumped = request(scorer("N"), 1);
  dumped.dump = folder_.path();
  OpenedModel model(dumped);
  const bool ort = GetParam() == std::string("ort");
  const char* name = ort ? "optimized.onnx" : "compiled.blob";
  EXPECT_GT(std::filesystem::file_size(folder_.path() / name), 0U);
}

TEST_P(InEachRuntime, what_nothing_holds_is_refused) {
  EXPECT_THAT(failure([&] { OpenedModel(request(scaled_scorer(), 1)); }),
              HasSubstr("has 2 inputs (images, factor); a vision model has one, the image; hold "
                        "the others at constant values with --hold-input NAME=VALUES"));
  ExecuteRequest few = request(scaled_scorer(), 1);
  few.card->hold["factor"] = {1, 2};
  EXPECT_THAT(failure([&] { OpenedModel{few}; }),
              HasSubstr("invalid_argument: --hold-input factor: it is [1,4], so that 4 numbers are "
                        "wanted, not 2"));
}

class Opened : public ::testing::Test {
 protected:
  ExecuteRequest batched(int batch) const {
    save_file(fake_.folder() / "open.json", std::string_view(R"({"fake_model": 1,
      "answers": "mean", "inputs": [{"name": "x", "type": "f32", "shape": [null, 1, 8, 8]}],
      "outputs": [{"name": "y", "type": "f32", "shape": [null, 5]}]})"));
    ExecuteRequest request = fake_.request({{"latency_us", 200}}, testing::FakeBackend::card());
    request.model = fake_.folder() / "open.json";
    request.settings.batch = batch;
    return request;
  }
  static Picture grey(int value) {
    return {8, 8, 1, std::vector<std::uint8_t>(64, static_cast<std::uint8_t>(value))};
  }
  testing::FakeBackend fake_;
};

TEST_F(Opened, places_that_are_left_repeat_the_pictures_undecoded) {
  OpenedModel model(batched(5));
  const std::vector<Picture> two{grey(10), grey(200)};
  Batch batch = model.make_batch();
  EXPECT_EQ(batch.placements.size(), 5U);
  model.prepare(two, batch);
  EXPECT_EQ(batch.placements.size(), 2U);
  for (int n = 0; n < 5; ++n)
    EXPECT_FLOAT_EQ(batch.pictures().data<float>()[64 * n], (n % 2 == 0 ? 10.0F : 200.0F) / 255);
  std::vector<Prediction> predictions;
  model.run(batch, &predictions);
  ASSERT_EQ(predictions.size(), 2U);
  EXPECT_EQ(predictions[0].top.at(0), 0);
  EXPECT_EQ(predictions[1].top.at(0), 3);
}

TEST_F(Opened, refuses_no_pictures_and_more_than_a_request_holds) {
  OpenedModel model(batched(2));
  Batch batch = model.make_batch();
  EXPECT_THAT(failure([&] { model.prepare({}, batch); }),
              HasSubstr("invalid_argument: prepare: 0 images for a request of 2; give 1 to 2"));
  const std::vector<Picture> three{grey(1), grey(2), grey(3)};
  EXPECT_THAT(failure([&] { model.prepare(three, batch); }), HasSubstr("prepare: 3 images"));
}

TEST_F(Opened, the_next_request_is_inferred_while_the_last_one_is_decoded) {
  OpenedModel model(batched(2));
  std::vector<Batch> batches;
  std::vector<BatchOutputs> outputs;
  for (int r = 0; r < 2; ++r) {
    outputs.push_back(model.make_outputs());
    batches.push_back(model.make_batch());
  }
  const auto pictures_of = [](int i) {
    return std::vector<Picture>{grey(i * 13), grey(i * 17 + 5)};
  };
  std::vector<Prediction> predictions;
  std::thread decoding;
  for (int i = 0; i <= 10; ++i) {
    const auto now = static_cast<std::size_t>(i % 2);
    if (i < 10) {
      model.prepare(pictures_of(i), batches[now]);
      model.infer(batches[now], outputs[now]);
    }
    if (decoding.joinable()) {
      decoding.join();
      ASSERT_EQ(predictions.size(), 2U);
      EXPECT_EQ(predictions[0].top.at(0), (i - 1) * 13 * 5 / 255);
      EXPECT_EQ(predictions[1].top.at(0), ((i - 1) * 17 + 5) * 5 / 255);
    }
    if (i < 10)
      decoding = std::thread([&, now] { model.decode(batches[now], outputs[now], predictions); });
  }
}

TEST_F(Opened, pictures_of_one_request_go_to_one_input_shape) {
  save_file(fake_.folder() / "free.json", std::string_view(R"({"fake_model": 1,
      "answers": "mean", "inputs": [{"name": "x", "type": "f32", "shape": [null, 1, null, null]}],
      "outputs": [{"name": "y", "type": "f32", "shape": [null, 5]}]})"));
  ExecuteRequest request = batched(2);
  request.model = fake_.folder() / "free.json";
  request.card->resize = ResizeRule::letterbox;
  request.card->input_sizes = {{8, 8}, {8, 16}};
  request.card->input_size = {8, 16};
  OpenedModel model(request);
  ASSERT_EQ(model.shapes(), 2U);
  const Picture wide{8, 16, 1, std::vector<std::uint8_t>(128, 120)};
  Batch batch = model.make_batch();
  EXPECT_THAT(failure([&] {
                model.prepare(std::vector<Picture>{grey(9), wide}, batch);
              }),
              HasSubstr("images of one request go to different input shapes"));
  model.prepare(std::vector<Picture>{wide, wide}, batch);
  EXPECT_EQ(batch.shape, 1U);
  EXPECT_EQ(to_text(batch.pictures().shape()), "[2,1,8,16]");
  std::vector<Prediction> predictions;
  model.run(batch, &predictions);
  EXPECT_EQ(predictions.size(), 2U);
  BatchOutputs outputs = model.make_outputs(0);
  EXPECT_THAT(failure([&] { model.infer(batch, outputs); }),
              HasSubstr("the outputs were made for another input shape"));
}

}  // namespace
}  // namespace tamis
