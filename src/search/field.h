#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "search/candidate.h"
#include "search/context.h"
#include "search/halving.h"
#include "search/timings.h"
#include "search/variant_timer.h"

namespace tamis {

/// The variants of a search and what is known of each, with the means to learn more. Candidate 0 is
/// the baseline. What earlier runs on the store measured is known from the start.
class Field {
 public:
  /// Throws where the baseline's artefact cannot be had.
  explicit Field(SearchContext& context);

  std::vector<Candidate>& candidates() { return candidates_; }
  const std::vector<Candidate>& candidates() const { return candidates_; }
  Candidate& operator[](std::size_t i) { return candidates_[i]; }
  const Candidate& operator[](std::size_t i) const { return candidates_[i]; }
  std::size_t size() const { return candidates_.size(); }
  Candidate& baseline() { return candidates_[kBaseline]; }
  const Candidate& baseline() const { return candidates_[kBaseline]; }
  std::vector<std::size_t> all_but_baseline() const;
  std::size_t add(Candidate candidate);
  std::string label(std::size_t i) const;  ///< "v07 (int8-static · ort · …)"

  Timings& timings() { return timings_; }
  const Timings& timings() const { return timings_; }
  VariantTimer& timer() { return timer_; }

  /// Sees to the artefact. False where that fails: the candidate has its failure then.
  bool prepare(std::size_t i);
  bool usable(std::size_t i) const { return candidates_[i].ratio && !candidates_[i].failure; }
  /// What an instance of each of these should take, artefacts not counted.
  double expected_s(const std::vector<std::size_t>& members, const PhasePlan& plan) const;
  /// As many rounds as an instance of these should have (VariantTimer).
  std::size_t rounds_per_instance(const std::vector<std::size_t>& members, Block block) const;
  /// An instance of each of these, which must be prepared, and the baseline. False where nothing
  /// was measured. A variant's failure is its own; a baseline that fails beside several is tried
  /// beside fewer. Throws where it fails alone.
  bool time(const std::vector<std::size_t>& members, const PhasePlan& plan);

  /// Timed candidates, the best for the objective first.
  std::vector<std::size_t> by_objective() const;
  /// Whether i is clearly worse than j for the objective.
  bool clearly_behind(std::size_t i, std::size_t j) const;
  bool behind_any(std::size_t i, const std::vector<std::size_t>& others) const;
  /// Of all candidates, in order, for halving.h; valid until something is measured.
  const std::vector<Levels>& levels() const;

  /// The next look at the time of i against that of j.
  std::optional<RatioEstimate> look(std::size_t i, std::size_t j, double confidence);

  /// Marks i as one that met its gates and gained: what later runs must not lose.
  void establish(std::size_t i);

 private:
  Entrant entrant(std::size_t i) const;
  std::vector<Entrant> entrants(const std::vector<std::size_t>& members) const;
  std::vector<std::string> keys(const std::vector<std::size_t>& members) const;
  void recall();
  void refresh(std::size_t i);
  void fail(std::size_t i, const Error& error);
  std::string identity_of(std::size_t i) const;

  SearchContext& context_;
  std::vector<Candidate> candidates_;
  Timings timings_;
  VariantTimer timer_;
  mutable std::vector<Levels> levels_;
  mutable std::optional<std::size_t> levels_at_;  // the next instance when they were drawn
};

/// What all measurements of the search belong to: machine, data, and how is measured.
std::string timing_scope(const SearchContext& context);

}  // namespace tamis
