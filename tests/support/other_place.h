#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/error.h"
#include "place/local_place.h"

namespace tamis::testing {

/// This machine under another name and with files of its own: counts its workers, and starts none
/// once it is closed.
class OtherPlace final : public Place {
 public:
  std::unique_ptr<WorkerProcess> start_worker() override {
    if (closed) throw Error(ErrorCode::unavailable, "the other place is closed");
    ++started;
    return local_.start_worker();
  }
  std::unique_ptr<PlaceLock> lock(const LockWait& wait) override { return local_.lock(wait); }
  Fingerprint fingerprint() override {
    Fingerprint machine;
    machine.cpu_model = "another";
    machine.physical_cores = machine.logical_cores = machine.affinity_cores = 6;
    return machine;
  }
  bool has_fast_cores() override { return true; }
  MachinePeak measure_peak(int threads) override { return local_.measure_peak(threads); }
  std::shared_ptr<CoreSpeed> core_speed() override { return local_.core_speed(); }
  NoiseReport measure_noise(const NoiseOptions& options) override {
    return local_.measure_noise(options);
  }
  std::filesystem::path path_of(const ModelFile& file) override {
    const auto found = files.find(file.content);
    return found == files.end() ? local_.path_of(file) : found->second;
  }
  std::filesystem::path artefact_folder() override { return "/elsewhere"; }

  bool closed = false;
  int started = 0;
  std::map<std::string, std::filesystem::path> files;  ///< by content

 private:
  LocalPlace local_;
};

}  // namespace tamis::testing
