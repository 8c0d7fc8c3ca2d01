#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "cli/command_help.h"

namespace tamis {

/// The help of a command of this command line, with its examples.
CommandHelp help_of(const CLI::App& app);

/// The help of the whole program, as it stands above `app`.
CommandHelp help_of_program(const CLI::App& app);

/// The help as the terminal on standard output shows it.
std::string shown_help(const CommandHelp& help);

/// --help and --help-all as the terminal on standard output shows them: a CLI11 formatter.
std::string help_pages(const CLI::App* app, const std::string& name, CLI::AppFormatMode mode);

}  // namespace tamis
