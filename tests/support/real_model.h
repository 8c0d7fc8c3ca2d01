#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace tamis {

/// A file of the folder with real models; absent where that folder is.
inline std::optional<std::filesystem::path> real_model(const std::string& name) {
  const char* named = std::getenv("TAMIS_SHARED");
  const std::filesystem::path shared = named != nullptr
                                           ? std::filesystem::path(named)
                                           : std::filesystem::path(TAMIS_SOURCE_DIR "/../shared");
  const std::filesystem::path file = shared / "data" / name;
  if (!std::filesystem::exists(file)) return std::nullopt;
  return file;
}

}  // namespace tamis
