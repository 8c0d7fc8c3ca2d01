#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/files.h"

namespace tamis::testing {

/// Why referee scripts cannot run here, or empty.
inline std::string referee_missing() {
  if (std::filesystem::is_directory(TAMIS_REFEREE_DIR)) return "";
  return "the referee packages are missing; run scripts/setup.sh --test";
}

/// Whether a Python module can be imported, from the referee packages or $PYTHONPATH.
inline bool referee_has(const std::string& module) {
  std::string command = "PYTHONDONTWRITEBYTECODE=1 PYTHONPATH='" TAMIS_REFEREE_DIR
                        "':\"$PYTHONPATH\" '" TAMIS_PYTHON "' -c 'import " +
                        module + "' >/dev/null 2>&1";
  return std::system(command.c_str()) == 0;
}

/// Runs tests/SCRIPT in the folder of cases, where it compares what was written there with an
/// outside implementation. Its stdout is the failure's text.
inline ::testing::AssertionResult referee_agrees(const std::string& script,
                                                 const std::filesystem::path& cases) {
  std::filesystem::path log = cases / "referee.log";
  std::string command = "PYTHONDONTWRITEBYTECODE=1 PYTHONPATH='" TAMIS_REFEREE_DIR
                        "':\"$PYTHONPATH\" '" TAMIS_PYTHON "' '" TAMIS_SOURCE_DIR "/tests/" +
                        script + "' '" + cases.string() + "' >'" + log.string() + "' 2>&1";
  int status = std::system(command.c_str());
  if (status == 0) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << load_text(log);
}

template <typename T>
void write_raw(const std::filesystem::path& file, const T* data, std::size_t count) {
  std::ofstream(file, std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(count * sizeof(T)));
}

}  // namespace tamis::testing
