#pragma once

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
class Budget {
 public:
  explicit Budget(double seconds = 0, const Clock& clock = system_clock())
      : clock_(&clock), seconds_(seconds), start_ns_(clock.ns()) {}

  double elapsed_s() const { return clock_->seconds_since(start_ns_) - excluded_s_; }
  double left_s() const { return seconds_ - elapsed_s(); }
  /// Time that was not this search's: waiting for another one to end.
  void exclude(double seconds) { excluded_s_ += seconds; }

  /// Whether what takes so long would end within `share` of the budget.
  bool fits(double expected_s, double share = 1) const {
    return elapsed_s() + expected_s <= share * seconds_;
  }

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

  const Clock* clock_;
  double seconds_;
  std::int64_t start_ns_;
  double excluded_s_ = 0;
  std::map<std::string, double> factor_;  // actual against guessed, of the kind's latest units
};

}  // namespace tamis
