#pragma once

#include <string>
#include <string_view>

#include "base/files.h"
#include "machine/fingerprint.h"
#include "machine/system_files.h"

namespace tamis {

/// A folder that looks like a machine's /proc, /sys, /etc and /dev.
class MachineFolder {
 public:
  MachineFolder& put(const std::string& path, std::string_view content) {
    auto file = folder_.path() / path;
    std::filesystem::create_directories(file.parent_path());
    save_file(file, content);
    return *this;
  }
  Fingerprint fingerprint() const { return capture_fingerprint(files()); }
  machine::SystemFiles files() const { return machine::SystemFiles(folder_.path()); }

 private:
  TemporaryFolder folder_;
};

}  // namespace tamis
