#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <iterator>
#include <optional>
#include <sstream>

#include "base/child.h"
#include "base/known_error.h"
#include "base/leftovers.h"
#include "base/log.h"
#include "base/units.h"
#include "base/version.h"
#include "cli/command.h"
#include "cli/config_file.h"
#include "cli/console.h"
#include "cli/help_pages.h"
#include "cli/other_names.h"
#include "cli/print.h"
#include "place/local_place.h"

namespace tamis {
namespace {

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const Command& c : commands()) names.emplace_back(c.name);
  return names;
}

/// By meaning, else by spelling.
std::string suggestion(std::string_view of, const std::string& word,
                       const std::vector<std::string>& known) {
  if (const auto meant = own_name(of, word))
    if (std::find(known.begin(), known.end(), *meant) != known.end())
      return fmt::format("did you mean {}?", *meant);
  return suggest(word, known);
}

/// The first word that no option or command takes, with the nearest names.
[[noreturn]] void refuse_extra(const CLI::App& app) {
  std::vector<std::string> extras = app.remaining(true);
  std::string word = extras.empty() ? "" : extras.front();
  word = word.substr(0, word.find('='));
  auto chosen = app.get_subcommands();
  if (word.rfind("--", 0) == 0) {
    auto known = option_names(chosen.empty() ? app : *chosen.front());
    throw Error(ErrorCode::invalid_argument,
                fmt::format("unknown option {}; {}", word, suggestion("option", word, known)));
  }
  if (chosen.empty())
    throw Error(ErrorCode::invalid_argument,
                fmt::format("unknown command '{}'; {}", word,
                            suggestion("command", word, command_names())));
  throw Error(ErrorCode::invalid_argument,
              fmt::format("'{}' was not expected here; see tamis {} --help", word,
                          chosen.front()->get_name()));
}

/// What killed runs, and their workers, left in the folder for temporary files.
void remove_temporary_leftovers() {
  std::error_code error;
  const auto folder = std::filesystem::temp_directory_path(error);
  if (!error) remove_leftovers(folder);
}

/// The command line of the program, as it is parsed once.
class CommandLine {
 public:
  explicit CommandLine(Console& console) : app_(kAbout, "tamis") {
    app_.allow_extras();
    app_.require_subcommand(0, 1);  // a file may be called as a command is
    app_.formatter_fn(help_pages);
    app_.set_help_all_flag("--help-all", "Help of every command");
    app_.add_flag("-V,--version", version_, "Version of Tamis and of the runtimes that it finds");
    for (const Command& command : commands()) {
      CLI::App* sub = app_.add_subcommand(std::string(command.name), std::string(command.help));
      sub->allow_extras();
      sub->option_defaults()->always_capture_default();
      runs_.emplace_back(sub, command.make(*sub, console));
    }
    take_other_values(app_);
  }

  CLI::App& app() { return app_; }
  bool version() const { return version_; }

  /// The command that was named; null where none was.
  CLI::App* command() const {
    for (const auto& [sub, go] : runs_)
      if (sub->parsed()) return sub;
    return nullptr;
  }
  int go() const {
    for (const auto& [sub, go] : runs_)
      if (sub->parsed()) return go();
    return 0;
  }

  /// What is typed need not be all: a file may have the rest.
  void require_nothing() {
    for (const auto& [sub, go] : runs_)
      for (CLI::Option* option : sub->get_options()) option->required(false);
  }

  /// Throws invalid_argument; CLI::Success for --help.
  void parse(const std::vector<std::string>& arguments) {
    try {
      app_.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::Success&) {
      throw;
    } catch (const CLI::ParseError& e) {
      if (!app_.remaining(true).empty()) refuse_extra(app_);
      throw Error(ErrorCode::invalid_argument, std::string(e.what()) + "; see --help");
    }
    if (!app_.remaining(true).empty()) refuse_extra(app_);
  }

 private:
  static constexpr const char* kAbout =
      "Tamis makes optimised variants of a vision model, measures them on this machine, proves "
      "their accuracy, and hands over the fastest one.";

  CLI::App app_;
  bool version_ = false;
  std::vector<std::pair<CLI::App*, std::function<int()>>> runs_;
};

/// What was typed, and what a file named by --config adds to it.
std::vector<std::string> with_config(std::vector<std::string> arguments) {
  const bool has_config = std::any_of(arguments.begin(), arguments.end(), [](const auto& word) {
    return word.rfind("--config", 0) == 0;
  });
  if (!has_config) return arguments;
  Console console;
  console.place = std::make_shared<LocalPlace>();
  CommandLine typed(console);
  typed.require_nothing();
  try {
    typed.parse(arguments);
  } catch (const CLI::Success&) {
    return arguments;  // --help is answered by the command line that runs
  }
  if (typed.command() == nullptr) return arguments;
  const std::filesystem::path file = config_file_of(*typed.command());
  if (file.empty()) return arguments;
  const ConfigArguments more = arguments_of_config(*typed.command(), file);
  const auto command = std::find(arguments.begin(), arguments.end(), typed.command()->get_name());
  arguments.insert(std::next(command), more.by_place.begin(), more.by_place.end());
  arguments.insert(arguments.end(), more.by_name.begin(), more.by_name.end());
  return arguments;
}

int run(int argc, char** argv) {
  Console console;
  console.place = std::make_shared<LocalPlace>();
  for (int i = 0; i < argc; ++i)
    console.command_line += (i == 0 ? "tamis" : " " + std::string(argv[i]));
  CommandLine line(console);
  try {
    line.parse(with_config({argv + 1, argv + argc}));
  } catch (const CLI::Success& e) {
    std::ostringstream text;
    const int status = line.app().exit(e, text, text);
    print_lines(text.str());
    return status;
  }
  if (line.version()) return print_versions(console);
  if (line.command() == nullptr) {
    print_lines(line.app().help());
    return 0;
  }
  console.config = config_text(*line.command());
  return line.go();
}

/// Says what went wrong, in one line; the exit status that stands for it.
int failed(const std::exception& exception) {
  const std::optional<Error> error = known_error(exception);
  if (!error) {
    say_error("tamis: unexpected: {}; please report this\n", exception.what());
    return 1;
  }
  say_error("tamis: {}\n", error->what());
  // After Ctrl-C an error is its consequence.
  return interrupt_asked() ? kExitInterrupted : exit_status(error->code());
}

}  // namespace
}  // namespace tamis

int main(int argc, char** argv) {
  tamis::open_standard_streams();
  tamis::ignore_broken_pipes();
  tamis::set_log_sink([](tamis::Severity severity, const std::string& text) {
    tamis::say_error("{}{}\n", severity == tamis::Severity::warning ? "warning: " : "", text);
  });
  try {
    tamis::remove_temporary_leftovers();
    const int status = tamis::run(argc, argv);
    tamis::finish_output();
    return status;
  } catch (const std::exception& e) {
    return tamis::failed(e);
  }
}
