#include "stats/interval.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/error.h"
#include "stats/percentile.h"
#include "stats/random.h"

namespace tamis {
namespace {

// Golden figures of this file: scipy 1.17.1 (stats.norm, stats.t, stats.binom,
// binomtest(...).proportion_ci('wilson')).
TEST(Distributions, normal_equals_scipy) {
  EXPECT_NEAR(normal_quantile(1e-10), -6.361340902404056, 1e-12);
  EXPECT_NEAR(normal_quantile(0.001), -3.090232306167813, 1e-13);
  EXPECT_NEAR(normal_quantile(0.8), 0.8416212335729143, 1e-14);
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-14);
  EXPECT_NEAR(normal_quantile(0.5), 0, 1e-15);
  EXPECT_NEAR(normal_cdf(-1.959963984540054), 0.025, 1e-15);
}

TEST(Distributions, student_equals_scipy) {
  EXPECT_NEAR(student_quantile(0.975, 1), 12.706204736174694, 1e-10);
  EXPECT_NEAR(student_quantile(0.975, 2), 4.302652729749462, 1e-11);
  EXPECT_NEAR(student_quantile(0.995, 6), 3.7074280213248065, 1e-11);
  EXPECT_NEAR(student_quantile(0.9999, 14), 4.985013157719529, 1e-10);
  EXPECT_NEAR(student_quantile(0.6, 3), 0.2766706623326898, 1e-12);
  EXPECT_NEAR(student_quantile(0.975, 200), 1.9718962236339088, 1e-11);
  EXPECT_NEAR(student_cdf(1.5, 2), 0.8638034375544994, 1e-13);
  EXPECT_NEAR(student_cdf(-4, 7), 0.0025949566746484064, 1e-14);
  EXPECT_NEAR(student_cdf(0.01, 30), 0.5039562537134111, 1e-13);
  EXPECT_EQ(student_quantile(0.5, 4), 0);
}

TEST(Distributions, binomial_equals_scipy) {
  EXPECT_NEAR(binomial_cdf(0, 6, 0.5), 0.015625, 1e-14);
  EXPECT_NEAR(binomial_cdf(4, 10, 0.5), 0.376953125, 1e-13);
  EXPECT_NEAR(binomial_cdf(40, 100, 0.5), 0.028443966820490444, 1e-13);
  EXPECT_NEAR(binomial_cdf(3, 20, 0.1), 0.8670466765656649, 1e-13);
  EXPECT_EQ(binomial_cdf(6, 6, 0.5), 1);
}

TEST(Distributions, refuse_a_certain_probability) {
  EXPECT_THROW(normal_quantile(0), Error);
  EXPECT_THROW(normal_quantile(1), Error);
  EXPECT_THROW(student_quantile(0.3, 0), Error);
}

// The examples of Newcombe 1998, table I.
TEST(Wilson, equals_published_examples) {
  const auto expect = [](std::size_t k, std::size_t n, double low, double high) {
    const Interval interval = wilson(k, n, 0.95);
    EXPECT_NEAR(interval.low, low, 1e-10);
    EXPECT_NEAR(interval.high, high, 1e-10);
  };
  expect(81, 263, 0.2552885198782742, 0.36620957698280004);
  expect(15, 148, 0.06238639953073629, 0.16048724172330803);
  expect(0, 20, 0, 0.16112515805281935);
  expect(29, 29, 0.8830302015002592, 1);
  expect(0, 0, 0, 1);
}

TEST(Wilson, refuses_more_successes_than_trials) { EXPECT_THROW(wilson(3, 2, 0.95), Error); }

TEST(MedianInterval, is_unbounded_with_fewer_than_six_samples_at_95_percent) {
  EXPECT_TRUE(std::isinf(median_interval(std::vector<double>{1, 2, 3, 4, 5}, 0.95).high));
  const Interval six = median_interval(std::vector<double>{4, 1, 3, 6, 2, 5}, 0.95);
  EXPECT_EQ(six.low, 1);
  EXPECT_EQ(six.high, 6);
}

TEST(MedianInterval, covers_the_median_of_skewed_samples) {
  for (std::size_t count : {10, 40, 200}) {
    int covered = 0;
    for (std::size_t run = 0; run < 2000; ++run) {
      Random random(3, run);
      std::vector<double> samples;
      for (std::size_t i = 0; i < count; ++i) samples.push_back(std::exp(random.normal()));
      const Interval interval = median_interval(samples, 0.95);
      covered += interval.low <= 1 && 1 <= interval.high;
    }
    EXPECT_GE(covered, 0.94 * 2000) << count << " samples";
  }
}

TEST(MedianInterval, is_wider_where_neighbours_resemble_each_other) {
  int covered = 0;
  for (std::size_t run = 0; run < 1000; ++run) {
    Random random(4, run);
    double state = random.normal();
    std::vector<double> samples;
    for (int i = 0; i < 200; ++i) {
      state = 0.8 * state + 0.6 * random.normal();
      samples.push_back(state);
    }
    const Interval interval = median_interval(samples, 0.95);
    covered += interval.low <= 0 && 0 <= interval.high;
  }
  EXPECT_GE(covered, 900);
}

TEST(Random, gives_the_same_numbers_everywhere) {
  Random random(1, 2);
  const std::uint64_t first = random.next();
  EXPECT_EQ(Random(1, 2).next(), first);
  EXPECT_NE(Random(1, 3).next(), first);
  EXPECT_NE(Random(2, 2).next(), first);
  EXPECT_EQ(first, 4676107558346080531U);
}

TEST(Random, is_uniform_normal_and_unbiased) {
  Random random(7);
  std::vector<double> uniform;
  std::vector<double> normal;
  std::vector<int> faces(6, 0);
  for (int i = 0; i < 60000; ++i) {
    uniform.push_back(random.uniform());
    normal.push_back(random.normal());
    ++faces[random.below(6)];
  }
  EXPECT_NEAR(mean(uniform), 0.5, 0.005);
  EXPECT_NEAR(*stddev(uniform), std::sqrt(1.0 / 12), 0.005);
  EXPECT_NEAR(mean(normal), 0, 0.02);
  EXPECT_NEAR(*stddev(normal), 1, 0.02);
  for (int count : faces) EXPECT_NEAR(count, 10000, 400);
  EXPECT_THROW(random.below(0), Error);
}

TEST(Random, shuffles_into_every_order_alike) {
  std::vector<int> firsts(4, 0);
  for (std::size_t run = 0; run < 4000; ++run) {
    Random random(8, run);
    std::vector<int> items{0, 1, 2, 3};
    shuffle(std::span(items), random);
    ++firsts[static_cast<std::size_t>(items[0])];
  }
  for (int count : firsts) EXPECT_NEAR(count, 1000, 120);
}

TEST(Bootstrap, of_a_mean_has_the_width_of_its_standard_error) {
  std::vector<double> values;
  Random random(9);
  for (int i = 0; i < 400; ++i) values.push_back(random.normal());
  const auto weighted_mean = [&](std::span<const std::uint32_t> weights) {
    double sum = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) sum += weights[i] * values[i];
    return sum / static_cast<double>(weights.size());
  };
  const Estimate estimate = bootstrap(weighted_mean, values.size(), 0.95, {.resamples = 4000});
  EXPECT_NEAR(estimate.value, mean(values), 1e-12);
  EXPECT_NEAR(estimate.interval.high - estimate.interval.low, 2 * 1.96 * *stddev(values) / 20,
              0.01);
  EXPECT_EQ(bootstrap(weighted_mean, values.size(), 0.95, {.resamples = 50}).interval.low,
            bootstrap(weighted_mean, values.size(), 0.95, {.resamples = 50}).interval.low);
}

}  // namespace
}  // namespace tamis
