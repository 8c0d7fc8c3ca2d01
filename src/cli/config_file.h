#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

namespace tamis {

// A run's options as a YAML file: `tamis optimize --config run.yaml`. Keys are the names of options
// without dashes and of arguments ("model"); `command` may say which command it is for. What is
// typed beside it comes first. Paths are as on the command line: from the folder that one is in.

/// Adds --config FILE.
void add_config_option(CLI::App& app);

/// What a file adds to a command line.
struct ConfigArguments {
  std::vector<std::string> by_place;  ///< to stand first behind the command: an option before them
                                      ///< could take them for its values
  std::vector<std::string> by_name;   ///< to stand last
};

/// The arguments that the file stands for, where `typed`, the command as it was parsed without the
/// file, does not have them already. Throws not_found, corrupt_data for a file that is no such
/// YAML, and invalid_argument for keys that the command does not have (the nearest is named), for
/// values of another kind and for another command's file.
ConfigArguments arguments_of_config(const CLI::App& typed, const std::filesystem::path& file);

/// The file named by --config; empty without it.
std::filesystem::path config_file_of(const CLI::App& typed);

/// The options of a command that was parsed, those with defaults included, as such a file.
std::string config_text(const CLI::App& parsed);

}  // namespace tamis
