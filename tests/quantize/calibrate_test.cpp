#include "quantize/calibrate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "support.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;

Graph one_convolution() {
  Graph graph = Graph::parse_text(R"(
    <ir_version: 8, opset_import: ["" : 17]>
    g (float[1,1,4,4] x) => (float[1,1,4,4] y)
    <float[1,1,1,1] w = {0.5}> {
      c = Conv(x, w)
      s = Sigmoid(c)
      a = Mul(c, s)
      y = Conv(a, w)
    })");
  graph.infer_shapes();
  return graph;
}

/// Samples of [1, 1, 4, 4], each filled by its function from an element's index.
FeedCalibration feed_of(std::vector<std::function<float(int)>> samples) {
  return [samples](const std::function<void(std::span<const Tensor>)>& use) {
    for (const auto& sample : samples) {
      Tensor tensor(DataType::f32, {1, 1, 4, 4});
      for (int i = 0; i < 16; ++i) tensor.data<float>()[i] = sample(i);
      use({&tensor, 1});
    }
  };
}

float ramp(int i) { return static_cast<float>(i); }
float other(int i) { return static_cast<float>(15 - i); }
float grey(int) { return 0.5F; }

std::string warnings_of(const std::vector<std::function<float(int)>>& samples) {
  std::string all;
  for (const std::string& line : suspicious_samples(
           observe(StoredGraph(one_convolution()), {"x", "c"}, open_ramp, feed_of(samples))))
    all += line + "\n";
  return all;
}

TEST(SuspiciousSamples, are_few_repeated_or_of_one_colour) {
  EXPECT_THAT(warnings_of({ramp}), HasSubstr("only 1 calibration images"));
  EXPECT_THAT(warnings_of({ramp, other, ramp}), HasSubstr("1 of 3 calibration images repeat"));
  EXPECT_THAT(warnings_of({ramp, grey}),
              HasSubstr("1 of 2 calibration images have only one colour"));
}

TEST(SuspiciousSamples, are_none_among_different_pictures) {
  std::vector<std::function<float(int)>> samples;
  for (int s = 0; s < 8; ++s)
    samples.emplace_back([s](int i) { return static_cast<float>(i * (s + 1)); });
  EXPECT_EQ(warnings_of(samples), "");
}

TEST(Observe, refuses_pictures_that_all_are_one_colour_border_allowed_for) {
  const auto boxed = [](int i) { return i < 8 ? 0.25F : 0.447F; };
  try {
    observe(StoredGraph(one_convolution()), {"c"}, open_ramp, feed_of({grey, boxed}));
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::invalid_argument);
    EXPECT_THAT(e.what(), HasSubstr("has only one colour"));
  }
}

TEST(Statistics, of_one_form_serve_the_others_without_running_the_model_again) {
  std::map<std::string, Json> kept;
  StatisticsStore store;
  store.find = [&](const std::string& key) -> std::optional<Json> {
    const auto at = kept.find(key);
    return at == kept.end() ? std::nullopt : std::optional<Json>(at->second);
  };
  store.keep = [&](const std::string& key, const Json& json) { kept[key] = json; };
  int opened = 0;
  const OpenSession open = [&](const std::filesystem::path& model) {
    ++opened;
    return open_ramp(model);
  };
  for (const QuantizeTarget target :
       {QuantizeTarget::openvino, QuantizeTarget::ort, QuantizeTarget::portable}) {
    for (const RangeMethod method : {RangeMethod::min_max, RangeMethod::mse}) {
      QuantizeOptions options;
      options.target = target;
      options.method = method;
      options.corrections = CorrectionLevel::none;  // judging runs it
      Graph plain = one_convolution();
      Graph again = one_convolution();
      quantize_static(plain, options, open_ramp, feed_of({ramp, other}));
      const QuantizeReport report =
          quantize_static(again, options, open, feed_of({ramp, other}), store);
      EXPECT_EQ(again.to_bytes(), plain.to_bytes());
      EXPECT_EQ(report.calibrated_on, 2U);
      EXPECT_EQ(report.statistics_cached,
                target != QuantizeTarget::openvino || method != RangeMethod::min_max);
    }
  }
  EXPECT_EQ(opened, 1);
  EXPECT_EQ(kept.size(), 1U);
}

TEST(Statistics, that_lack_something_are_refused) {
  EXPECT_THROW(parse_observations({{"samples", 3}}), Error);
}

}  // namespace
}  // namespace tamis
