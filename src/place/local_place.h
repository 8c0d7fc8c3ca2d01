#pragma once

#include <memory>
#include <optional>
#include <string>

#include "place/place.h"

namespace tamis {

/// This machine: workers are children of this process, whose temporary files are removed however
/// they end.
class LocalPlace final : public Place {
 public:
  /// Starts worker_program().
  std::unique_ptr<WorkerProcess> start_worker() override;
  std::unique_ptr<PlaceLock> lock(const LockWait& wait) override;
  Fingerprint fingerprint() override;
  bool has_fast_cores() override;
  MachinePeak measure_peak(int threads) override;
  std::shared_ptr<CoreSpeed> core_speed() override;
  NoiseReport measure_noise(const NoiseOptions& options) override;
  /// The path as it is: every content is where this machine has it.
  std::filesystem::path path_of(const ModelFile& file) override;
  std::filesystem::path artefact_folder() override;

 private:
  std::optional<std::shared_ptr<CoreSpeed>> core_speed_;  // once it was asked for
};

/// Where this machine's worker program is: $TAMIS_WORKER, else tamis-worker beside the running
/// program.
std::string worker_program();

}  // namespace tamis
