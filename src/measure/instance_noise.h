#pragma once

#include "place/place.h"
#include "stats/random_effects.h"

namespace tamis {

/// How much a machine lets equal things differ: the same fixed work against itself, in fresh
/// workers again and again, measured the way variants are.
struct InstanceNoise {
  RandomEffects log_ratio;  ///< of the pair's rounds, over instances
  double open_s = 0;        ///< that an instance of the pair takes to open
  double round_s = 0;       ///< that a round of the pair takes
};

/// Takes about `seconds`, at least kLeastInstances instances of five rounds. Throws what starting a
/// worker throws. One at a time: two would measure each other.
InstanceNoise measure_instance_noise(Place& place, int threads, double seconds);

}  // namespace tamis
