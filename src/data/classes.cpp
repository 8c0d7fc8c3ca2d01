#include "data/classes.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "base/words.h"

namespace tamis {
namespace {

constexpr std::size_t kClassesInSentence = 3;  // in a sentence; the rest is counted

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string without_blanks_around(const std::string& name) {
  const auto first = std::find_if_not(name.begin(), name.end(), is_blank);
  const auto last = std::find_if_not(name.rbegin(), name.rend(), is_blank).base();
  return first < last ? std::string(first, last) : std::string();
}

/// Without case and blanks.
std::string loose(const std::string& name) {
  std::string key;
  for (char c : name)
    if (!is_blank(c) && c != '_' && c != '-')
      key += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return key;
}

using Places = std::vector<std::optional<int>>;
using Key = std::string (*)(const std::string&);

/// Pairs the names that are equal under `key` and have no partner yet. Where a name stands there
/// several times, and not as often on both sides, only those with the same number are paired.
void pair_names(const std::vector<std::string>& data, const std::vector<std::string>& model,
                Key key, Places& to, std::vector<bool>& taken) {
  std::map<std::string, std::pair<std::vector<std::size_t>, std::vector<std::size_t>>> found;
  for (std::size_t i = 0; i < data.size(); ++i)
    if (!to[i]) found[key(data[i])].first.push_back(i);
  for (std::size_t i = 0; i < model.size(); ++i)
    if (!taken[i]) found[key(model[i])].second.push_back(i);
  found.erase("");
  const auto pair = [&](std::size_t from, std::size_t place) {
    to[from] = static_cast<int>(place);
    taken[place] = true;
  };
  for (const auto& [name, places] : found) {
    const auto& [of_data, of_model] = places;
    if (of_data.size() == of_model.size())
      for (std::size_t k = 0; k < of_data.size(); ++k) pair(of_data[k], of_model[k]);
    else
      for (std::size_t i : of_data)
        if (std::find(of_model.begin(), of_model.end(), i) != of_model.end()) pair(i, i);
  }
}

Places pair_all(const std::vector<std::string>& data, const std::vector<std::string>& model) {
  Places to(data.size());
  std::vector<bool> taken(model.size());
  pair_names(data, model, without_blanks_around, to, taken);
  pair_names(data, model, loose, to, taken);
  return to;
}

/// The number that a name holds where it is nothing else: "7", "class 7".
std::optional<std::size_t> number_in(const std::string& name) {
  std::string key = loose(name);
  for (const char* word : {"class", "label"})
    if (key.rfind(word, 0) == 0) key.erase(0, 5);
  if (key.empty() || key.size() > 9 ||
      !std::all_of(key.begin(), key.end(), [](unsigned char c) { return std::isdigit(c); }))
    return std::nullopt;
  return std::stoul(key);
}

bool are_numbers(const std::vector<std::string>& names) {
  return std::all_of(names.begin(), names.end(),
                     [](const std::string& name) { return number_in(name).has_value(); });
}

bool count_up(const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (number_in(names[i]) != i) return false;
  return true;
}

std::string some(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(kClassesInSentence, names.size()); ++i)
    text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kClassesInSentence)
    text += " and " + std::to_string(names.size() - kClassesInSentence) + " more";
  return text;
}

/// "class 5" for one that the data do not name.
std::string name_of(const std::vector<std::string>& names, int label) {
  const auto i = static_cast<std::size_t>(label);
  return i < names.size() ? names[i] : "class " + std::to_string(label);
}

std::vector<std::string> without_partner(const std::vector<std::string>& data,
                                         const std::set<int>& used, const Places& to) {
  std::vector<std::string> names;
  for (int label : used)
    if (static_cast<std::size_t>(label) >= to.size() || !to[static_cast<std::size_t>(label)])
      names.push_back(name_of(data, label));
  return names;
}

bool keep_their_numbers(const Places& to) {
  for (std::size_t i = 0; i < to.size(); ++i)
    if (to[i] && *to[i] != static_cast<int>(i)) return false;
  return true;
}

ClassMatch by_name(Places to, std::size_t of_model) {
  ClassMatch match;
  match.how = ClassMatch::How::by_name;
  const auto found = static_cast<std::size_t>(
      std::count_if(to.begin(), to.end(), [](const auto& place) { return place.has_value(); }));
  match.text = found == of_model ? "the class names of data and model agree"
                                 : count_text(found, "class") + " of the model's " +
                                       std::to_string(of_model) + " are in the data by name";
  match.text += keep_their_numbers(to) ? ", in the same order"
                                       : "; their order differs, so labels are matched by name";
  match.to = std::move(to);
  return match;
}

ClassMatch by_number(std::string text, bool doubtful) {
  ClassMatch match;
  match.how = ClassMatch::How::by_number;
  match.text = std::move(text);
  match.doubtful = doubtful;
  return match;
}

constexpr const char* kRemedy =
    "; give the model's own names with --labels, or name the data's classes as the model does";

/// One side has no names, or numbers in their place.
ClassMatch without_names(const std::vector<std::string>& data, const ModelClasses& model) {
  const std::size_t count = model.names.empty() ? model.count.value_or(0) : model.names.size();
  if (are_numbers(data) && !count_up(data))
    return by_number("the data's class names are numbers that are not their positions: " +
                         data.back() + " is taken as class " + std::to_string(data.size() - 1) +
                         ", in the order of the names" + kRemedy,
                     true);
  if (count != 0 && count != data.size())
    return by_number("the data name " + count_text(data.size(), "class") + ", the model has " +
                         std::to_string(count) +
                         (model.names.empty() ? " and no names" : " and numbers for names") +
                         ": labels are taken by number" + kRemedy,
                     true);
  return by_number(std::string("labels are taken by number: the ") +
                       (model.names.empty() || are_numbers(model.names) ? "model" : "data") +
                       " has no class names",
                   false);
}

/// "teal as blue" of classes whose names differ.
std::vector<std::string> taken_as(const std::vector<std::string>& data, const ModelClasses& model,
                                  const std::set<int>& used, const Places& to) {
  std::vector<std::string> pairs;
  for (int label : used)
    if (!to[static_cast<std::size_t>(label)])
      pairs.push_back(name_of(data, label) + " as " + name_of(model.names, label));
  return pairs;
}

ClassMatch in_doubt(const std::vector<std::string>& data, const ModelClasses& model,
                    const std::set<int>& used, const Places& to) {
  const bool any =
      std::any_of(to.begin(), to.end(), [](const auto& place) { return place.has_value(); });
  const bool fit = *used.rbegin() < static_cast<int>(std::min(model.names.size(), data.size()));
  const bool as_many = data.size() == model.names.size();
  if (fit && (any ? as_many && keep_their_numbers(to) : true))
    return by_number(std::string(any ? "some of the data's class names are not the model's"
                                     : "none of the data's class names is the model's") +
                         ": labels are taken by number, " + some(taken_as(data, model, used, to)) +
                         kRemedy,
                     true);
  ClassMatch match = by_number("", true);
  match.problem = "classes: " + some(without_partner(data, used, to)) +
                  (any ? " of the data are none" : " and the other names of the data are none") +
                  " of the model's " + std::to_string(model.names.size()) + " (" +
                  some(model.names) + ")" + kRemedy;
  match.text = match.problem;
  return match;
}

}  // namespace

ClassMatch match_classes(const std::vector<std::string>& data, const std::set<int>& used,
                         const ModelClasses& model) {
  if (used.empty() || !model.known()) return {};
  if (data.empty())
    return by_number("labels are taken by number: the data has no class names", false);
  if (model.names.empty()) return without_names(data, model);
  Places to = pair_all(data, model.names);
  if (without_partner(data, used, to).empty()) return by_name(std::move(to), model.names.size());
  const bool none =
      std::none_of(to.begin(), to.end(), [](const auto& place) { return place.has_value(); });
  if (none && (are_numbers(data) || are_numbers(model.names))) return without_names(data, model);
  return in_doubt(data, model, used, to);
}

Json to_json(const ClassMatch& match) {
  Json how;
  if (match.how != ClassMatch::How::not_asked)
    how = match.how == ClassMatch::How::by_name ? "by name" : "by number";
  return {{"matched", how}, {"text", match.text}, {"doubtful", match.doubtful}};
}

}  // namespace tamis
