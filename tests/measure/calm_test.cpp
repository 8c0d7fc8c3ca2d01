#include "measure/calm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "measure/instance_series.h"
#include "scripted.h"

namespace tamis {
namespace {

using testing::ScriptedContestant;

constexpr double kVisit_s = 0.02;

/// A machine whose neighbour works at times that the test says. A visit takes 20 ms, and half as
/// long again while the neighbour works.
class SharedMachine {
 public:
  explicit SharedMachine(std::function<bool(double second)> neighbour)
      : neighbour_(std::move(neighbour)) {}

  std::shared_ptr<Calm> calm() {
    return std::make_shared<Calm>(Calm::Senses{[this] { return !works(); }, &clock_,
                                               [this](double s) { clock_.advance(s); }});
  }
  std::unique_ptr<Contestant> contestant(const std::shared_ptr<Calm>& calm) {
    return in_calm(std::make_unique<ScriptedContestant>("a",
                                                        [this](std::size_t) {
                                                          const double s =
                                                              kVisit_s * (works() ? 1.5 : 1);
                                                          clock_.advance(s);
                                                          return s * 1e9;
                                                        }),
                   calm);
  }
  double seconds() const { return clock_.seconds_since(0); }

 private:
  bool works() const { return neighbour_(seconds()); }

  std::function<bool(double)> neighbour_;
  ManualClock clock_;
};

TEST(Calm, takes_visits_as_they_come_on_a_machine_of_its_own) {
  SharedMachine machine([](double) { return false; });
  auto a = machine.contestant(machine.calm());
  for (std::size_t i = 0; i < 10; ++i) EXPECT_FALSE(a->visit(i, Block::full).disturbed);
  EXPECT_NEAR(machine.seconds(), 10 * kVisit_s, 1e-9);
}

TEST(Calm, waits_for_a_neighbour_that_comes_and_goes) {
  // Works in two of every four tenths of a second.
  SharedMachine machine([](double s) { return std::fmod(s, 0.4) < 0.2; });
  auto a = machine.contestant(machine.calm());
  for (std::size_t i = 0; i < 100; ++i) {
    const VisitSample sample = a->visit(i, Block::full);
    EXPECT_FALSE(sample.disturbed);
    EXPECT_NEAR(sample.total(), kVisit_s * 1e9, 1);
  }
  EXPECT_LT(machine.seconds(), 2.5 * 100 * kVisit_s);
}

TEST(Calm, marks_what_a_neighbour_that_stays_disturbs_and_loses_no_more_than_its_share) {
  SharedMachine machine([](double s) { return s > 1; });
  auto a = machine.contestant(machine.calm());
  std::size_t disturbed = 0;
  for (std::size_t i = 0; i < 400; ++i) disturbed += a->visit(i, Block::full).disturbed ? 1 : 0;
  EXPECT_GT(disturbed, 330U);
  EXPECT_LT(machine.seconds(), 400 * 1.5 * kVisit_s / 0.4 + 2.5);
}

TEST(Calm, keeps_no_visit_waiting_for_long_however_much_it_saved) {
  SharedMachine machine([](double s) { return s > 60; });
  auto a = machine.contestant(machine.calm());
  std::size_t i = 0;
  while (machine.seconds() < 60) a->visit(i++, Block::full);
  const double before = machine.seconds();
  EXPECT_TRUE(a->visit(i, Block::full).disturbed);
  EXPECT_LT(machine.seconds() - before, 1.2);
}

TEST(Calm, is_not_asked_for_where_nobody_hides) {
  auto own = std::make_unique<ScriptedContestant>("a", [](std::size_t) { return 1.0; });
  const Contestant* before = own.get();
  EXPECT_EQ(in_calm(std::move(own), nullptr).get(), before);
}

Round round_of(std::size_t instance, bool disturbed) {
  Round round;
  round.instance = instance;
  const double slow = disturbed ? 2 : 1;
  round.samples["a"] = {{100 * slow}, {100}};
  round.samples["b"] = {{100}, {100}};
  round.samples["a"].disturbed = disturbed;
  return round;
}

TEST(Undisturbed, rounds_alone_count_in_an_instance_that_has_some) {
  RoundTable table;
  for (std::size_t instance = 0; instance < 3; ++instance) {
    table.add(round_of(instance, false));
    table.add(round_of(instance, true));
  }
  EXPECT_EQ(table.pair("a", "b").size(), 3U);
  EXPECT_EQ(table.samples("a").size(), 3U);
  EXPECT_DOUBLE_EQ(table.disturbed_share(), 0.25);
}

TEST(Undisturbed, rounds_leave_an_instance_without_them_as_it_is) {
  RoundTable table;
  for (std::size_t instance = 0; instance < 5; ++instance)
    table.add(round_of(instance, instance > 1));
  table.add(round_of(0, true));
  EXPECT_EQ(table.pair("a", "b").size(), 5U);
  EXPECT_EQ(table.pair("a", "b").instances(), 5U);
}

InstanceRecord instance_of(std::size_t number, bool disturbed) {
  InstanceRecord record;
  record.number = number;
  record.rounds = {round_of(number, true), round_of(number, disturbed)};
  return record;
}

TEST(Undisturbed, instances_count_and_the_others_only_where_they_are_too_few) {
  InstanceSeries rounds({"a", "b"}, nullptr, {});
  for (std::size_t i = 0; i < 6; ++i) rounds.add(instance_of(i, i % 2 == 1));
  EXPECT_EQ(rounds.instances().size(), 3U);
  rounds.settle_for_disturbed();
  EXPECT_EQ(rounds.instances().size(), 3U);
  EXPECT_EQ(rounds.table().pair("a", "b").a, (std::vector<double>{100, 100, 100}));
  EXPECT_DOUBLE_EQ(rounds.disturbed_share(), 9 / 24.0);
}

TEST(Undisturbed, instances_are_not_waited_for_without_end) {
  InstanceSeries rounds({"a", "b"}, nullptr, {});
  for (std::size_t i = 0; i < 7; ++i) rounds.add(instance_of(i, true));
  EXPECT_TRUE(rounds.disturbed_beyond(3, 100));
  EXPECT_TRUE(rounds.disturbed_beyond(100, 6));
  EXPECT_FALSE(rounds.disturbed_beyond(4, 7));
}

TEST(Undisturbed, instances_that_are_too_few_are_joined_by_the_others_at_the_end) {
  InstanceSeries rounds({"a", "b"}, nullptr, {});
  for (std::size_t i = 0; i < 4; ++i) rounds.add(instance_of(i, i > 1));
  EXPECT_EQ(rounds.instances().size(), 2U);
  rounds.settle_for_disturbed();
  EXPECT_EQ(rounds.instances().size(), 4U);
}

TEST(Undisturbed, is_kept_in_the_document_of_a_round) {
  EXPECT_TRUE(parse_round(to_json(round_of(2, true))).samples.at("a").disturbed);
  EXPECT_FALSE(parse_round(to_json(round_of(2, false))).samples.at("a").disturbed);
}

}  // namespace
}  // namespace tamis
