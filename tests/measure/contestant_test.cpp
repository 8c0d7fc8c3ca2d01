#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "measure/instance_noise.h"
#include "measure/worker_contestant.h"
#include "support/demo.h"
#include "support/fake.h"
#include "support/other_place.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;

class ContestantTest : public ::testing::Test {
 protected:
  testing::FakeBackend fake_;
};

TEST_F(ContestantTest, tells_what_opening_cost) {
  Json slow{{"latency_us", 2000}, {"load_ms", 30}, {"compile_ms", 50}};
  WorkerContestant contestant(fake_.place(), {"a", fake_.request(slow), {}});
  EXPECT_GE(contestant.info().load_ms, 30);
  EXPECT_GE(contestant.info().compile_ms, 80);
  EXPECT_GE(contestant.info().first_ms, 2);
  EXPECT_GE(contestant.info().warm_ms, 2);
  EXPECT_GT(contestant.info().peak_memory_bytes, 1'000'000U);
  EXPECT_EQ(contestant.info().effective.at("device"), "CPU");
}

TEST_F(ContestantTest, opens_the_file_that_its_place_has_of_the_content) {
  testing::OtherPlace place;
  place.files["key"] = fake_.model();
  ExecuteRequest request = fake_.request({{"latency_us", 100}});
  request.model = "/only/where/it/was/asked/model.json";
  const WorkerContestant contestant(place, {"a", request, {}, false, "key"});
  EXPECT_EQ(place.started, 1);
  EXPECT_GT(contestant.info().warm_ms, 0);
  EXPECT_THROW(WorkerContestant(place, {"b", request, {}, false, "another key"}), Error);
}

TEST_F(ContestantTest, counts_the_memory_that_runs_take) {
  WorkerContestant thrifty(fake_.place(), {"a", fake_.request({{"latency_us", 100}}), {}});
  WorkerContestant greedy(
      fake_.place(), {"b", fake_.request({{"latency_us", 100}, {"leak_bytes", 5'000'000}}), {}});
  EXPECT_GT(greedy.info().peak_memory_bytes, thrifty.info().peak_memory_bytes + 20'000'000);
}

TEST_F(ContestantTest, times_a_block_of_inferences_per_visit) {
  WorkerContestant contestant(fake_.place(), {"a", fake_.request({{"latency_us", 1000}}), {}});
  VisitSample full = contestant.visit(0, Block::full), brief = contestant.visit(1, Block::brief);
  EXPECT_GE(full.total_ns.size(), 10U);
  EXPECT_LT(brief.total_ns.size(), full.total_ns.size());
  EXPECT_EQ(full.inference_ns.size(), full.total_ns.size());
  EXPECT_GE(full.inference(), 1e6);
  EXPECT_GE(full.total(), full.inference());
  EXPECT_TRUE(contestant.time_from_file(2).empty());  // there is no file
}

TEST_F(ContestantTest, is_fed_real_pictures_where_there_are_some) {
  testing::save_tiny_set(testing::make_tiny_set(12, 1, 5), fake_.folder() / "data", "t10k");
  InputSpec inputs{DataSpec{fake_.folder() / "data", "val"}, {3, 1, 7}};
  ExecuteRequest request = fake_.request({{"latency_us", 100}}, testing::FakeBackend::card());
  WorkerContestant one(fake_.place(), {"a", request, inputs}),
      same(fake_.place(), {"b", request, inputs});
  EXPECT_EQ(one.output_hash(), same.output_hash());
  request.settings.extra["wrong"] = true;
  EXPECT_NE(WorkerContestant(fake_.place(), {"c", request, inputs}).output_hash(),
            one.output_hash());
  std::vector<double> times = one.time_from_file(2);
  EXPECT_EQ(times.size(), 6U);
  for (double t : times) EXPECT_GE(t, 1e5);
}

TEST_F(ContestantTest, that_cannot_open_throws_its_reason) {
  try {
    WorkerContestant contestant(fake_.place(),
                                {"a", fake_.request({{"open_fails", "no such device"}}), {}});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::backend_failed);
    EXPECT_THAT(e.what(), HasSubstr("no such device"));
  }
}

TEST_F(ContestantTest, is_compared_with_equal_work_in_fresh_workers_for_the_noise) {
  const InstanceNoise noise = measure_instance_noise(fake_.place(), 1, 0);
  EXPECT_EQ(noise.log_ratio.instances, kLeastInstances);
  EXPECT_GT(noise.log_ratio.within_variance, 0);
  EXPECT_GT(noise.open_s, 0);
  EXPECT_GT(noise.round_s, 0);
}

TEST(ContestantJson, comes_back_as_it_was) {
  VisitSample sample{{1.5, 2.25}, {1, 2}};
  VisitSample back = parse_visit_sample(to_json(sample));
  EXPECT_EQ(back.total_ns, sample.total_ns);
  EXPECT_EQ(back.inference_ns, sample.inference_ns);
  OpenedInfo info{1, 2, 3, 4, 5, {{"precision", "f32"}}};
  EXPECT_EQ(to_json(parse_opened_info(to_json(info))), to_json(info));
  InputSpec inputs{DataSpec{"/data", "val"}, {4, 2}};
  EXPECT_EQ(to_json(parse_input_spec(to_json(inputs))), to_json(inputs));
  EXPECT_FALSE(parse_input_spec(to_json(InputSpec{})).data.has_value());
}

TEST(MeasuringItems, are_a_few_of_one_shape_and_all_where_several_share_them) {
  const std::vector<std::size_t> items(100, 7);
  Card card;
  EXPECT_EQ(measuring_items(items, nullptr, 1).size(), 8U);
  EXPECT_EQ(measuring_items(items, &card, 1).size(), 8U);
  EXPECT_EQ(measuring_items(items, &card, 16).size(), 32U);
  EXPECT_EQ(measuring_items({1, 2}, &card, 1), (std::vector<std::size_t>{1, 2}));
  card.input_sizes = {{64, 64}, {64, 96}};
  EXPECT_EQ(measuring_items(items, &card, 1).size(), 100U);
}

}  // namespace
}  // namespace tamis
