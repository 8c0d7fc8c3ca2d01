#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/units.h"
#include "cli/console.h"
#include "cli/help_pages.h"

namespace tamis {
namespace {

/// Of the command that was named, or of the program where none was.
CommandHelp named_help(const CLI::App& app, const std::string& command) {
  CommandHelp program = help_of_program(app);
  if (command.empty()) return program;
  std::vector<std::string> known;
  for (CommandHelp& one : program.commands) {
    known.push_back(one.name.substr(program.name.size() + 1));
    if (known.back() == command) return std::move(one);
  }
  throw Error(ErrorCode::invalid_argument,
              fmt::format("unknown command '{}'; {}", command, suggest(command, known)));
}

void save_man_pages(const CommandHelp& program, const std::filesystem::path& folder) {
  make_writable_folder(folder);
  save_file(folder / (page_name(program) + ".1"), man_page(program));
  for (const CommandHelp& command : program.commands)
    save_file(folder / (page_name(command) + ".1"), man_page(command));
}

using Show = std::string (*)(const CommandHelp& help);

std::function<int()> make_showing(CLI::App& app, Show show) {
  auto command = std::make_shared<std::string>();
  app.add_option("command", *command, "The command; without it, the program")
      ->default_str("")
      ->type_name("COMMAND");
  return [&app, command, show] {
    print_lines(show(named_help(app, *command)));
    return 0;
  };
}

}  // namespace

std::function<int()> make_help(CLI::App& app, Console&) { return make_showing(app, shown_help); }

std::function<int()> make_man(CLI::App& app, Console&) {
  auto folder = std::make_shared<std::string>();
  app.add_option("-o,--out", *folder, "Folder for the pages of all commands, as files")
      ->default_str("")
      ->type_name("DIR");
  const std::function<int()> show = make_showing(app, man_page);
  return [&app, folder, show] {
    if (folder->empty()) return show();
    save_man_pages(help_of_program(app), *folder);
    return 0;
  };
}

std::function<int()> make_completion(CLI::App& app, Console&) {
  auto shell = std::make_shared<std::string>();
  app.add_option("shell", *shell, "bash, zsh or fish")->required()->type_name("SHELL");
  return [&app, shell] {
    print_lines(completion_script(help_of_program(app), *shell));
    return 0;
  };
}

}  // namespace tamis
