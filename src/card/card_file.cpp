#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/units.h"
#include "card/card_keys.h"
#include "card/yaml.h"

namespace tamis {
namespace {

std::vector<std::string> keys_below(const std::string& prefix) {
  std::vector<std::string> names;
  for (const CardKey& key : card_keys()) {
    if (key.key.substr(0, prefix.size()) != prefix) continue;
    std::string rest(key.key.substr(prefix.size()));
    rest = rest.substr(0, rest.find('.'));
    if (std::find(names.begin(), names.end(), rest) == names.end()) names.push_back(rest);
  }
  return names;
}

void flatten(const Json& json, const std::string& prefix, const std::string& source,
             CardEntries& entries) {
  std::vector<std::string> known = keys_below(prefix);
  for (const auto& [name, value] : json.items()) {
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw Error(ErrorCode::invalid_argument, fmt::format("{}: unknown key \"{}{}\"; {}", source,
                                                           prefix, name, suggest(name, known)));
    if (prefix.empty() && name == "input") {
      if (!value.is_object())
        throw Error(ErrorCode::invalid_argument,
                    source + ": \"input\" must hold keys such as size");
      flatten(value, "input.", source, entries);
    } else {
      entries[prefix + name] = {value, source};
    }
  }
}

std::string flow(const Json& value) {
  std::string text;
  if (value.is_object()) {
    for (const auto& [name, item] : value.items())
      text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", json_text(name), flow(item));
    return "{" + text + "}";
  }
  if (!value.is_array()) return value.is_string() ? value.get<std::string>() : json_text(value);
  for (const Json& item : value) text += (text.empty() ? "" : ", ") + json_text(item);
  return "[" + text + "]";
}

}  // namespace

CardEntries entries_of_json(const Json& json, const std::string& source) {
  if (!json.is_object())
    throw Error(ErrorCode::corrupt_data,
                source + ": not a card (expected keys such as task and input)");
  CardEntries entries;
  flatten(json, "", source, entries);
  return entries;
}

CardEntries entries_of_file(const std::filesystem::path& file) {
  std::string source = "card file " + file.filename().string();
  std::string text = load_text(file, kCardFile);
  const Json json = parse_yaml(text, {file.string(), "a card", "labels"});
  CardEntries entries = entries_of_json(json, source);
  auto labels = entries.find("labels");
  if (labels != entries.end() && labels->second.value.is_string()) {
    const std::string name = labels->second.value.get<std::string>();
    const auto names = path_inside(file.parent_path(), name);
    if (!names)
      throw Error(ErrorCode::invalid_argument,
                  source + ": labels: \"" + name + "\" lies outside the card's folder; put the " +
                      "file next to the card, or name it with --labels");
    labels->second.value = labels_of_file(*names, source + ": labels");
  }
  return entries;
}

std::optional<std::filesystem::path> card_file_beside(const std::filesystem::path& model) {
  std::filesystem::path file = model;
  file.replace_extension(".card.yaml");
  std::error_code error;
  const auto status = std::filesystem::symlink_status(file, error);
  if (error == std::errc::filename_too_long || error == std::errc::no_such_file_or_directory)
    return std::nullopt;
  if (error) throw std::filesystem::filesystem_error("card", file, error);
  return std::filesystem::exists(status) ? std::optional(file) : std::nullopt;
}

std::string to_yaml(const Card& card) {
  std::string head;
  std::string input;
  std::string tail;
  for (const CardKey& key : card_keys()) {
    Json value = key.write(card);
    if (value.is_null()) continue;
    if (key.key.substr(0, 6) == "input.")
      input += fmt::format("{}{}: {}", input.empty() ? "" : ", ", key.key.substr(6), flow(value));
    else
      (input.empty() ? head : tail) += fmt::format("{}: {}\n", key.key, flow(value));
  }
  return head + "input: {" + input + "}\n" + tail;
}

Json to_json(const Card& card, bool with_sources) {
  Json json = Json::object();
  for (const CardKey& key : card_keys()) {
    Json value = key.write(card);
    if (value.is_null()) continue;
    if (key.key.substr(0, 6) == "input.")
      json["input"][std::string(key.key.substr(6))] = value;
    else
      json[std::string(key.key)] = value;
  }
  if (with_sources) json["sources"] = card.sources;
  return json;
}

}  // namespace tamis
