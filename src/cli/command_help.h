#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace tamis {

/// An option or an argument of a command, as people read of it.
struct OptionHelp {
  std::vector<std::string> names;  ///< "-o", "--out"; of an argument its name alone
  std::string value;               ///< "DIR", "N"; empty: it takes none
  std::string text;
  std::string range;          ///< "1..4096"; empty: not limited to one
  std::string default_value;  ///< empty: none, or told in the text
  std::string group;          ///< heading that it stands under; empty: Options
  bool required = false;
  bool argument = false;  ///< told by its place, not by its name
  bool repeated = false;  ///< may be given more than once
};

/// All that --help, man pages and shell completion are made from.
struct CommandHelp {
  std::string name;  ///< "tamis", "tamis bench"
  std::string text;
  std::vector<std::string> examples;  ///< command lines
  std::vector<OptionHelp> options;    ///< arguments first
  std::vector<CommandHelp> commands;  ///< below it
};

/// Of the command line as it was set up. `examples_of`: of a command by its name.
CommandHelp read_command_help(const CLI::App& app, const std::string& name,
                              std::vector<std::string> (*examples_of)(std::string_view command));

/// --help for a terminal so wide; at least 40 columns are used. Pure.
std::string help_text(const CommandHelp& help, int columns);

/// "tamis-bench": what its man page is called.
std::string page_name(const CommandHelp& help);

/// A man page in section 1 (troff, man macros). Pure.
std::string man_page(const CommandHelp& help);

/// Pure: the completion script of a shell, bash, zsh or fish, for the whole program. Throws
/// invalid_argument for another shell.
std::string completion_script(const CommandHelp& help, std::string_view shell);

}  // namespace tamis
