#include "quantize/ranges.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "../support/referee.h"
#include "base/error.h"
#include "base/json.h"
#include "quantize/entropy.h"
#include "quantize/options.h"

namespace tamis {
namespace {

std::vector<float> normal(std::size_t count, unsigned seed, float scale = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> law;
  std::vector<float> values(count);
  for (float& v : values) v = law(random) * scale;
  return values;
}

QuantizeOptions by(RangeMethod method) {
  QuantizeOptions options;
  options.method = method;
  return options;
}

/// Mean squared error over the values themselves: the slow, obvious reference.
double squared_error(const std::vector<float>& values, const ValueRange& range) {
  const Affine affine = affine_from_range(range);
  double sum = 0;
  for (const float v : values) sum += std::pow(affine.round_trip(v) - v, 2);
  return sum / static_cast<double>(values.size());
}

TEST(MovingAverage, is_the_mean_of_few_samples_and_forgets_slowly) {
  Histogram histogram;
  const float highs[] = {1, 3, 8};
  for (const float high : highs) histogram.add(std::vector<float>{-high / 2, high});
  // By hand: highs (1 + 3 + 8) / 3, lows half of that.
  EXPECT_NEAR(histogram.moving_average().high, 4.0, 1e-9);
  EXPECT_NEAR(histogram.moving_average().low, -2.0, 1e-9);
  EXPECT_EQ(observed_range(histogram, by(RangeMethod::moving_average)), histogram.moving_average());
  for (int i = 0; i < 97; ++i) histogram.add(std::vector<float>{-2, 4});
  histogram.add(std::vector<float>{-2, 104});
  EXPECT_NEAR(histogram.moving_average().high, 5.0, 1e-6);  // 4 + .01 * (104 - 4)
}

TEST(LeastSquaredError, is_near_the_best_of_a_grid_over_both_ends) {
  for (unsigned seed = 0; seed < 3; ++seed) {
    std::vector<float> values = normal(3000, seed);
    for (float& v : values) v = v * v * v + (seed == 1 ? 2.0F : 0.0F);  // thick ends
    Histogram histogram;
    histogram.add(values);
    const ValueRange whole = histogram.extremes();
    double least = squared_error(values, whole);
    for (int low = 1; low <= 20; ++low) {
      for (int high = 1; high <= 20; ++high)
        least =
            std::min(least, squared_error(values, {whole.low * low / 20, whole.high * high / 20}));
    }
    const ValueRange range = observed_range(histogram, by(RangeMethod::mse));
    EXPECT_LE(squared_error(values, range), 1.1 * least) << seed;
    EXPECT_LE(squared_error(values, range), squared_error(values, whole)) << seed;
  }
}

TEST(LeastSquaredError, is_never_worse_than_min_max_on_the_values_themselves) {
  for (unsigned seed = 0; seed < 6; ++seed) {
    std::vector<float> values = normal(10000, seed, 3);
    for (float& v : values) v = seed % 2 == 0 ? std::max(v, 0.0F) : v * std::abs(v);
    Histogram histogram;
    histogram.add(values);
    const ValueRange range = observed_range(histogram, by(RangeMethod::mse));
    EXPECT_LE(squared_error(values, range), 1.02 * squared_error(values, histogram.extremes()));
  }
}

TEST(LeastSquaredError, leaves_a_uniform_distribution_alone) {
  Histogram histogram;
  std::vector<float> values;
  for (int i = 0; i <= 10000; ++i) values.push_back(-1.0F + 4.0F * static_cast<float>(i) / 10000);
  histogram.add(values);
  const ValueRange range = observed_range(histogram, by(RangeMethod::mse));
  EXPECT_NEAR(range.low, -1, 0.03);
  EXPECT_NEAR(range.high, 3, 0.03);
}

TEST(LeastSquaredError, before_a_silu_clips_both_ends_by_what_comes_after_it) {
  std::vector<float> values = normal(16000, 1, 2);
  for (float& v : values) v *= v * v;
  Histogram histogram;
  histogram.add(values);
  const ValueRange range = range_before_silu(histogram, by(RangeMethod::mse));
  EXPECT_GT(range.low, -10.1);
  EXPECT_LT(range.high, histogram.extremes().high);
}

TEST(SymmetricRange, has_zero_point_128_and_holds_the_range) {
  for (const ValueRange range : {ValueRange{-1, 3}, ValueRange{-7, 2}, ValueRange{0, 6}}) {
    const ValueRange symmetric = symmetric_range(range);
    EXPECT_EQ(affine_from_range(symmetric).zero_point, 128);
    EXPECT_LE(symmetric.low, range.low);
    EXPECT_GE(symmetric.high, range.high);
  }
}

TEST(EntropyRange, clips_the_thin_ends_only) {
  Histogram histogram;
  std::vector<float> values = normal(16000, 2);
  values[0] = 100;
  histogram.add(values);
  const ValueRange range = observed_range(histogram, by(RangeMethod::entropy));
  EXPECT_LT(range.high, 50);
  EXPECT_GT(range.high, 2);
  EXPECT_GE(range.low, histogram.extremes().low);
}

TEST(EntropyRange, of_zeros_is_empty) {
  Histogram histogram;
  histogram.add(std::vector<float>(100, 0.0F));
  EXPECT_EQ(observed_range(histogram, by(RangeMethod::entropy)), (ValueRange{0, 0}));
}

TEST(EntropyReferee, chooses_the_thresholds_of_onnxruntime) {
  if (!testing::referee_has("onnxruntime.quantization"))
    GTEST_SKIP() << "onnxruntime.quantization is missing; name its folder in PYTHONPATH";
  Json cases = Json::array();
  for (unsigned seed = 0; seed < 4; ++seed) {
    constexpr std::size_t kBins = 512;
    std::vector<double> counts(kBins, 0.0);
    for (float v : normal(40000, seed, seed < 2 ? 40.0F : 12.0F)) {
      if (seed % 2 == 1) v = std::abs(v) * 1.5F;
      const int bin = std::clamp(static_cast<int>(v) + static_cast<int>(kBins / 2), 0,
                                 static_cast<int>(kBins) - 1);
      counts[static_cast<std::size_t>(bin)] += 1;
    }
    cases.push_back(
        {{"counts", counts}, {"levels", 128}, {"half_width", entropy_half_width(counts, 128)}});
  }
  TemporaryFolder folder;
  save_json(folder.path() / "entropy.json", cases);
  EXPECT_TRUE(testing::referee_agrees("quantize/referee.py", folder.path()));
}

TEST(HistogramJson, comes_back_as_it_was_and_goes_on) {
  Histogram histogram;
  histogram.add(normal(5000, 1));
  histogram.add(std::vector<float>{1, std::nanf(""), -40});
  Histogram read = Histogram::parse(parse_json(histogram.to_json().dump(), "test"));
  EXPECT_EQ(read.to_json(), histogram.to_json());
  read.add(normal(100, 2, 50));
  histogram.add(normal(100, 2, 50));
  EXPECT_EQ(read.to_json(), histogram.to_json());
  EXPECT_EQ(read.percentile(90), histogram.percentile(90));
  EXPECT_THROW(Histogram::parse(Json{{"bins", 3}}), Error);
}

TEST(Histogram, finds_what_is_not_finite_at_every_place_of_a_row_of_lanes) {
  for (std::size_t size : {1UL, 15UL, 16UL, 17UL, 40UL}) {
    for (std::size_t at = 0; at < size; ++at) {
      std::vector<float> values(size, 1.0F);
      values[at] = at % 2 == 0 ? std::nanf("") : -INFINITY;
      Histogram histogram;
      histogram.add(values);
      EXPECT_EQ(histogram.not_finite(), 1U) << size << " " << at;
    }
  }
}

TEST(QuantizeOptions, refuses_what_means_nothing) {
  QuantizeOptions options = by(RangeMethod::mse);
  options.percentile = 99.9;
  EXPECT_THROW(check_options(options), Error);
  options = by(RangeMethod::percentile);
  options.percentile = 50;
  EXPECT_THROW(check_options(options), Error);
  options.percentile = 99.9;
  EXPECT_NO_THROW(check_options(options));
}

TEST(QuantizeOptions, names_its_range_methods) {
  for (const std::string& name : range_methods())
    EXPECT_EQ(to_text(parse_range_method(name)), name);
  try {
    parse_range_method("msee");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("mse"), std::string::npos);
  }
}

}  // namespace
}  // namespace tamis
