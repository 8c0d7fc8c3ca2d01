#include "measure/bench.h"

#include <gtest/gtest.h>

#include <optional>

#include "base/error.h"
#include "support/fake.h"

namespace tamis {
namespace {

class BenchTest : public ::testing::Test {
 protected:
  ContestantSpecs specs(const Json& first, const Json& second) const {
    return {{"a", {"a", fake_.request(first), {}}}, {"b", {"b", fake_.request(second), {}}}};
  }
  BenchListener listener() {
    return {[this] { return !steps_ || (*steps_ > 0 && --*steps_ > 0); },
            [this](const std::string& id) { opened_.push_back(id); }, [this] { ++instances_; },
            [this](double seconds) { left_s_.push_back(seconds); }};
  }

  testing::FakeBackend fake_;
  std::optional<std::size_t> steps_;  // after which it is interrupted
  std::vector<std::string> opened_;
  std::size_t instances_ = 0;
  std::vector<double> left_s_;
};

TEST_F(BenchTest, ends_where_every_pair_is_told_apart) {
  const PairedStopping stopping({0.95, 3, 12, 0.01});
  Bench bench(fake_.place(), specs({{"latency_us", 100}}, {{"latency_us", 1000}}),
              {400, 12, 60, 1, false}, stopping, listener());
  bench.run();
  EXPECT_EQ(bench.ids(), (std::vector<std::string>{"a", "b"}));
  EXPECT_GE(bench.instances(), 3U);
  EXPECT_LT(bench.instances(), 12U);
  EXPECT_EQ(instances_, bench.instances());
  EXPECT_EQ(opened_.size(), 2 * bench.instances());
  EXPECT_EQ(bench.opened("a").size(), bench.instances());
  EXPECT_TRUE(bench.from_file_ns("a").empty());
  EXPECT_EQ(verdict(stopping.finish(bench.table().pair("a", "b")).estimate), Verdict::faster);
  for (const double seconds : left_s_) {
    EXPECT_GE(seconds, 0);
    EXPECT_LE(seconds, 60);
  }
}

TEST_F(BenchTest, measures_no_more_rounds_and_instances_than_asked_for) {
  const PairedStopping stopping({0.95, 3, 3, 0.0});
  const Json same{{"latency_us", 100}};
  Bench bench(fake_.place(), specs(same, same), {8, 2, 60, 1, false}, stopping, listener());
  bench.run();
  EXPECT_LE(bench.instances(), 2U);
  EXPECT_LE(bench.table().size(), 8U);
  EXPECT_GE(bench.table().size(), 1U);
}

TEST_F(BenchTest, stops_when_told) {
  steps_ = 5;
  const PairedStopping stopping({0.95, 3, 12, 0.0});
  const Json same{{"latency_us", 100}};
  Bench bench(fake_.place(), specs(same, same), {400, 12, 60, 1, false}, stopping, listener());
  bench.run();
  EXPECT_EQ(bench.instances(), 1U);
  EXPECT_LE(bench.table().size(), 3U);
}

TEST_F(BenchTest, throws_what_a_model_throws_that_fails) {
  const PairedStopping stopping({0.95, 3, 12, 0.01});
  Bench bench(fake_.place(), specs({{"latency_us", 100}}, {{"latency_us", 100}, {"crash_at", 5}}),
              {400, 12, 60, 1, false}, stopping, listener());
  EXPECT_THROW(bench.run(), Error);
}

}  // namespace
}  // namespace tamis
