#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "search/field.h"
#include "search/judge.h"

namespace tamis {

/// Which variants of a field meet their gates. Accuracy is judged in the order of the objective,
/// and not of variants that are clearly behind one that meets them. Not thread safe.
class Judging {
 public:
  /// After the first instances: the error is shared among all answers that may come to be judged,
  /// before any accuracy is known.
  Judging(SearchContext& context, Field& field);

  /// All that meet their gates but for those that are clearly behind another that does.
  std::vector<std::size_t> find_leaders();
  /// True where the gates are met. A judgement that the budget cut short is none.
  bool judge(std::size_t candidate, bool full);
  /// Whether the gates are met, by what was judged. The baseline loses nothing against itself,
  /// whether it was looked at or not.
  bool stands(std::size_t candidate) const;

  /// Equal for variants whose predictions are equal, as far as is known.
  std::string predictions_key_of(const Candidate& candidate) const;
  AccuracyJudge& accuracy() { return accuracy_; }
  std::size_t judged() const { return judged_; }  ///< by find_leaders(), for progress
  bool budget_ended() const { return budget_ended_; }

 private:
  double share() const;
  bool is_settled(const Candidate& candidate, bool full) const;
  std::set<std::string> predictions_to_judge() const;
  bool every_variant_is_known() const;
  std::vector<std::size_t> may_lead(const std::vector<std::size_t>& leaders) const;
  bool judge_front(const std::vector<std::size_t>& front, std::vector<std::size_t>& leaders);

  SearchContext& context_;
  Field& field_;
  AccuracyJudge accuracy_;
  std::size_t judged_ = 0;
  bool budget_ended_ = false;
};

}  // namespace tamis
