#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "machine/core_speed.h"
#include "machine/fingerprint.h"
#include "machine/noise.h"
#include "machine/peak.h"
#include "place/worker_process.h"

namespace tamis {

/// The lock of a place's machine, held until the object goes.
class PlaceLock {
 public:
  virtual ~PlaceLock() = default;
};

/// How long another run's lock is waited for.
struct LockWait {
  bool wait = true;               ///< else a lock that is not free is refused at once
  double seconds = 0;             ///< at most
  std::function<bool()> go_on{};  ///< asked about ten times a second; false ends the wait
};

/// A model's file, by which a request names it.
struct ModelFile {
  std::filesystem::path path;  ///< on the machine that asks
  /// Key of its content, by which places know it; "" = `path` is the place's own already.
  std::string content{};
};

/// A machine that work runs on. All that the program does to it goes through here, so that it does
/// not matter which machine that is. Not thread safe.
class Place {
 public:
  virtual ~Place() = default;

  /// Throws unavailable where the program cannot be started.
  virtual std::unique_ptr<WorkerProcess> start_worker() = 0;
  /// The one lock for measuring: two runs that measure at once would falsify each other. Throws
  /// unavailable, naming who holds it, when it is not got in time.
  virtual std::unique_ptr<PlaceLock> lock(const LockWait& wait) = 0;

  /// What the machine is at this moment.
  virtual Fingerprint fingerprint() = 0;
  /// Whether its CPU has cores of two kinds, some of them fast.
  virtual bool has_fast_cores() = 0;
  /// What its CPU can do at most with so many threads. Takes about a second of all of them.
  virtual MachinePeak measure_peak(int threads) = 0;
  /// Tells when its cores are slowed by neighbours that it cannot see. Null where nobody hides, or
  /// cannot be looked for. The first call works on all cores for about .1 s: make it where no other
  /// run measures.
  virtual std::shared_ptr<CoreSpeed> core_speed() = 0;
  /// How quietly it runs, with nothing but fixed work.
  virtual NoiseReport measure_noise(const NoiseOptions& options) = 0;

  /// Where the place has a model that a request to its worker is about. Throws what bringing it
  /// there throws.
  virtual std::filesystem::path path_of(const ModelFile& file) = 0;
  /// Where it keeps the artefacts that were built, as it names the folder.
  virtual std::filesystem::path artefact_folder() = 0;
};

}  // namespace tamis
