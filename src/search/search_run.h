#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "search/candidate.h"
#include "search/changes.h"
#include "search/context.h"
#include "search/judge.h"

namespace tamis {

/// How a search ended.
struct SearchOutcome {
  std::string status;    ///< met, nearest_miss, interrupted
  std::size_t pick = 0;  ///< index of the candidate handed over
  std::optional<std::size_t> runner_up, fastest_estimated, nearest_miss;
  std::vector<std::string> reasons, counterfactuals;
  std::string nearest_miss_text;
  bool budget_ended = false;
  std::vector<Json> comparisons;  ///< {a, b, ratio, low, high, verdict}
  Json changes;                   ///< from the baseline's predictions (changes.h), or {reason}
  Json explained;                 ///< of what is handed over (explain_pick.h); null: not reached
};

/// The phases of a search, in order. Candidate 0 is the baseline.
class SearchRun {
 public:
  explicit SearchRun(SearchContext& context);

  /// Runs all phases and decides.
  SearchOutcome run();
  const std::vector<Candidate>& candidates() const { return candidates_; }
  AccuracyJudge& judge() { return *judge_; }

 private:
  void screen_all();
  bool screen(Candidate& candidate);
  std::vector<std::size_t> by_objective() const;
  bool judge(std::size_t candidate, bool full);
  std::vector<std::size_t> find_leaders();
  std::size_t answers_to_judge() const;
  bool clearly_behind(const Candidate& candidate, const Candidate& leader) const;
  bool behind_any(const Candidate& candidate, const std::vector<std::size_t>& leaders) const;
  // give_back.cpp
  bool may_give_back(const Candidate& candidate) const;
  bool wants_relatives(std::size_t candidate) const;
  std::optional<std::size_t> next_family(const std::vector<std::size_t>& leaders) const;
  std::vector<std::size_t> give_layers_back(std::vector<std::size_t> leaders);
  std::vector<std::size_t> without_those_behind(const std::vector<std::size_t>& leaders);
  void judge_relatives(std::size_t parent, std::vector<std::size_t>& leaders);
  std::size_t add_relative(std::size_t parent, const Sensitivity& ranking, std::size_t count);
  bool screen_relative(std::size_t candidate);
  void share_error_with_relatives();
  static std::string given_back_text(const Candidate& candidate);
  std::vector<std::size_t> race(std::vector<std::size_t> leaders);
  void note_failures(const StoredRace& race, std::vector<std::size_t>& running);
  std::size_t pick_among(const std::vector<std::size_t>& finalists);
  void confirm(std::size_t pick, std::optional<std::size_t> runner_up);
  std::optional<std::size_t> second_to(std::size_t pick) const;
  bool holds(std::size_t pick);
  void decide();
  void find_estimated();
  void find_nearest_miss();
  void explain();
  void explain_handed_over();
  std::optional<ChangedVariant> changed_variant() const;
  void find_changes_of_predictions();
  std::string label(std::size_t candidate) const;
  void add_comparison(const std::string& a, const std::string& b, const RatioEstimate& estimate);

  SearchContext& context_;
  std::vector<Candidate> candidates_;
  std::unique_ptr<Screener> screener_;
  std::unique_ptr<AccuracyJudge> judge_;
  SearchOutcome outcome_;
  std::set<std::string> families_;  // that got relatives
  std::size_t judged_ = 0;          // in the present phase, for progress
};

}  // namespace tamis
