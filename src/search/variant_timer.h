#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "measure/instance.h"
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

/// What a phase asks of an instance.
struct PhasePlan {
  Phase phase = Phase::screening;
  std::size_t rounds = 3;
  Block block = Block::brief;
  double budget_share = 1;  ///< by whose end a round or an opening must be expected to end
  /// Opened and visited once even where the budget has ended (the baseline must be known).
  bool at_any_price = false;
};

struct TimedInstance {
  std::map<std::string, Error> failures;  ///< by key; the baseline's is below
  std::optional<Error> baseline_failure;  ///< nothing was measured, and it is none of the others'
  std::size_t rounds = 0;                 ///< that count
};

/// Times variants of a search beside its baseline in the rounds loop (measure/instance.h), within
/// the budget. What was measured is in the timings, and failures are in the store, when a function
/// returns. Variants are named by their keys. Not thread safe.
class VariantTimer {
 public:
  VariantTimer(SearchContext& context, Timings& timings, Entrant baseline)
      : context_(context), timings_(timings), baseline_(std::move(baseline)) {}

  /// An instance of each. The baseline need not be among the members: it always takes part.
  TimedInstance run(const std::vector<Entrant>& members, const PhasePlan& plan);

  /// What that should take.
  double expected_s(const std::vector<std::string>& members, const PhasePlan& plan) const;

  /// How many variants may be open beside the baseline: as many as half the free memory holds, at
  /// most eight.
  std::size_t most_members() const;

  /// How many rounds an instance should give where opening takes long against visiting.
  std::size_t rounds_per_instance(const std::vector<std::string>& members, Block block) const;

  /// Times from the pictures' files to the predictions, ns, by key; measured in turn, twice each,
  /// or found in the store. Those that did not fit into the budget are missing.
  std::map<std::string, std::vector<double>> times_from_file(const std::vector<Entrant>& members);

 private:
  using Times = std::map<std::string, std::vector<double>>;
  using Entrants = std::map<std::string, const Entrant*>;

  std::vector<std::string> with_baseline(const std::vector<std::string>& members) const;
  // Guesses, before the budget corrects them.
  double open_s(const std::string& key) const;
  double open_s(const std::vector<std::string>& keys) const;
  double visit_s(const std::string& key, Block block) const;
  double round_s(const std::vector<std::string>& keys, Block block) const;

  FailingUnit unit(const Entrant& entrant) const;
  std::unique_ptr<Contestant> open(const Entrant& entrant);
  InstanceHooks hooks(const Entrants& entrants, const PhasePlan& plan, TimedInstance& result);
  bool may_open(const std::string& key, const PhasePlan& plan) const;
  bool may_visit(double guess_s, const PhasePlan& plan) const;
  void keep(const InstanceRecord& record, Phase phase, TimedInstance& result);
  void fail(const Entrant& entrant, const RoundFailure& failure, TimedInstance& result);

  std::string from_file_key(const std::string& key) const;
  Times time_from_file(const std::vector<Entrant>& members, int turns, int repeats);

  SearchContext& context_;
  Timings& timings_;
  Entrant baseline_;
};

}  // namespace tamis
