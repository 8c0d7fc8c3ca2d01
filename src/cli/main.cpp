#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <optional>
#include <sstream>

#include "base/child.h"
#include "base/known_error.h"
#include "base/leftovers.h"
#include "base/log.h"
#include "base/units.h"
#include "base/version.h"
#include "cli/command.h"
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

int run(int argc, char** argv) {
  Console console;
  console.place = std::make_shared<LocalPlace>();
  for (int i = 0; i < argc; ++i)
    console.command_line += (i == 0 ? "tamis" : " " + std::string(argv[i]));
  CLI::App app(
      "Tamis makes optimised variants of a vision model, measures them on this machine, proves "
      "their accuracy, and hands over the fastest one.",
      "tamis");
  app.allow_extras();
  app.require_subcommand(0, 1);  // a file may be called as a command is
  app.formatter_fn(help_pages);
  app.set_help_all_flag("--help-all", "Help of every command");
  bool version = false;
  app.add_flag("-V,--version", version, "Version of Tamis and of the runtimes that it finds");
  std::vector<std::pair<CLI::App*, std::function<int()>>> runs;
  for (const Command& command : commands()) {
    CLI::App* sub = app.add_subcommand(std::string(command.name), std::string(command.help));
    sub->allow_extras();
    sub->option_defaults()->always_capture_default();
    runs.emplace_back(sub, command.make(*sub, console));
  }
  take_other_values(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    std::ostringstream text;
    const int status = app.exit(e, text, text);
    print_lines(text.str());
    return status;
  } catch (const CLI::ParseError& e) {
    if (!app.remaining(true).empty()) refuse_extra(app);
    throw Error(ErrorCode::invalid_argument, std::string(e.what()) + "; see --help");
  }
  if (!app.remaining(true).empty()) refuse_extra(app);
  if (version) return print_versions(console);
  for (auto& [sub, go] : runs)
    if (sub->parsed()) return go();
  print_lines(app.help());
  return 0;
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
