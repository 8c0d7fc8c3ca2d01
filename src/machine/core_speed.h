#pragma once

#include <functional>
#include <limits>
#include <vector>

#include "machine/fingerprint.h"

namespace tamis {

/// CoreSpeed::slowdown() up to which the cores count as the machine's own. A neighbour on one of
/// two cores makes it 1.15 to 1.5; the work's own scatter is 2 %.
inline constexpr double kFullSpeed = 1.1;

/// How fast the cores are right now when all work, against the fastest that they were seen. The
/// host of a virtual machine may let somebody else use the second hardware thread of a core, or put
/// two of the machine's CPUs on one core: then these do half their work for a while, and no counter
/// of the machine says so (steal stays 0, load too). Fixed work on all cores at once tells it; one
/// core after the other would not show the second case. Not thread safe.
class CoreSpeed {
 public:
  /// Time that the fixed work takes on each core, ns: while all of them work, or while the others
  /// rest.
  enum class How { together, alone };
  using TimeWork = std::function<std::vector<double>(How)>;

  /// Of usable_cpus(). Keeps a sleeping thread for each.
  CoreSpeed();
  /// Looks for the fastest speed for some 50 ms: also of each core alone, since two CPUs may share
  /// a core for many seconds.
  explicit CoreSpeed(TimeWork time_work);

  /// How many times as long the work takes now as it did at its fastest: the mean over the cores,
  /// at least 1. Takes about .1 ms.
  double slowdown();

 private:
  void learn(const std::vector<double>& times_ns);

  TimeWork time_work_;
  double fastest_ns_ = std::numeric_limits<double>::infinity();
};

/// Whether others may use this machine's cores without its knowing: it is a virtual one.
bool may_have_hidden_neighbours(const Fingerprint& fingerprint);

/// What to say where that share of the visits was slowed by hidden neighbours although calm was
/// waited for; nothing where it is below 1 %. Pure.
std::vector<EnvironmentWarning> hidden_neighbour_warning(double disturbed_share);

}  // namespace tamis
