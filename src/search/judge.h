#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "base/json.h"
#include "result/facts.h"
#include "search/context.h"
#include "search/error_shares.h"
#include "search/evaluation.h"
#include "stats/accuracy.h"

namespace tamis {

/// What is known of a variant's accuracy.
struct Judgement {
  GateOutcome outcome = GateOutcome::undecided;  ///< of the accuracy gates together: the worst
  std::optional<GateFact> fact;                  ///< what decided it; absent until something did
  Estimate value;                                ///< the primary metric, two-sided 95 %
  double baseline = 0;                           ///< on the same items
  std::optional<DropEstimate>
      drop;  ///< one-sided limits at the gates' confidence; relative unless the gate is absolute
  double probability = 0;  ///< that the accuracy gates are kept
  std::optional<std::size_t> items_needed;
  std::size_t seen = 0, items = 0;
  Json figures;  ///< all metrics over the items seen
};

/// What two variants say of the same items; truth is what the gates take for it.
struct JudgedPair {
  std::span<const ItemRecord> baseline, variant;
};

/// Judges variants lazily against the accuracy gates: as many items as it takes, no more.
class AccuracyJudge {
 public:
  AccuracyJudge(SearchContext& context, const Variant& baseline, const std::string& output_hash);

  /// These different answers are to be judged: each gets its part of the error, so that no pick
  /// among them is false more often than asked.
  void divide_error(const std::set<std::string>& answers, bool others_may_come) {
    shares_.share_among(answers, others_may_come);
  }

  /// The variant's share is only this part of an answer's; the rest is another's. `answer`: whose,
  /// where it is not its own.
  void set_error_part(const std::string& id, double part, const std::string& answer = "") {
    error_parts_[id] = {answer, part};
  }

  /// `full`: all items, whatever early looks say: what a look has established stays established
  /// unless the estimate on all items misses, and the figures rest on all. Undecided where the
  /// budget's share ends before. Throws what evaluating throws.
  Judgement judge(const Variant& variant, const std::string& output_hash, bool full,
                  double budget_share);

  /// Whether `a` is more accurate than `b`, established at 95 % on the items that both were
  /// evaluated on.
  bool more_accurate(const std::string& a, const std::string& b);

  /// All items that both the baseline and this variant, judged before, were evaluated on. Valid
  /// until the next call of any function.
  JudgedPair with_baseline(const std::string& id);

 private:
  std::span<const ItemRecord> records(const std::string& id);
  VariantEvaluation& evaluation(const Variant& variant, const std::string& output_hash);
  void close_workers(const Variant& variant);
  void warn_if_too_few_items(const Variant& variant, const PairedEvidence& found);
  Judgement look(const Variant& variant, std::size_t count, bool last);
  PairedEvidence evidence(const std::string& a, const std::string& b);
  std::vector<AccuracyLimit> limits() const;
  bool advance(const Variant& variant, std::size_t count, double budget_share);
  void find_confidence(const Variant& variant, const std::string& output_hash);
  double confidence_of(const Variant& variant) const { return confidences_.at(variant.id); }

  SearchContext& context_;
  Variant baseline_;
  std::map<std::string, std::unique_ptr<VariantEvaluation>> evaluations_;  // by variant id
  std::map<std::string, std::vector<ItemRecord>> agreed_;  // with the baseline's answers as truth
  ErrorShares shares_;
  std::map<std::string, double> confidences_;  // by variant id
  struct ErrorPart {
    std::string answer;
    double part = 1;
  };
  std::map<std::string, ErrorPart>
      error_parts_;      // by variant id; those not in it have all of theirs
  bool warned_ = false;  // that there are too few items
};

}  // namespace tamis
