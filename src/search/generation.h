#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "search/failures.h"
#include "search/timings.h"
#include "search/units.h"

namespace tamis {

/// A variant ready to be opened.
struct Entrant {
  std::string key;  ///< variant_key()
  Variant variant;
  Artefact artefact;
};

struct GenerationPlan {
  Phase phase = Phase::screening;
  std::size_t rounds = 3;
  Block block = Block::brief;
  double budget_share = 1;  ///< by whose end a round or an opening must be expected to end
  /// Opened and visited once even where the budget has ended (the baseline must be known).
  bool at_any_price = false;
};

struct GenerationResult {
  std::map<std::string, Error> failures;  ///< by key; the baseline's is below
  std::optional<Error> baseline_failure;  ///< nothing was measured, and it is none of the others'
  std::size_t rounds = 0;                 ///< complete
  /// Those whose worker was killed from outside while it was visited, by key. What run() gives
  /// has been tried once more, and those killed again are among the failures.
  std::map<std::string, Error> killed;
};

/// Measures generations: fresh instances of the baseline and of some variants, opened in random
/// order, visited in rounds, all in random order, and closed. What was measured is in the timings
/// when run() returns. One whose worker is killed from outside gets another instance, in a
/// generation of its own; only a kill that comes again is its failure. Not thread safe.
class Generations {
 public:
  Generations(SearchContext& context, Timings& timings, Entrant baseline)
      : context_(context), timings_(timings), baseline_(std::move(baseline)) {}

  /// The baseline need not be among the members: it always takes part.
  GenerationResult run(const std::vector<Entrant>& members, const GenerationPlan& plan);

  /// What a generation should take.
  double expected_s(const std::vector<Entrant>& members, const GenerationPlan& plan) const;

  /// How many variants may be open beside the baseline: as many as half the free memory holds, at
  /// most eight.
  std::size_t most_members() const;

  /// How many rounds an instance should give where opening takes long against visiting.
  std::size_t rounds_per_instance(const std::vector<Entrant>& members, Block block) const;

  /// Times from the pictures' files to the predictions, ns, by key; measured in turn, twice each,
  /// or found in the store. Those that did not fit into the budget are missing.
  std::map<std::string, std::vector<double>> times_from_file(const std::vector<Entrant>& members);

 private:
  using Open = std::map<std::string, std::unique_ptr<Contestant>>;

  std::vector<const Entrant*> all(const std::vector<Entrant>& members) const;
  double open_s(const Entrant& entrant) const;
  double visit_s(const Entrant& entrant, Block block) const;
  double round_s(const std::vector<const Entrant*>& entrants, Block block) const;
  FailingUnit unit(const Entrant& entrant);
  void open_all(const std::vector<Entrant>& members, const GenerationPlan& plan, Open& open,
                GenerationResult& result);
  std::unique_ptr<Contestant> open(const Entrant& entrant);
  std::map<std::string, std::vector<double>> time_from_file(const std::vector<Entrant>& members,
                                                            int turns, int repeats);
  GenerationResult run_once(const std::vector<Entrant>& members, const GenerationPlan& plan);
  void visit_all(const std::vector<Entrant>& members, const GenerationPlan& plan, Open& open,
                 GenerationResult& result);
  void take(const RoundFailure& failure, const Entrant& entrant, GenerationResult& result);
  void fail(const Entrant& entrant, const Error& error, GenerationResult& result);

  SearchContext& context_;
  Timings& timings_;
  Entrant baseline_;
};

}  // namespace tamis
