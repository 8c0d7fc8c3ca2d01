#include "runtime/pip_folders.h"

#include <algorithm>

#include "base/files.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

/// lib/python3.X/site-packages and dist-packages below a prefix, the newest Python first.
void add_packages_of(const fs::path& prefix, std::vector<fs::path>& folders) {
  std::vector<fs::path> pythons;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(prefix / "lib", error))
    if (entry.path().filename().string().rfind("python3", 0) == 0) pythons.push_back(entry.path());
  std::sort(pythons.begin(), pythons.end(), [](const fs::path& a, const fs::path& b) {
    const std::string x = a.filename(), y = b.filename();  // python3.9 before python3.11
    return x.size() != y.size() ? x.size() > y.size() : x > y;
  });
  for (const fs::path& python : pythons)
    for (const char* name : {"site-packages", "dist-packages"})
      if (fs::is_directory(python / name, error)) folders.push_back(python / name);
}

}  // namespace

std::vector<fs::path> pip_folders(const fs::path& plugin_folder) {
  std::vector<fs::path> folders;
  std::error_code error;
  const fs::path above = plugin_folder.parent_path().parent_path();
  if (above.filename() == "site-packages" || above.filename() == "dist-packages")
    folders.push_back(above);
  for (const char* variable : {"VIRTUAL_ENV", "CONDA_PREFIX"})
    if (const auto prefix = environment_folder(variable)) add_packages_of(*prefix, folders);
  if (const auto home = environment_folder("HOME")) add_packages_of(*home / ".local", folders);
  add_packages_of("/usr/local", folders);
  add_packages_of("/usr", folders);
  return folders;
}

std::vector<fs::path> pip_folders_with(const fs::path& plugin_folder, const fs::path& subfolder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const fs::path& folder : pip_folders(plugin_folder))
    if (fs::is_directory(folder / subfolder, error)) found.push_back(folder / subfolder);
  return found;
}

}  // namespace tamis
