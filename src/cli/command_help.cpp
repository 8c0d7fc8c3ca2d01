#include "cli/command_help.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <regex>
#include <sstream>

#include "base/version.h"

namespace tamis {
namespace {

constexpr const char* kPlainGroup = "Options";
constexpr int kLeastColumns = 40, kNamesColumn = 30, kGap = 2;

std::string upper_last_word(const std::string& name) {
  std::string word = name.substr(name.find_last_of('-') + 1);
  for (char& c : word) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return word;
}

/// The library writes "INT:INT in [1 - 4096]", "UINT:{16,32}", "TEXT", "FLOAT", "UINT" or what we
/// called it.
void read_value(const CLI::Option& option, OptionHelp& help) {
  if (option.get_items_expected_max() == 0) return;
  std::string type = option.get_type_name();
  static const std::regex kRange(R"((\w+):\w+ in \[(\S+) - (\S+)\])");
  if (std::smatch match; std::regex_match(type, match, kRange)) {
    help.range = match[2].str() + ".." + match[3].str();
    type = match[1];
  }
  static const std::regex kMember(R"((\w+):\{([^}]*)\})");
  if (std::smatch match; std::regex_match(type, match, kMember)) {
    help.range = std::regex_replace(match[2].str(), std::regex(","), ", ");
    type = match[1];
  }
  if (type == "INT" || type == "UINT") type = "N";
  if (type == "FLOAT") type = "X";
  if (type == "TEXT" && option.check_lname("out")) type = "PATH";
  if (type == "TEXT" && !option.get_lnames().empty())
    type = upper_last_word(option.get_lnames()[0]);
  help.value = type;
}

OptionHelp read_option(const CLI::Option& option) {
  OptionHelp help;
  help.argument = option.get_positional();
  help.text = option.get_description();
  help.required = option.get_required();
  help.repeated = option.get_items_expected_max() > 1;
  help.group = option.get_group() == kPlainGroup ? "" : option.get_group();
  read_value(option, help);
  for (const std::string& name : option.get_snames()) help.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) help.names.push_back("--" + name);
  if (help.argument) help.names = {help.value.empty() ? option.get_name() : help.value};
  const std::string value = option.get_default_str();
  if (!help.value.empty() && help.text.find("default") == std::string::npos)
    help.default_value = value;
  return help;
}

/// Bytes that continue a character take no column of their own.
std::size_t columns_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

/// Lines of at most `columns`, broken between words; a word that is longer has a line of its own.
std::vector<std::string> wrapped(const std::string& text, std::size_t columns) {
  std::vector<std::string> lines;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (!lines.empty() && columns_of(lines.back()) + 1 + columns_of(word) <= columns)
      lines.back() += " " + word;
    else
      lines.push_back(word);
  }
  if (lines.empty()) lines.emplace_back();
  return lines;
}

std::string joined(const std::vector<std::string>& parts, const std::string& between) {
  return fmt::format("{}", fmt::join(parts, between));
}

std::string names_of(const OptionHelp& option) {
  std::string text = joined(option.names, ", ");
  if (!option.argument && !option.value.empty()) text += " " + option.value;
  return text;
}

std::string description_of(const OptionHelp& option) {
  std::string text = option.text;
  constexpr const char* kTold = "(default: ";
  if (const std::size_t told = text.rfind(kTold);
      told != std::string::npos && !option.range.empty())
    return text.replace(told, 1, "(" + option.range + "; ");
  std::vector<std::string> notes;
  if (option.required && !option.argument) notes.emplace_back("required");
  if (!option.range.empty()) notes.push_back(option.range);
  if (!option.default_value.empty()) notes.push_back("default: " + option.default_value);
  return notes.empty() ? text : text + " (" + joined(notes, "; ") + ")";
}

/// Names to the left, text to the right, or below where the names are long or the page is narrow.
void add_entry(std::string& page, const std::string& names, const std::string& text, int columns) {
  const int left = columns < 80 ? 6 : kNamesColumn;
  const bool beside = 2 + static_cast<int>(columns_of(names)) + kGap <= left;
  const auto lines = wrapped(text, static_cast<std::size_t>(columns - left));
  page += "  " + names;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i == 0 && beside)
      page += std::string(static_cast<std::size_t>(left) - 2 - columns_of(names), ' ') + lines[i];
    else
      page += "\n" + std::string(static_cast<std::size_t>(left), ' ') + lines[i];
  }
  page += "\n";
}

std::string usage_of(const CommandHelp& help) {
  std::string text = help.name;
  for (const OptionHelp& option : help.options) {
    if (option.argument) {
      const std::string name =
          option.names[0] + (option.repeated && !option.names[0].ends_with("…") ? "…" : "");
      text += option.required ? " " + name : " [" + name + "]";
    } else if (option.required) {
      text += " " + option.names.back() + " " + option.value;
    }
  }
  if (!help.commands.empty()) text += " COMMAND";
  return text + " [OPTIONS]";
}

/// Headings in the order in which they first come, "" first.
std::vector<std::string> groups_of(const CommandHelp& help) {
  std::vector<std::string> groups{""};
  for (const OptionHelp& option : help.options)
    if (std::find(groups.begin(), groups.end(), option.group) == groups.end())
      groups.push_back(option.group);
  return groups;
}

}  // namespace

CommandHelp read_command_help(const CLI::App& app, const std::string& name,
                              std::vector<std::string> (*examples_of)(std::string_view command)) {
  CommandHelp help{name, app.get_description(), examples_of(app.get_name()), {}, {}};
  for (const CLI::Option* option : app.get_options()) help.options.push_back(read_option(*option));
  std::stable_partition(help.options.begin(), help.options.end(),
                        [](const OptionHelp& option) { return option.argument; });
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    if (!sub->get_name().empty())
      help.commands.push_back(read_command_help(*sub, name + " " + sub->get_name(), examples_of));
  return help;
}

std::string help_text(const CommandHelp& help, int columns) {
  columns = std::max(columns, kLeastColumns);
  std::string page;
  for (const std::string& line : wrapped(help.text, static_cast<std::size_t>(columns)))
    page += line + "\n";
  page += "\nUsage: " + usage_of(help) + "\n";
  if (!help.examples.empty()) page += "\nExample:\n";
  for (const std::string& example : help.examples) page += "  " + example + "\n";
  const auto add = [&](const std::string& heading, auto chosen) {
    if (std::none_of(help.options.begin(), help.options.end(), chosen)) return;
    page += "\n" + heading + ":\n";
    for (const OptionHelp& option : help.options)
      if (chosen(option)) add_entry(page, names_of(option), description_of(option), columns);
  };
  add("Arguments", [](const OptionHelp& o) { return o.argument; });
  for (const std::string& group : groups_of(help))
    add(group.empty() ? kPlainGroup : group,
        [&](const OptionHelp& o) { return !o.argument && o.group == group; });
  if (!help.commands.empty()) page += "\nCommands:\n";
  for (const CommandHelp& command : help.commands)
    add_entry(page, command.name.substr(help.name.size() + 1), command.text, columns);
  return page;
}

namespace {

/// The character that begins here, and how many bytes it has: UTF-8, which our own texts are.
std::pair<unsigned, std::size_t> character_at(const std::string& text, std::size_t i) {
  const auto byte = [&](std::size_t k) {
    return k < text.size() ? static_cast<unsigned char>(text[k]) : 0U;
  };
  const unsigned first = byte(i);
  const std::size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  unsigned code = size == 1 ? first : first & (0xFFU >> (size + 1));
  for (std::size_t k = 1; k < size; ++k) code = code << 6 | (byte(i + k) & 0x3FU);
  return {code, size};
}

/// Nothing in it is read as a request or an escape of troff; what is not ASCII is named by number,
/// so that no reader has to guess the encoding.
std::string troff(const std::string& text) {
  std::string safe;
  for (std::size_t i = 0; i < text.size();) {
    const auto [code, size] = character_at(text, i);
    if (code == '\\')
      safe += "\\e";
    else if (code == '-')
      safe += "\\-";
    else
      safe += code < 0x80 ? std::string(1, text[i]) : fmt::format("\\[u{:04X}]", code);
    i += size;
  }
  if (!safe.empty() && (safe[0] == '.' || safe[0] == '\'')) safe.insert(0, "\\&");
  return safe;
}

std::string troff_names(const OptionHelp& option) {
  std::string text;
  for (const std::string& name : option.names)
    text += (text.empty() ? "" : ", ") + ("\\fB" + troff(name) + "\\fR");
  if (!option.argument && !option.value.empty()) text += " \\fI" + troff(option.value) + "\\fR";
  return text;
}

}  // namespace

std::string page_name(const CommandHelp& help) {
  std::string name = help.name;
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

std::string man_page(const CommandHelp& help) {
  const std::string name = page_name(help);
  std::string title = name;
  for (char& c : title) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  std::string page = ".TH " + troff(title) + " 1 \"\" \"Tamis " + kVersion +
                     "\" \"User Commands\"\n.SH NAME\n" + troff(name) + " \\- " + troff(help.text) +
                     "\n.SH SYNOPSIS\n.B " + troff(usage_of(help)) + "\n";
  const auto add = [&](const std::string& heading, auto chosen) {
    if (std::none_of(help.options.begin(), help.options.end(), chosen)) return;
    page += ".SH " + troff(heading) + "\n";
    for (const OptionHelp& option : help.options)
      if (chosen(option))
        page += ".TP\n" + troff_names(option) + "\n" + troff(description_of(option)) + "\n";
  };
  add("ARGUMENTS", [](const OptionHelp& o) { return o.argument; });
  for (const std::string& group : groups_of(help))
    add(group.empty() ? "OPTIONS" : group,
        [&](const OptionHelp& o) { return !o.argument && o.group == group; });
  if (!help.commands.empty()) page += ".SH COMMANDS\n";
  for (const CommandHelp& command : help.commands)
    page += ".TP\n\\fB" + troff(command.name.substr(help.name.size() + 1)) + "\\fR\n" +
            troff(command.text) + "\n";
  if (!help.examples.empty()) page += ".SH EXAMPLES\n.nf\n";
  for (const std::string& example : help.examples) page += troff(example) + "\n";
  if (!help.examples.empty()) page += ".fi\n";
  if (!help.commands.empty()) {
    page += ".SH SEE ALSO\n";
    std::vector<std::string> others;
    for (const CommandHelp& command : help.commands)
      others.push_back("\\fB" + troff(page_name(command)) + "\\fR(1)");
    page += joined(others, ", ") + "\n";
  }
  return page;
}

}  // namespace tamis
