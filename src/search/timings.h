#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "measure/interleave.h"
#include "search/looks.h"
#include "store/store.h"

namespace tamis {

/// What a round was measured for. Every round counts for every comparison, whatever it was for.
enum class Phase { screening, race, confirmation };
std::string_view to_text(Phase phase);

/// What opening a variant for the first time told.
struct Opened {
  OpenedInfo info;
  std::string output_hash;
};

/// All that was measured of a model's variants on this machine and data, by any phase of any run on
/// the store: the one place that comparisons are drawn from. Variants are named by their keys
/// (units.h). Rounds come by instances (measure/instance.h), always with the baseline among their
/// variants. An instance without an undisturbed round of two variants is put aside in what is said
/// of them, where enough others are left (stats/paired.h). What is added is stored at once. Not
/// thread safe.
class Timings {
 public:
  /// Reads what the store has under `scope`.
  Timings(Store& store, const std::string& scope, const std::string& baseline);

  std::optional<Opened> opened(const std::string& key) const;
  void put_opened(const std::string& key, const Opened& opened);

  /// The number of the next instance.
  std::size_t next_instance() const { return next_; }
  /// Adds the rounds of an instance.
  void add(Phase phase, const std::vector<Round>& rounds);

  bool timed(const std::string& key) const { return of_.count(key) != 0; }
  /// The log of the time against the baseline's, in each instance: the median of its rounds.
  std::vector<double> levels(const std::string& key) const;
  /// Of all phases, or of one; those that are put aside too.
  std::size_t instances(const std::string& key, std::optional<Phase> phase = {}) const;
  std::vector<VisitSample> samples(const std::string& key) const;
  /// Of all samples (measure/calm.h).
  double disturbed_share() const;
  /// The latest phase that timed the variant.
  Phase phase(const std::string& key) const;

  /// Time of `a` against that of `b`, from the rounds that hold both, or else from both against the
  /// baseline. Absent where there are no such rounds. Its interval is plain: of one look.
  std::optional<RatioEstimate> ratio(const std::string& a, const std::string& b,
                                     double confidence) const;
  /// The same as the next look at this comparison (looks.h).
  std::optional<RatioEstimate> look(const std::string& a, const std::string& b, double confidence);

 private:
  struct Own {
    std::vector<std::size_t> rounds;  // places in rounds_
    PairedSamples against_baseline;
    std::map<Phase, std::set<std::size_t>> instances;
    Phase phase = Phase::screening;
  };

  void take(Phase phase, const Round& round);
  PairedSamples pair(const std::string& a, const std::string& b) const;
  std::optional<RatioEstimate> through_baseline(const std::string& a, const std::string& b,
                                                double confidence) const;

  Store& store_;
  std::string scope_, baseline_;
  Looks looks_;
  std::size_t next_ = 0;
  std::vector<Round> rounds_;
  std::map<std::string, Own> of_;
  mutable std::map<std::string, std::optional<Opened>> opened_;  // as the store has it
};

}  // namespace tamis
