#pragma once

#include <map>
#include <string>
#include <vector>

#include "machine/fingerprint.h"
#include "place/place.h"
#include "runtime/backend.h"

namespace tamis {

/// What a place is and what runs there, as far as plans, keys and requests hang on it. What was
/// measured belongs to a variant and to `hash`.
struct PlaceFacts {
  Fingerprint machine;
  std::string hash;                    ///< fingerprint_hash(machine)
  int cores = 1;                       ///< usable physical cores
  bool has_fast_cores = false;         ///< beside slower ones
  std::vector<Availability> known;     ///< all backends, also those that do not run
  std::vector<Availability> backends;  ///< those that run

  /// Takes what probing gave.
  void set_backends(std::vector<Availability> all);
  /// Of a known backend's runtime; "" for any other.
  std::string version_of(const std::string& backend) const;
};

/// The machine; its backends are not probed yet.
PlaceFacts machine_facts(Place& place);

/// Probes all backends, each in a worker of its own, so that a crash is only that one's answer.
/// `libraries`: backend → path. `thorough`: runs the smallest model too.
std::vector<Availability> probe_backends(Place& place,
                                         const std::map<std::string, std::string>& libraries,
                                         bool thorough);

}  // namespace tamis
