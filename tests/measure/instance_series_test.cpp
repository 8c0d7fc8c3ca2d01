#include "measure/instance_series.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "place/worker.h"
#include "scripted.h"
#include "stats/random.h"

namespace tamis {
namespace {

using testing::ScriptedContestant;

constexpr double kNoEnd = std::numeric_limits<double>::infinity();

/// Opens variants whose instances each have a speed of their own, and keeps the order.
class Opener {
 public:
  explicit Opener(double instance_sd) : instance_sd_(instance_sd) {}

  OpenContestant function() {
    return [this](const std::string& id) -> std::unique_ptr<Contestant> {
      opened.push_back(id);
      if (id == refused) throw Error(ErrorCode::backend_failed, "open " + id + ": no memory");
      const double own = std::exp(instance_sd_ * random_.normal());
      return std::make_unique<ScriptedContestant>(id, [this, id, own](std::size_t n) {
        if (id == dies && n == 1) throw Error(ErrorCode::backend_failed, "died");
        if (id == killed && n == 1 && kills-- > 0)
          throw WorkerKilled(ErrorCode::backend_failed, "killed");
        return 1e6 * own * std::exp(0.01 * random_.normal());
      });
    };
  }

  std::vector<std::string> opened;
  std::string refused, dies, killed;
  int kills = 0;

 private:
  double instance_sd_;
  Random random_{1};
};

TEST(InstanceSeries, opens_everybody_afresh_and_in_turn_for_each_instance) {
  Opener opener(0);
  InstanceSeries rounds({"a", "b"}, opener.function(), {});
  for (int i = 0; i < 4; ++i) rounds.run_instance(3);
  EXPECT_EQ(rounds.table().size(), 12U);
  EXPECT_EQ(opener.opened.size(), 8U);
  EXPECT_NE(opener.opened[0], opener.opened[2]);
  EXPECT_NE(opener.opened[4], opener.opened[6]);
  const PairedSamples pair = rounds.table().pair("a", "b");
  EXPECT_EQ(pair.instances(), 4U);
  EXPECT_EQ(pair.instance.front(), 0U);
  EXPECT_EQ(pair.instance.back(), 3U);
  EXPECT_EQ(rounds.instances()[2].opened.at("b").first_ms, 3);
}

TEST(InstanceSeries, leaves_out_one_that_cannot_be_opened) {
  Opener opener(0);
  opener.refused = "b";
  InstanceSeries rounds({"a", "b", "c"}, opener.function(), {});
  const std::vector<RoundFailure> failures = rounds.run_instance(3).failures;
  EXPECT_EQ(rounds.running(), (std::vector<std::string>{"a", "c"}));
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_EQ(failures[0].id, "b");
  EXPECT_STREQ(failures[0].error.what(), "open b: no memory");
  EXPECT_TRUE(rounds.run_instance(3).failures.empty());
  EXPECT_EQ(rounds.table().pair("a", "c").size(), 6U);
}

TEST(InstanceSeries, goes_on_without_one_that_dies_in_a_round) {
  Opener opener(0);
  opener.dies = "a";
  InstanceSeries rounds({"a", "b", "c"}, opener.function(), {});
  const InstanceRecord& record = rounds.run_instance(4);
  EXPECT_EQ(record.rounds.size(), 4U);
  EXPECT_EQ(rounds.table().pair("a", "b").size(), 1U);
  EXPECT_EQ(rounds.table().pair("c", "b").size(), 4U);
  EXPECT_EQ(rounds.running(), (std::vector<std::string>{"b", "c"}));
}

TEST(InstanceSeries, measures_an_instance_again_where_a_worker_was_killed) {
  Opener opener(0);
  opener.killed = "a";
  opener.kills = 1;
  InstanceSeries rounds({"a", "b"}, opener.function(), {});
  EXPECT_TRUE(rounds.run_instance(4).failures.empty());
  EXPECT_EQ(opener.opened.size(), 4U);
  EXPECT_EQ(rounds.table().pair("a", "b").size(), 4U);
  opener.kills = 2;
  EXPECT_EQ(rounds.run_instance(4).failures.size(), 1U);
  EXPECT_EQ(opener.opened.size(), 8U);
  EXPECT_EQ(rounds.running(), std::vector<std::string>{"b"});
}

TEST(InstanceSeries, ends_when_told_with_what_was_measured) {
  Opener opener(0);
  int steps = 0;
  SeriesPlan plan;
  plan.go_on = [&] { return ++steps <= 5; };  // two openings, three rounds
  InstanceSeries rounds({"a", "b"}, opener.function(), plan);
  rounds.run_instance(10);
  EXPECT_EQ(rounds.table().size(), 3U);
  rounds.run_instance(10);
  EXPECT_EQ(rounds.table().size(), 3U);
}

TEST(InstanceSeries, goes_on_from_instances_that_were_measured_before) {
  Opener opener(0.02), other(0.02);
  InstanceSeries first({"a", "b"}, opener.function(), {});
  for (int i = 0; i < 3; ++i) first.run_instance(2);
  InstanceSeries second({"a", "b"}, other.function(), {});
  for (int i = 0; i < 2; ++i) second.add(first.instances()[static_cast<std::size_t>(i)]);
  EXPECT_TRUE(other.opened.empty());
  second.run_instance(2);
  EXPECT_EQ(other.opened, (std::vector<std::string>{opener.opened[4], opener.opened[5]}));
  EXPECT_EQ(second.table().pair("a", "b").instance, first.table().pair("a", "b").instance);
}

/// An instance whose costs are told, after the first one that gives all their pairs.
InstanceRecord told(std::size_t number, double open_s, double rounds_s, double own, double scatter,
                    Random& random) {
  InstanceRecord record;
  record.number = number;
  record.open_s = open_s;
  record.rounds_s = rounds_s;
  for (int r = 0; r < 10; ++r) {
    const double a = 1e6 * own * std::exp(scatter * random.normal());
    record.rounds.push_back(
        {{{"a", VisitSample{{a}, {a}}}, {"b", VisitSample{{1e6}, {1e6}}}}, number});
  }
  return record;
}

InstanceSeries after_instances(double open_s, double round_s, double between, double scatter) {
  InstanceSeries rounds({"a", "b"}, nullptr, {});
  Random random(4);
  for (std::size_t n = 0; n < 12; ++n)
    rounds.add(told(n, open_s, 10 * round_s, std::exp(between * random.normal()), scatter, random));
  return rounds;
}

TEST(InstanceSeries, takes_more_rounds_where_opening_is_dear) {
  EXPECT_LT(after_instances(1, 0.1, 0.02, 0.03).next_rounds(kNoEnd), 8U);
  EXPECT_GT(after_instances(10, 0.1, 0.02, 0.03).next_rounds(kNoEnd), 9U);
}

TEST(InstanceSeries, takes_more_rounds_where_instances_are_alike) {
  EXPECT_EQ(after_instances(1, 0.1, 0.05, 0.03).next_rounds(kNoEnd), InstanceSize{}.least);
  EXPECT_EQ(after_instances(1, 0.1, 0, 0.03).next_rounds(kNoEnd), InstanceSize{}.most);
}

TEST(InstanceSeries, takes_fewer_rounds_where_the_time_would_do_for_too_few_instances) {
  InstanceSeries rounds({"a", "b"}, nullptr, {});
  Random random(4);
  rounds.add(told(0, 100, 10, 1, 0.03, random));  // a round takes 1 s: 10 would pay
  EXPECT_EQ(rounds.next_rounds(kNoEnd), 10U);
  EXPECT_EQ(rounds.next_rounds(5 * 107), 7U);
  EXPECT_EQ(rounds.next_rounds(60), InstanceSize{}.least);
  EXPECT_DOUBLE_EQ(rounds.expected_s(7), 107);
}

}  // namespace
}  // namespace tamis
