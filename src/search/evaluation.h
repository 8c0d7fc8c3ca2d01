#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "search/units.h"

namespace tamis {

/// The first `count` items of the evaluation order, evaluated through the variant; fewer only when
/// some are bad (they are named in the context's notes and counted). Keeps a model open between
/// calls. One per variant.
class VariantEvaluation {
 public:
  /// `output_hash`: of the variant's outputs on the measuring inputs (Opened). Variants of one
  /// artefact, backend, device and inference precision with equal hashes share their records.
  VariantEvaluation(SearchContext& context, const Variant& variant, const std::string& output_hash);

  /// Sees to the first `count` items, chunk by chunk, as long as chunks fit into that share of the
  /// budget; those in the store always do. False when it ended before. Throws corrupt_data when
  /// more items are bad than allowed, and what evaluating throws.
  bool advance(std::size_t count, double budget_share);

  const std::vector<ItemRecord>& records() const { return records_; }
  std::size_t seen() const { return seen_; }
  void close() { evaluator_.reset(); }

 private:
  bool load_chunk(std::size_t end, double budget_share);
  double expected_s(std::size_t count) const;
  Json evaluate(std::size_t count);
  Evaluator& evaluator(std::size_t from);
  void refuse_bad_items() const;

  SearchContext& context_;
  Variant variant_;
  Artefact artefact_;
  std::string key_;
  std::unique_ptr<Evaluator> evaluator_;
  std::size_t evaluator_at_ = 0;
  double item_s_ = 0;  // the slowest so far, for how long to wait
  std::size_t seen_ = 0;
  std::vector<ItemRecord> records_;
  std::vector<std::string> bad_;
};

}  // namespace tamis
