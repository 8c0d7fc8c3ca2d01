#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"
#include "stats/accuracy.h"

namespace tamis {
namespace {

using Kind = AccuracyLimit::Kind;

TEST(GateDecider, doubles_the_items_from_look_to_look) {
  EXPECT_EQ(GateDecider({.items = 500}).looks(), (std::vector<std::size_t>{32, 64, 128, 256, 500}));
  EXPECT_EQ(GateDecider({.items = 28}).looks(), (std::vector<std::size_t>{28}));
  EXPECT_EQ(GateDecider({.items = 1}).looks(), (std::vector<std::size_t>{1}));
  EXPECT_TRUE(GateDecider({.items = 500}).is_look(64));
  EXPECT_FALSE(GateDecider({.items = 500}).is_look(65));
}

TEST(GateDecider, names_the_three_last_outcomes) {
  const GateDecider gate({.limit = {Kind::relative_drop, 0.01}, .items = 1000, .first_look = 1000});
  EXPECT_EQ(gate.look(PairedCounts{900, 1, 20, 79}).outcome, GateOutcome::met);
  EXPECT_EQ(gate.look(PairedCounts{890, 10, 8, 92}).outcome, GateOutcome::estimated);
  EXPECT_EQ(gate.look(PairedCounts{890, 20, 2, 88}).outcome, GateOutcome::missed);
  EXPECT_EQ(to_text(GateOutcome::estimated), "estimated");
}

TEST(GateDecider, is_met_exactly_where_the_upper_limit_of_the_drop_is_within) {
  const GateDecider gate({.limit = {Kind::relative_drop, 0.01}, .items = 1000});
  for (std::size_t worse = 0; worse < 30; ++worse) {
    const GateLook look = gate.look(PairedCounts{890, worse, 6, 104 - worse});
    EXPECT_EQ(look.outcome == GateOutcome::met, look.drop.high <= 0.01) << worse;
    EXPECT_EQ(look.outcome == GateOutcome::missed, look.drop.drop > 0.01) << worse;
  }
}

TEST(GateDecider, goes_on_where_an_early_look_is_not_overwhelming) {
  const GateDecider gate({.limit = {Kind::relative_drop, 0.01}, .items = 1000});
  EXPECT_EQ(gate.look(PairedCounts{60, 1, 0, 3}).outcome, GateOutcome::undecided);
  EXPECT_EQ(gate.look(PairedCounts{40, 20, 0, 4}).outcome, GateOutcome::missed);
  EXPECT_EQ(gate.look(PairedCounts{40, 20, 0, 5}).outcome, GateOutcome::undecided)
      << "65 is no look";
}

TEST(GateDecider, says_how_many_items_would_settle_it) {
  const GateDecider gate({.limit = {Kind::relative_drop, 0.01}, .items = 1000});
  const GateLook look = gate.look(PairedCounts{890, 10, 8, 92});
  ASSERT_TRUE(look.items_needed);
  EXPECT_GT(*look.items_needed, 1000U);
  EXPECT_GT(look.probability, 0.5);
  EXPECT_LT(look.probability, 0.95);
  EXPECT_EQ(look.drop.confidence, 0.95);
}

TEST(GateDecider, compares_the_point_estimate_at_confidence_one_half) {
  const GateDecider gate({.limit = {Kind::relative_drop, 0.01}, .confidence = 0.5, .items = 10000});
  EXPECT_EQ(gate.look(PairedCounts{8910, 89, 0, 1001}).outcome, GateOutcome::met);
  EXPECT_EQ(gate.look(PairedCounts{8900, 100, 0, 1000}).outcome, GateOutcome::missed);
}

TEST(GateDecider, refuses_a_plan_without_sense) {
  EXPECT_THROW(GateDecider({.items = 0}), Error);
  EXPECT_THROW(GateDecider({.confidence = 0.4, .items = 10}), Error);
  EXPECT_THROW(GateDecider({.confidence = 1, .items = 10}), Error);
  EXPECT_THROW(GateDecider({.items = 10, .first_look = 0}), Error);
}

}  // namespace
}  // namespace tamis
