#include "search/result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "result/words.h"
#include "search/optimize.h"
#include "search/scripted_lab.h"

namespace tamis::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

ResultDocument result_of(ScriptedSearch& search) {
  SearchContext context = search.context();
  SearchRun run(context);
  const SearchOutcome outcome = run.run();
  return make_result(context, run, outcome, 1.5);
}

TEST(MakeResult, emits_facts_and_no_sentences) {
  ScriptedSearch search;
  search.add(taking(8));
  Script wrong = taking(3);
  wrong.wrong = 0.2;
  search.add(wrong);
  const ResultDocument result = result_of(search);
  EXPECT_EQ(result.reasons, std::vector<std::string>());
  EXPECT_EQ(result.counterfactuals, std::vector<std::string>());
  EXPECT_EQ(result.reason_facts.front().fact, ReasonKind::fastest);
  EXPECT_THAT(result.reason_facts, Contains(Reason{ReasonKind::gain, {}, {}}));
  for (const VariantRow& v : result.variants) EXPECT_EQ(v.gate_reason, "") << v.id;
  EXPECT_EQ(result.gates.front().text, "");
}

TEST(MakeResult, is_read_as_it_was_written) {
  ScriptedSearch search;
  search.add(taking(8));
  search.add(taking(5));
  const Json written = write_result(result_of(search));
  EXPECT_EQ(write_result(read_result(written)), written);
  EXPECT_EQ(written.at("reasons")[0], "it is the fastest that meets the gates");
  EXPECT_THAT(written.at("gates")[0].at("text").get<std::string>(),
              HasSubstr("at most 1 % below the baseline's"));
}

TEST(SearchAndHandOver, gives_what_an_earlier_run_has_proven_where_this_one_ended_before) {
  ScriptedSearch search;
  search.add(taking(5));
  ResultDocument first;
  {
    SearchContext context = search.context();
    first = search_and_hand_over(context, "key");
  }
  ASSERT_TRUE(first.pick && *first.pick != first.baseline);
  bool stop = false;
  search.listener.interrupted = [&] { return stop; };
  search.lab->before_visit = [&] { stop = stop || search.lab->counts.visits > 1; };
  search.lab->counts = {};
  SearchContext context = search.context();
  context.store->remove_all(Kind::measurement);
  const ResultDocument second = search_and_hand_over(context, "key");
  EXPECT_EQ(second.pick, first.pick);
  EXPECT_EQ(second.status, ResultStatus::interrupted);
  EXPECT_THAT(search.notes, Contains(HasSubstr("the earlier result stands")));
}

TEST(Events, tell_the_phases_and_units_of_a_search) {
  ScriptedSearch search;
  search.add(taking(8));
  search.add(taking(5));
  std::vector<SearchPhase> phases;
  std::set<UnitKind> units;
  search.listener.tell = [&](const SearchEvent& event) {
    if (const auto* phase = std::get_if<PhaseBegan>(&event)) phases.push_back(phase->phase);
    if (const auto* unit = std::get_if<UnitBegan>(&event)) units.insert(unit->kind);
  };
  result_of(search);
  ASSERT_FALSE(phases.empty());
  EXPECT_EQ(phases.front(), SearchPhase::screening);
  EXPECT_EQ(phases.back(), SearchPhase::confirming);
  EXPECT_THAT(phases, Contains(SearchPhase::accuracy));
  EXPECT_TRUE(units.contains(UnitKind::variant) && units.contains(UnitKind::accuracy));
}

}  // namespace
}  // namespace tamis::testing
