#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "result/document.h"
#include "search/candidate.h"
#include "search/changes.h"
#include "search/context.h"
#include "search/field.h"
#include "search/judge.h"
#include "search/race.h"

namespace tamis {

/// How a search ended.
struct SearchOutcome {
  ResultStatus status = ResultStatus::interrupted;
  std::size_t pick = 0;  ///< index of the candidate handed over
  std::optional<std::size_t> runner_up, fastest_estimated, nearest_miss;
  std::vector<Reason> reasons;
  std::vector<WhatIf> what_if;
  bool budget_ended = false;
  std::vector<ComparedPair> comparisons;
  Json changes;    ///< from the baseline's predictions (changes.h), or {reason}
  Json explained;  ///< of what is handed over (explain_pick.h); null: not reached
};

/// The phases of a search, in order. Candidate 0 is the baseline.
class SearchRun {
 public:
  explicit SearchRun(SearchContext& context);

  /// Runs all phases and decides.
  SearchOutcome run();
  const std::vector<Candidate>& candidates() const { return field_.candidates(); }
  double disturbed_share() const { return field_.timings().disturbed_share(); }

 private:
  double judging_share() const;
  bool judge(std::size_t candidate, bool full);
  std::string predictions_key_of(const Candidate& candidate) const;
  std::set<std::string> predictions_to_judge() const;
  bool every_variant_is_known() const;
  bool stands(std::size_t candidate) const;
  std::vector<std::size_t> find_leaders();
  bool judge_front(const std::vector<std::size_t>& front, std::vector<std::size_t>& leaders);
  std::vector<std::size_t> may_lead(const std::vector<std::size_t>& leaders) const;
  // mixed_precision.cpp
  bool may_keep_layers_in_fp32(const Candidate& candidate) const;
  double expected_ranking_s(std::size_t parent) const;
  bool needs_mixed_precision(std::size_t candidate) const;
  std::optional<std::size_t> next_for_mixed_precision(
      const std::vector<std::size_t>& leaders) const;
  std::vector<std::size_t> try_mixed_precision(std::vector<std::size_t> leaders);
  std::vector<std::size_t> without_those_behind(const std::vector<std::size_t>& leaders);
  void judge_mixed_precision(std::size_t parent, std::vector<std::size_t>& leaders);
  std::size_t add_relative(std::size_t parent, const Sensitivity& ranking, std::size_t count);
  bool screen_relative(std::size_t candidate);
  void reserve_error_for_mixed_precision();
  // deciding
  std::optional<std::size_t> second_to(std::size_t pick) const;
  bool holds(std::size_t pick);
  void decide();
  bool decide_among(const std::vector<std::size_t>& leaders);
  void take(const Ranked& finalist);
  void add_comparisons();
  void time_from_file();
  // account.cpp
  void find_estimated();
  void find_nearest_miss();
  void explain();
  void explain_pick_to(std::vector<Reason>& why) const;
  void explain_what_if(std::vector<WhatIf>& what_if) const;
  void explain_handed_over();
  std::optional<ChangedVariant> changed_variant() const;
  void find_changes_of_predictions();

  SearchContext& context_;
  Field field_;
  std::unique_ptr<AccuracyJudge> judge_;
  SearchOutcome outcome_;
  std::set<std::string> mixed_precision_tried_;  // families of recipes
  std::size_t judged_ = 0;                       // in the present phase, for progress
};

}  // namespace tamis
