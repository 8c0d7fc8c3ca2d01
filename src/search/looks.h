#pragma once

#include <functional>
#include <string>

#include "stats/paired.h"
#include "store/store.h"

namespace tamis {

/// The part of what is left of a comparison's error that its next look may spend: half of it, by
/// the share of its instances that are new.
double next_look_share(std::size_t instances_before, std::size_t instances_now);

/// Comparisons that are looked at again and again while instances are added, in this run and in
/// later ones. Each look spends a part of what is left of its comparison's error, for good: so all
/// intervals of a comparison cover the true ratio together with the asked confidence, and so does
/// what they have in common, which is what a look gives. It can only become narrower: what was
/// shown once stays shown. The exception is what rested on instances that were put aside since then
/// (stats/paired.h): it is given up for the first interval without them.
/// Source: Jennison & Turnbull 1989, JRSS B 51:305 (repeated confidence intervals), with a
/// Bonferroni sum. Kept in the store; not thread safe.
class Looks {
 public:
  /// `scope` names what was measured on: machine and data.
  Looks(Store& store, std::string scope) : store_(store), scope_(std::move(scope)) {}

  /// `estimate` gives the comparison's estimate at a confidence. Nothing is spent where it has no
  /// interval, or where as many instances were measured as at the look before.
  RatioEstimate look(const std::string& comparison, double confidence,
                     const std::function<RatioEstimate(double confidence)>& estimate);

 private:
  Store& store_;
  std::string scope_;
};

}  // namespace tamis
