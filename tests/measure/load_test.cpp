#include "measure/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "measure/interleave.h"
#include "measure/summary.h"
#include "measure/worker_contestant.h"
#include "support/fake.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;

class Load : public ::testing::Test {
 protected:
  /// A model of the fake backend and as many requests beside it as are in flight.
  void open(ExecuteRequest request) {
    models_.push_back(std::make_unique<OpenedModel>(request));
    while (static_cast<int>(models_.size()) < models_[0]->in_flight())
      models_.push_back(models_[0]->another());
    inputs_ = synthetic_inputs(*models_[0], 4, 1);
  }
  LoadedBlock run(const LoadPlan& plan) {
    std::vector<OpenedModel*> callers;
    for (const auto& model : models_) callers.push_back(model.get());
    return run_under_load(callers, inputs_, 0, plan);
  }

  testing::FakeBackend fake_;
  std::vector<std::unique_ptr<OpenedModel>> models_;
  MeasureInputs inputs_;
};

TEST_F(Load, has_as_many_requests_in_flight_as_the_settings_or_the_runtime_say) {
  ExecuteRequest request = fake_.request({{"latency_us", 100}});
  EXPECT_EQ(OpenedModel(request).in_flight(), 1);
  request.settings.streams = 3;
  EXPECT_EQ(OpenedModel(request).in_flight(), 3);
  request.settings.in_flight = 5;
  EXPECT_EQ(OpenedModel(request).in_flight(), 5);
}

TEST_F(Load, adds_up_the_rates_of_all_callers) {
  ExecuteRequest request = fake_.request({{"latency_us", 1000}});
  request.settings.streams = 2;
  open(request);
  const LoadedBlock block = run({1, 5, 20});
  EXPECT_GE(block.runs.size(), 10U);
  double busy_ns = 0;
  for (const TimedRun& run : block.runs) {
    EXPECT_GE(run.total_ns, 1'000'000);
    busy_ns += static_cast<double>(run.total_ns);
  }
  // Both are busy all the time, so together about twice what a mean request allows.
  const double mean_s = busy_ns * 1e-9 / static_cast<double>(block.runs.size());
  EXPECT_NEAR(block.images_per_s * mean_s, 2, 0.2);
}

TEST_F(Load, counts_every_picture_of_a_batch) {
  save_file(fake_.folder() / "open.json", std::string_view(R"({"fake_model": 1,
      "answers": "mean", "inputs": [{"name": "x", "type": "f32", "shape": [null, 1, 8, 8]}],
      "outputs": [{"name": "y", "type": "f32", "shape": [null, 5]}]})"));
  ExecuteRequest request = fake_.request({{"latency_us", 1000}}, testing::FakeBackend::card());
  request.model = fake_.folder() / "open.json";
  request.settings.batch = 4;
  open(request);
  EXPECT_EQ(to_text(models_[0]->make_batch().pictures().shape()), "[4,1,8,8]");
  const LoadedBlock block = run({1, 5, 20});
  double all_s = 0;
  for (const TimedRun& run : block.runs) all_s += static_cast<double>(run.total_ns) * 1e-9;
  EXPECT_NEAR(block.images_per_s * all_s / static_cast<double>(block.runs.size()), 4, 1e-6);
  EXPECT_EQ(to_text(models_[0]->outputs()[0].shape()), "[1,5]");
}

TEST_F(Load, refuses_a_batch_that_the_model_does_not_take) {
  ExecuteRequest request = fake_.request({{"latency_us", 100}}, testing::FakeBackend::card());
  request.settings.batch = 2;
  try {
    OpenedModel model(request);
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("cannot be [2,1,8,8]"));
  }
}

TEST_F(Load, refuses_a_second_request_of_a_backend_that_has_no_siblings) {
  ExecuteRequest request = fake_.request({{"latency_us", 100}, {"alone", true}});
  open(request);
  EXPECT_GE(run({1, 3, 1}).runs.size(), 3U);
  try {
    models_[0]->another();
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::unsupported);
    EXPECT_THAT(e.what(), HasSubstr("one request of a model at a time; use --in-flight 1"));
  }
}

TEST_F(Load, ends_with_what_a_request_throws) {
  ExecuteRequest request = fake_.request({{"latency_us", 100}, {"fail_at", 4}});
  request.settings.streams = 2;
  open(request);
  EXPECT_THROW(run({1, 50, 50}), Error);
}

TEST_F(Load, is_a_visit_whose_sample_is_a_pictures_share_of_the_machine) {
  ExecuteRequest request = fake_.request({{"latency_us", 1000}});
  request.settings.streams = 2;
  WorkerContestant contestant(fake_.place(), {"a", request, {}, true});
  EXPECT_EQ(contestant.info().in_flight, 2);
  const VisitSample sample = contestant.visit(0, Block::brief);
  ASSERT_TRUE(sample.images_per_s.has_value());
  EXPECT_DOUBLE_EQ(sample.cost(), 1e9 / *sample.images_per_s);
  EXPECT_GE(sample.total(), 1e6);
  EXPECT_DOUBLE_EQ(*parse_visit_sample(to_json(sample)).images_per_s, *sample.images_per_s);
  RoundTable table;
  table.add({{{"a", sample}, {"b", VisitSample{{5}, {5}}}}, 0});
  EXPECT_EQ(table.pair("a", "b").a, std::vector<double>{sample.cost()});
  EXPECT_EQ(table.pair("a", "b").b, std::vector<double>{5});
}

TEST(RateSummary, is_the_median_of_the_rounds) {
  std::vector<VisitSample> samples(3);
  const double rates[] = {90, 110, 100};
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i].images_per_s = rates[i];
  const auto rate = summarise_rate(samples, 0.95);
  ASSERT_TRUE(rate.has_value());
  EXPECT_DOUBLE_EQ(rate->median, 100);
  EXPECT_FALSE(rate->interval);  // of one instance
  EXPECT_FALSE(rate->within);    // from three rounds
  EXPECT_FALSE(summarise_rate({VisitSample{{1}, {1}}}, 0.95).has_value());
}

}  // namespace
}  // namespace tamis
