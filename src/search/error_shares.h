#pragma once

#include <map>
#include <set>
#include <string>

#include "store/store.h"

namespace tamis {

/// Who may spend which part of the error that the gates on accuracy allow in all. An answer
/// (answer_key()) gets its part before anything is known of its accuracy, and keeps it for good:
/// in later runs on the store, with whatever budget, it is judged by the same limits on the same
/// items, and what was proven stays proven. Answers that come later get of what was left over for
/// them. The parts add up to at most 1, so no more error is made than asked for (Bonferroni).
/// Not thread safe.
class ErrorShares {
 public:
  /// `scope` names what is claimed: model, data, gates, confidence, machine.
  ErrorShares(Store& store, const std::string& scope);

  /// Equal parts for those of the answers that have none: of nearly all that is left where no
  /// others are expected, else of three quarters of it.
  void share_among(const std::set<std::string>& answers, bool others_may_come);

  /// The answer's part, given it now where it has none.
  double of(const std::string& answer);

  std::size_t answers() const { return parts_.size(); }

 private:
  Store& store_;
  std::string key_;
  std::map<std::string, double> parts_;  // by the answer's hash
};

}  // namespace tamis
