#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

#include "base/clock.h"

namespace tamis {

/// The time that a search may take, and what its units of work are expected to take. A unit is
/// begun only where what it is expected to take fits, so that a budget is overdrawn by no more than
/// one unit's error.
///
/// What a kind of unit takes is first the caller's guess, then the guess times what earlier units
/// of the kind took against theirs: so a loaded machine is allowed for after the first of a kind.
/// For that first one a guess multiplies what it takes for certain (starting a process, say) by
/// slowness().
class Budget {
 public:
  explicit Budget(double seconds = 0, const Clock& clock = system_clock())
      : clock_(&clock), seconds_(seconds), last_unit_s_(seconds), start_ns_(clock.ns()) {}

  double elapsed_s() const { return clock_->seconds_since(start_ns_) - excluded_s_; }
  double left_s() const { return seconds_ - elapsed_s(); }
  /// Time that was not this search's: waiting for another one to end.
  void exclude(double seconds) { excluded_s_ += seconds; }

  /// What comes after the last unit, whatever the search found: writing the result. A tenth of the
  /// budget may go beyond it; what takes longer is kept free of units.
  void reserve(double seconds) { last_unit_s_ = std::min(seconds_, kMost * seconds_ - seconds); }
  /// Whether what takes so long would end within `share` of the budget.
  bool fits(double expected_s, double share = 1) const {
    return elapsed_s() + expected_s <= share * last_unit_s_;
  }

  /// How many times longer than on a quiet machine work takes here now; 1 where nobody has said.
  double slowness() const { return slowness_; }
  /// From work that is the same each time: what it took against what it takes on a quiet machine.
  /// Kept between 1 and 8: longer than that is a cold disk, which the next ones do not meet.
  void found_slowness(double factor) { slowness_ = std::clamp(factor, 1.0, kSlowest); }

  double expected_s(const std::string& kind, double guess_s) const;

  /// Measures a unit from its construction to its end; also one that fails took its time.
  class Unit {
   public:
    Unit(Budget& budget, std::string kind, double guess_s)
        : budget_(budget), kind_(std::move(kind)), guess_s_(guess_s), start_(budget.clock_->ns()) {}
    ~Unit() { budget_.took(kind_, guess_s_, budget_.clock_->seconds_since(start_)); }
    Unit(const Unit&) = delete;
    Unit& operator=(const Unit&) = delete;

   private:
    Budget& budget_;
    std::string kind_;
    double guess_s_;
    std::int64_t start_;
  };

 private:
  void took(const std::string& kind, double guess_s, double actual_s);

  static constexpr double kMost = 1.1, kSlowest = 8;

  const Clock* clock_;
  double seconds_, last_unit_s_;
  std::int64_t start_ns_;
  double excluded_s_ = 0, slowness_ = 1;
  std::map<std::string, double> factor_;  // actual against guessed, of the kind's latest units
};

}  // namespace tamis
