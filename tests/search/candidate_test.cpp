#include "search/candidate.h"

#include <gtest/gtest.h>

namespace tamis {
namespace {

Candidate measured(double ms, double spread_ms = 0) {
  Candidate c;
  for (int i = 0; i < 40; ++i) {
    double ns = (ms + spread_ms * (i % 2 == 0 ? 1 : -1)) * 1e6;
    c.samples.push_back({{ns}, {ns}});
  }
  c.artefact = Artefact{};
  c.artefact->info.size_bytes = 4'000'000;
  c.opened = Opened{};
  c.opened->info.peak_memory_bytes = 100'000'000;
  c.ratio = ms / 10;
  return c;
}

Candidate judged(Candidate c, GateOutcome outcome) {
  c.judgement = Judgement{};
  c.judgement->outcome = outcome;
  return c;
}

TEST(HardGates, are_met_where_none_is_asked_for) {
  Candidate c = measured(5);
  judge_hard_gates(c, {}, 0.95);
  EXPECT_EQ(c.hard, GateOutcome::met);
}

TEST(HardGates, on_latency_are_met_estimated_or_missed) {
  Gates gates;
  gates.max_latency_ms = 5;
  Candidate below = measured(4), near = measured(4.9, 0.5), above = measured(6);
  for (Candidate* c : {&below, &near, &above}) judge_hard_gates(*c, gates, 0.95);
  EXPECT_EQ(below.hard, GateOutcome::met);
  EXPECT_EQ(near.hard, GateOutcome::estimated);
  EXPECT_EQ(above.hard, GateOutcome::missed);
  EXPECT_EQ(above.hard_fact->fact, GateFactKind::latency);
  EXPECT_EQ(above.hard_fact->limit, 5);
  EXPECT_EQ(above.hard_fact->value, 6);
}

TEST(HardGates, on_size_and_memory_name_both_figures) {
  Candidate c = measured(5);
  Gates gates;
  gates.max_size_bytes = 3'000'000;
  judge_hard_gates(c, gates, 0.95);
  EXPECT_EQ(c.hard_fact, (GateFact{GateFactKind::size, 4e6, {}, 3e6, {}}));
  gates = {};
  gates.max_memory_bytes = 50'000'000;
  judge_hard_gates(c, gates, 0.95);
  EXPECT_EQ(c.hard_fact, (GateFact{GateFactKind::memory, 1e8, {}, 5e7, {}}));
  gates.max_memory_bytes = 100'000'000;
  judge_hard_gates(c, gates, 0.95);
  EXPECT_EQ(c.hard, GateOutcome::met);
}

TEST(CandidateGate, is_the_worst_of_both) {
  Candidate c = measured(5);
  EXPECT_EQ(c.gate(), GateOutcome::undecided);
  EXPECT_EQ(judged(c, GateOutcome::met).gate(), GateOutcome::met);
  EXPECT_EQ(judged(c, GateOutcome::missed).gate(), GateOutcome::missed);
  c.hard = GateOutcome::estimated;
  EXPECT_EQ(judged(c, GateOutcome::met).gate(), GateOutcome::estimated);
  EXPECT_EQ(judged(c, GateOutcome::missed).gate(), GateOutcome::missed);
  c.hard = GateOutcome::missed;
  EXPECT_EQ(c.gate(), GateOutcome::missed);
  EXPECT_EQ(judged(c, GateOutcome::met).gate(), GateOutcome::missed);
}

TEST(ObjectiveValue, is_what_the_objective_says) {
  Candidate c = measured(5);
  EXPECT_DOUBLE_EQ(objective_value(c, Objective::latency), 0.5);
  EXPECT_DOUBLE_EQ(objective_value(c, Objective::size), 4e6);
  EXPECT_DOUBLE_EQ(objective_value(c, Objective::memory), 1e8);
}

}  // namespace
}  // namespace tamis
