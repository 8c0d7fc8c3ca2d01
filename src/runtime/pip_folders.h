#pragma once

#include <filesystem>
#include <vector>

namespace tamis {

/// The folders in which pip and Debian put Python packages here, those that exist, in this order:
/// two above the plugin's own (where Tamis itself came by pip), of the virtual environment and the
/// conda environment that are active, the user's, the machine's. Thread safe.
std::vector<std::filesystem::path> pip_folders(const std::filesystem::path& plugin_folder);

/// `subfolder` of each of them that has it: where a runtime's package holds its library.
std::vector<std::filesystem::path> pip_folders_with(const std::filesystem::path& plugin_folder,
                                                    const std::filesystem::path& subfolder);

}  // namespace tamis
