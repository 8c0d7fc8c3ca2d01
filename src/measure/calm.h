#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "measure/contestant.h"
#include "place/place.h"

namespace tamis {

/// Tells moments in which the cores are wholly this machine's from those in which a neighbour that
/// the machine cannot see slows them (machine/core_speed.h), and waits for the former: a ratio that
/// was measured in the latter is another machine's. Waiting and repeating take at most 60 % of the
/// time, and about a second of one visit: then visits are taken as they come, and marked. Not
/// thread safe.
class Calm {
 public:
  struct Senses {
    std::function<bool()> full_speed;  ///< as CoreSpeed::full_speed()
    const Clock* clock = nullptr;
    std::function<void(double seconds)> sleep;
  };
  explicit Calm(Senses senses) : senses_(std::move(senses)) {}

  /// One visit: waits for calm, runs it, and runs it again where it did not stay calm. A sample
  /// that was not taken in calm is marked. Throws what `visit` throws.
  VisitSample visit(const std::function<VisitSample()>& visit);

 private:
  bool patient() const;
  bool wait();
  void lose(double seconds);

  Senses senses_;
  double used_s_ = 0;  // by visits that were kept
  double lost_s_ = 0;  // by waiting and by visits that were not
  double lost_of_visit_s_ = 0;
};

/// Of the place's machine (Place::core_speed()); null where nobody hides there, or cannot be looked
/// for. Call it where no other run measures.
std::shared_ptr<Calm> calm_of(Place& place);

/// The contestant, visited in calm; the contestant itself where `calm` is null.
std::unique_ptr<Contestant> in_calm(std::unique_ptr<Contestant> contestant,
                                    std::shared_ptr<Calm> calm);

}  // namespace tamis
