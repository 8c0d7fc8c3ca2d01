#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "place/place.h"

namespace tamis {

/// What every command knows of how it was called, and where it works.
struct Console {
  bool json = false;
  bool quiet = false;
  std::string command_line;      ///< as typed
  std::string config;            ///< the same as a file for --config (config_file.h)
  std::shared_ptr<Place> place;  ///< never null once a command runs
};

/// A subcommand: adds its options to `app` and returns what to run; the returned function gives the
/// exit status. One row per command, in commands().
struct Command {
  std::string_view name;
  std::string_view help;
  std::string_view example;  ///< a command line, or several with line breaks between
  std::function<int()> (*make)(CLI::App& app, Console& console);
};
const std::vector<Command>& commands();

std::function<int()> make_doctor(CLI::App& app, Console& console);
std::function<int()> make_inspect(CLI::App& app, Console& console);
std::function<int()> make_optimize(CLI::App& app, Console& console);
std::function<int()> make_sweep(CLI::App& app, Console& console);
std::function<int()> make_eval(CLI::App& app, Console& console);
std::function<int()> make_predict(CLI::App& app, Console& console);
std::function<int()> make_bench(CLI::App& app, Console& console);
std::function<int()> make_quantize(CLI::App& app, Console& console);
std::function<int()> make_apply(CLI::App& app, Console& console);
std::function<int()> make_explain(CLI::App& app, Console& console);
std::function<int()> make_fit(CLI::App& app, Console& console);
std::function<int()> make_report(CLI::App& app, Console& console);
std::function<int()> make_cache(CLI::App& app, Console& console);
std::function<int()> make_help(CLI::App& app, Console& console);
std::function<int()> make_man(CLI::App& app, Console& console);
std::function<int()> make_completion(CLI::App& app, Console& console);

}  // namespace tamis
