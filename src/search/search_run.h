#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "result/document.h"
#include "search/candidate.h"
#include "search/context.h"
#include "search/field.h"
#include "search/judging.h"
#include "search/mixed_precision.h"
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
  SearchRun(const SearchRun&) = delete;
  SearchRun& operator=(const SearchRun&) = delete;

  /// Runs all phases and decides.
  SearchOutcome run();
  const std::vector<Candidate>& candidates() const { return field_.candidates(); }
  double disturbed_share() const { return field_.timings().disturbed_share(); }

 private:
  bool screen();
  std::vector<std::size_t> find_leaders();
  bool stands(std::size_t candidate) const { return judging_->stands(candidate); }
  std::optional<std::size_t> second_to(std::size_t pick) const;
  bool holds(std::size_t pick);
  void decide();
  bool decide_among(const std::vector<std::size_t>& leaders);
  void take(const Ranked& finalist);
  void add_comparison(std::size_t a, std::size_t b);
  void add_comparisons();
  void time_from_file();
  bool budget_ended() const;

  SearchContext& context_;
  Field field_;
  std::unique_ptr<Judging> judging_;  // once the variants were timed
  std::unique_ptr<MixedPrecision> mixed_precision_;
  SearchOutcome outcome_;
};

}  // namespace tamis
