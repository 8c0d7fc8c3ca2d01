#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/units.h"
#include "cli/command_help.h"

namespace tamis {
namespace {

std::string word_of(const CommandHelp& command) {
  return command.name.substr(command.name.find_last_of(' ') + 1);
}

/// In single quotes for a shell; a quote in it becomes a typographic one, which all shells take.
std::string quoted(std::string text) {
  std::string safe = "'";
  for (const char c : text) {
    if (c == '\'')
      safe += "’";
    else if (c != '\n')
      safe += c;
  }
  return safe + "'";
}

/// The first sentence, without a full stop.
std::string brief(const std::string& text) {
  std::string first = text.substr(0, std::min(text.find(". "), text.find(": ")));
  if (!first.empty() && first.back() == '.') first.pop_back();
  return first;
}

std::vector<std::string> names_of(const CommandHelp& command) {
  std::vector<std::string> names;
  for (const OptionHelp& option : command.options)
    if (!option.argument) names.insert(names.end(), option.names.begin(), option.names.end());
  return names;
}

std::string in_one_line(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

std::vector<std::string> command_words(const CommandHelp& help) {
  std::vector<std::string> words;
  for (const CommandHelp& command : help.commands) words.push_back(word_of(command));
  return words;
}

std::string bash(const CommandHelp& help) {
  std::string cases;
  for (const CommandHelp& command : help.commands)
    cases += "    " + word_of(command) + ") words=" +
             quoted(in_one_line(names_of(command)) + " " + in_one_line(command_words(command))) +
             " ;;\n";
  return R"(# bash completion of tamis
_tamis() {
  local current=${COMP_WORDS[COMP_CWORD]} words=""
  COMPREPLY=()
  case ${COMP_WORDS[1]} in
)" + cases +
         R"(    *) [ "$COMP_CWORD" -eq 1 ] && words=)" +
         quoted(in_one_line(command_words(help)) + " " + in_one_line(names_of(help))) + R"( ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ] || [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  else
    compopt -o filenames 2> /dev/null
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -F _tamis tamis
)";
}

/// Characters that _arguments takes for its own.
std::string zsh_text(const std::string& text) {
  std::string safe;
  for (const char c : brief(text)) {
    if (c == '[' || c == ']' || c == ':') safe += '\\';
    safe += c;
  }
  return safe;
}

std::string zsh(const CommandHelp& help) {
  std::string commands, cases;
  for (const CommandHelp& command : help.commands) {
    commands += "    " + quoted(word_of(command) + ":" + brief(command.text)) + "\n";
    cases += "    " + word_of(command) + ")\n      _arguments \\\n";
    for (const OptionHelp& option : command.options)
      for (const std::string& name : option.argument ? std::vector<std::string>() : option.names)
        cases += "        " +
                 quoted((option.repeated ? "*" : "") + name + "[" + zsh_text(option.text) + "]" +
                        (option.value.empty() ? "" : ":" + zsh_text(option.value) + ":_files")) +
                 " \\\n";
    cases += "        '*:file:_files'\n      ;;\n";
  }
  return "#compdef tamis\n_tamis() {\n  local -a commands\n  commands=(\n" + commands + R"(  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
)" + cases +
         R"(  esac
}
compdef _tamis tamis
)";
}

std::string fish(const CommandHelp& help) {
  std::string script = "# fish completion of tamis\n";
  for (const CommandHelp& command : help.commands)
    script += "complete -c tamis -n __fish_use_subcommand -f -a " + word_of(command) + " -d " +
              quoted(brief(command.text)) + "\n";
  for (const CommandHelp& command : help.commands)
    for (const OptionHelp& option : command.options) {
      if (option.argument) continue;
      script += "complete -c tamis -n '__fish_seen_subcommand_from " + word_of(command) + "'";
      for (const std::string& name : option.names)
        script += name.rfind("--", 0) == 0 ? " -l " + name.substr(2) : " -s " + name.substr(1);
      script += (option.value.empty() ? "" : " -r") + std::string(" -d ") +
                quoted(brief(option.text)) + "\n";
    }
  return script;
}

}  // namespace

std::string completion_script(const CommandHelp& help, std::string_view shell) {
  if (shell == "bash") return bash(help);
  if (shell == "zsh") return zsh(help);
  if (shell == "fish") return fish(help);
  throw Error(ErrorCode::invalid_argument, "completion: unknown shell '" + std::string(shell) +
                                               "'; " + suggest(shell, {"bash", "zsh", "fish"}));
}

}  // namespace tamis
