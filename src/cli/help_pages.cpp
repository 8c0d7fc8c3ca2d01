#include "cli/help_pages.h"

#include <algorithm>
#include <sstream>

#include "cli/command.h"
#include "cli/console.h"

namespace tamis {
namespace {

constexpr int kLeast = 60, kMost = 200;

std::vector<std::string> examples_of(std::string_view name) {
  std::vector<std::string> lines;
  for (const Command& command : commands()) {
    if (command.name != name) continue;
    std::istringstream in{std::string(command.example)};
    for (std::string line; std::getline(in, line);) lines.push_back(line);
  }
  return lines;
}

std::string full_name(const CLI::App& app) {
  const CLI::App* above = app.get_parent();
  return above == nullptr ? app.get_name() : full_name(*above) + " " + app.get_name();
}

}  // namespace

CommandHelp help_of(const CLI::App& app) {
  return read_command_help(app, full_name(app), examples_of);
}

CommandHelp help_of_program(const CLI::App& app) {
  const CLI::App* top = &app;
  while (top->get_parent() != nullptr) top = top->get_parent();
  return help_of(*top);
}

std::string shown_help(const CommandHelp& help) {
  return help_text(help, std::clamp(terminal_columns(), kLeast, kMost));
}

std::string help_pages(const CLI::App* app, const std::string&, CLI::AppFormatMode mode) {
  const CommandHelp help = help_of(*app);
  std::string pages = shown_help(help);
  if (mode == CLI::AppFormatMode::All)
    for (const CommandHelp& command : help.commands)
      pages += "\n" + command.name + "\n" + shown_help(command);
  return pages;
}

}  // namespace tamis
