#include "cli/config_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/units.h"
#include "base/version.h"
#include "card/yaml.h"

namespace tamis {
namespace {

/// How one call is shown, or asked for: no matter of what is done.
const std::set<std::string>& not_of_a_run() {
  static const std::set<std::string> names{"help", "help-all", "config", "json", "quiet"};
  return names;
}

std::string key_of(const CLI::Option& option) {
  return option.get_lnames().empty() ? option.get_name() : option.get_lnames()[0];
}

bool is_flag(const CLI::Option& option) { return option.get_items_expected_max() == 0; }

std::vector<const CLI::Option*> keys_of(const CLI::App& app) {
  std::vector<const CLI::Option*> options;
  for (const CLI::Option* option : app.get_options())
    if (not_of_a_run().count(key_of(*option)) == 0) options.push_back(option);
  return options;
}

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& problem) {
  throw Error(ErrorCode::invalid_argument, fmt::format("{}: {}", file.string(), problem));
}

const CLI::Option& option_for(const CLI::App& app, const std::filesystem::path& file,
                              const std::string& key) {
  std::vector<std::string> known{"command"};
  for (const CLI::Option* option : keys_of(app)) {
    known.push_back(key_of(*option));
    if (known.back() == key) return *option;
  }
  fail(file, fmt::format("unknown key '{}'; {}", key, suggest(key, known)));
}

std::vector<std::string> values_in(const std::filesystem::path& file, const std::string& key,
                                   const Json& value) {
  if (value.is_string()) return {value.get<std::string>()};
  if (!value.is_array() || value.empty() ||
      !std::all_of(value.begin(), value.end(), [](const Json& one) { return one.is_string(); }))
    fail(file, fmt::format("{}: give a value, or a list of values", key));
  return value.get<std::vector<std::string>>();
}

bool is_true(const std::filesystem::path& file, const std::string& key, const Json& value) {
  if (value == "true") return true;
  if (value == "false") return false;
  fail(file, fmt::format("{}: give true or false", key));
}

Json load_config(const CLI::App& app, const std::filesystem::path& file) {
  Json config =
      parse_yaml(load_text(file, kConfigFile), {file.string(), "the options of a run", "", true});
  if (!config.is_object())
    throw Error(ErrorCode::corrupt_data,
                file.string() + ": holds no options; write a line such as data: coco.yaml");
  if (const auto command = config.find("command"); command != config.end()) {
    if (*command != app.get_name())
      fail(file,
           fmt::format("is for tamis {}, and not for tamis {}", command->dump(), app.get_name()));
    config.erase(command);
  }
  return config;
}

/// Quoted where YAML would read it as something else.
std::string yaml_text(const std::string& text) {
  const bool plain = !text.empty() &&
                     text.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                         "0123456789._/%-+=") == std::string::npos &&
                     text[0] != '-' && text[0] != '%';
  return plain ? text : Json(text).dump();
}

std::string yaml_values(const std::vector<std::string>& values) {
  if (values.size() == 1) return yaml_text(values[0]);
  std::string all;
  for (const std::string& value : values) all += (all.empty() ? "" : ", ") + yaml_text(value);
  return "[" + all + "]";
}

}  // namespace

void add_config_option(CLI::App& app) {
  app.add_option("--config",
                 "A YAML file with options, such as the run.yaml of an earlier run; "
                 "what is typed comes first")
      ->type_name("FILE");
}

std::filesystem::path config_file_of(const CLI::App& typed) {
  const CLI::Option* option = typed.get_option_no_throw("--config");
  if (option == nullptr || option->count() == 0) return {};
  return option->results().back();
}

ConfigArguments arguments_of_config(const CLI::App& typed, const std::filesystem::path& file) {
  ConfigArguments arguments;
  const Json config = load_config(typed, file);
  for (const auto& [key, value] : config.items()) {
    const CLI::Option& option = option_for(typed, file, key);
    if (option.count() > 0) continue;
    if (is_flag(option)) {
      if (is_true(file, key, value)) arguments.by_name.push_back("--" + key);
      continue;
    }
    for (const std::string& one : values_in(file, key, value)) {
      if (option.get_positional()) {
        arguments.by_place.push_back(one);
      } else {
        arguments.by_name.push_back("--" + key);
        arguments.by_name.push_back(one);
      }
    }
  }
  return arguments;
}

std::string config_text(const CLI::App& parsed) {
  std::string text = fmt::format(
      "# tamis {} --config THIS_FILE makes this run again; options that are typed beside it come "
      "first.\n# Written by tamis {}. Paths are from the folder in which it ran.\ncommand: {}\n",
      parsed.get_name(), kVersion, parsed.get_name());
  for (const CLI::Option* option : keys_of(parsed)) {
    if (is_flag(*option)) {
      if (option->count() > 0) text += key_of(*option) + ": true\n";
      continue;
    }
    std::vector<std::string> values = option->results();
    if (values.empty() && !option->get_default_str().empty())
      values.push_back(option->get_default_str());
    if (!values.empty()) text += key_of(*option) + ": " + yaml_values(values) + "\n";
  }
  return text;
}

}  // namespace tamis
