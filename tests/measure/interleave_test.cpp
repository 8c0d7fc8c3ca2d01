#include "measure/interleave.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "measure/worker_contestant.h"
#include "support/fake.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;

VisitSample sample(double ns) { return {{ns}, {ns}}; }

TEST(RoundTable, pairs_only_the_rounds_that_hold_both) {
  RoundTable table;
  table.add({.samples = {{"a", sample(1)}, {"b", sample(2)}}, .instance = 0});
  table.add({.samples = {{"a", sample(3)}}, .instance = 0});
  table.add({.samples = {{"a", sample(5)}, {"b", sample(6)}, {"c", sample(7)}}, .instance = 1});
  const PairedSamples pair = table.pair("a", "b");
  EXPECT_EQ(pair.a, (std::vector<double>{1, 5}));
  EXPECT_EQ(pair.b, (std::vector<double>{2, 6}));
  EXPECT_EQ(pair.instance, (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(table.samples("a").back().instance, 1U);
  EXPECT_EQ(table.samples("a").size(), 3U);
  EXPECT_TRUE(table.samples("nobody").empty());
}

TEST(RoundJson, comes_back_as_it_was) {
  Round round{{{"a", sample(1.5)}, {"b", sample(2)}}, 7};
  EXPECT_EQ(to_json(parse_round(to_json(round))), to_json(round));
  EXPECT_EQ(parse_round(to_json(round)).instance, 7U);
}

TEST(RoundJson, of_a_store_from_before_there_were_instances_is_of_instance_0) {
  const Round round = parse_round(Json{{"a", to_json(sample(1.5))}, {"b", to_json(sample(2))}});
  EXPECT_EQ(round.instance, 0U);
  EXPECT_EQ(round.samples.at("b").total(), 2);
}

class Interleave : public ::testing::Test {
 protected:
  std::unique_ptr<Contestant> open(const std::string& id, const Json& behaviour) {
    return std::make_unique<WorkerContestant>(fake_.place(),
                                              ContestantSpec{id, fake_.request(behaviour), {}});
  }
  testing::FakeBackend fake_;
};

TEST_F(Interleave, visits_everybody_once_per_round) {
  auto a = open("a", {{"latency_us", 100}}), b = open("b", {{"latency_us", 300}});
  std::vector<RoundFailure> failures;
  Round round = run_round({a.get(), b.get()}, 1, 0, failures, Block::brief);
  EXPECT_TRUE(failures.empty());
  ASSERT_EQ(round.samples.size(), 2U);
  EXPECT_GE(round.samples.at("b").total(), 3e5);
}

TEST_F(Interleave, one_that_crashes_leaves_the_others) {
  auto a = open("a", {{"latency_us", 100}});
  auto b = open("b", {{"latency_us", 100}, {"crash_at", 150}});
  auto c = open("c", {{"latency_us", 100}});
  std::vector<RoundFailure> failures;
  std::size_t number = 0;
  Round round;
  while (failures.empty() && number < 30)
    round = run_round({a.get(), b.get(), c.get()}, 1, number++, failures);
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_EQ(failures[0].id, "b");
  EXPECT_EQ(failures[0].error.code(), ErrorCode::backend_failed);
  EXPECT_THAT(failures[0].error.what(), HasSubstr("signal 6"));
  EXPECT_EQ(round.samples.count("a") + round.samples.count("c"), 2U);
  EXPECT_EQ(round.samples.count("b"), 0U);
  EXPECT_EQ(run_round({a.get(), c.get()}, 1, number, failures).samples.size(), 2U);
}

}  // namespace
}  // namespace tamis
