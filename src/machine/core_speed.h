#pragma once

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <vector>

#include "machine/fingerprint.h"

namespace tamis {

/// How fast the cores are right now when all work, against the fastest that they were seen. The
/// host of a virtual machine may let somebody else use the second hardware thread of a core, or put
/// two of the machine's CPUs on one core: then these do half their work for a while, and no counter
/// of the machine says so (steal stays 0, load too). Fixed work on all cores at once tells it; one
/// core after the other would not show the second case. Not thread safe.
class CoreSpeed {
 public:
  enum class How { together, alone };  ///< all cores work, or each while the others rest
  /// Time that the fixed work takes on each core, ns.
  using TimeWork = std::function<std::vector<double>(How)>;

  /// Looks 20 times for the fastest speed: also of each core alone, since two CPUs may share a core
  /// for many seconds.
  explicit CoreSpeed(TimeWork time_work);

  /// Whether the cores now do the work in at most 1.1 times its fastest time, on average: a
  /// neighbour on one of two cores makes it 1.15 to 1.5, the work's own scatter 1.02. On a machine
  /// with many cores a slow one counts for less. Where the cores together never are as fast as
  /// alone, in some ten seconds of looks, they need not be. Takes about .1 ms.
  bool full_speed();

  double fastest_ns() const { return fastest_ns_; }  ///< of the work, on one core
  /// It was done in that time before, by this machine.
  void expect(double fastest_ns) { fastest_ns_ = std::min(fastest_ns_, fastest_ns); }

 private:
  double learn(const std::vector<double>& times_ns);

  TimeWork time_work_;
  double fastest_ns_ = std::numeric_limits<double>::infinity();  // of one core
  double fastest_together_ns_ = fastest_ns_;                     // mean over the cores
  int looks_ = 0;
  bool was_full_ = false;
};

/// Of the usable cores, 16 at most; keeps a sleeping thread for each. Null where nobody hides (the
/// machine is no virtual one), where a quota would hold back the look itself, and where threads are
/// not to be had. Works on these cores for about .1 s. The fastest speed of a day is kept in the
/// user's cache (core-speed.json): a run of a few seconds may see none of its own.
std::shared_ptr<CoreSpeed> core_speed_of_this_machine();

/// Whether others may use this machine's cores without its knowing: it is a virtual one.
bool may_have_hidden_neighbours(const Fingerprint& fingerprint);

/// What to say where that share of the visits was slowed by hidden neighbours although calm was
/// waited for; nothing where it is below 1 %. Pure.
std::vector<EnvironmentWarning> hidden_neighbour_warning(double disturbed_share);

}  // namespace tamis
