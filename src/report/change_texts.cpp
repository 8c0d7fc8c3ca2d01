#include "report/change_texts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "base/percent.h"
#include "report/format.h"
#include "result/keys.h"

namespace tamis {
namespace {

constexpr std::size_t kNamedObjects = 3, kAllClasses = 12, kFalls = 6, kRises = 3;

std::string two_digits(const Json& number) {
  return number.is_null() ? kAbsent : fmt::format("{:.2f}", number.get<double>());
}

std::string score_text(const Json& number) {
  return number.is_null() ? kAbsent : fmt::format("{:.4g}", number.get<double>());
}

std::string plural(std::int64_t count, const std::string& one, const std::string& many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

/// "car 0.41, now 0.12", "cat 0.61, now dog 0.58".
std::string fate_text(const Json& object) {
  const Json &before = object.at("baseline"), &after = object.at("variant");
  if (after.is_null()) return object_text(before);
  if (before.is_null()) return object_text(after);
  const bool same_class = before.at("class") == after.at("class");
  return object_text(before) + ", now " +
         (same_class ? two_digits(after.at("score")) : object_text(after));
}

std::string kind_text(const Json& item, const std::string& kind, const std::string& called) {
  std::vector<std::string> named;
  std::size_t count = 0;
  for (const Json& o : item.at("objects")) {
    if (o.at("kind") != kind) continue;
    if (++count <= kNamedObjects) named.push_back(fate_text(o));
  }
  if (count == 0) return "";
  std::string text = fmt::format("{} {} ({}", count, called, fmt::join(named, "; "));
  return text + (count > named.size() ? "; …)" : ")");
}

/// The largest move among the objects that are still there.
std::string moved_text(const Json& item) {
  for (const Json& o : item.at("objects")) {
    if (o.at("kind") != "same") continue;
    if (o.at("amount").get<double>() < 0.01) return "";
    std::string text =
        (item.at("changed").get<bool>() ? "largest move of the others: " : "moved: ") +
        fate_text(o);
    const double overlap = o.at("overlap");
    if (overlap < 0.9) text += fmt::format(", overlap {:.2f}", overlap);
    return text;
  }
  return "";
}

std::string objects_text(const Json& item) {
  std::vector<std::string> parts;
  static constexpr std::array<std::pair<const char*, const char*>, 3> kKinds{
      {{"lost", "lost"}, {"gained", "gained"}, {"relabelled", "of another class"}}};
  for (const auto& [kind, called] : kKinds)
    if (std::string text = kind_text(item, kind, called); !text.empty())
      parts.push_back(std::move(text));
  if (std::string text = moved_text(item); !text.empty()) parts.push_back(std::move(text));
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::string class_text(const Json& classes) {
  if (classes.empty()) return kAbsent;
  const Json& first = classes.front();
  return value_text(first.at("class")) + " " + two_digits(first.at("probability"));
}

std::string decision_word(const Json& side) {
  if (side.at("flagged").is_null()) return "";
  return side.at("flagged").get<bool>() ? "flagged" : "passed";
}

std::string truth_text(const Json& item) {
  const Json& truth = item.at("truth");
  if (!truth.is_object() || !truth.contains("class")) return "";
  return "; labelled " + value_text(truth["class"]);
}

std::string anomaly_text(const Json& item) {
  const Json &before = item.at("baseline"), &after = item.at("variant");
  std::string text =
      fmt::format("score {} → {}", score_text(before.at("score")), score_text(after.at("score")));
  if (before.at("flagged") != after.at("flagged"))
    text += fmt::format(", {} → {}", decision_word(before), decision_word(after));
  return text + fmt::format("; moved {:.2f} standard deviations", item.at("amount").get<double>());
}

std::string name_of(const ResultDocument& result, const std::string& id) {
  const VariantRow* variant = result.find(id);
  return variant ? fmt::format("{} ({})", id, variant->name) : id;
}

bool is_of_objects(const ResultDocument& result) {
  return result.changes.at("totals").contains("lost");
}

std::string counts_text(const ResultDocument& result) {
  const Json& c = result.changes;
  const Json& totals = c.at("totals");
  const auto count = [&](const char* key) { return totals.at(key).get<std::int64_t>(); };
  const auto items = c.at("items").get<std::int64_t>(),
             changed = c.at("changed").get<std::int64_t>();
  if (is_of_objects(result))
    return fmt::format(
        "In {} of {} images, an object with a score of at least 0.25 appeared, disappeared or "
        "changed its class: {} lost, {} gained, {} of another class; {} unchanged.",
        changed, items, count("lost"), count("gained"), count("relabelled"), count("same"));
  const bool anomaly = result.model.task == "anomaly";
  std::string text = fmt::format("{} of {} items {}", changed, items,
                                 anomaly ? "have another decision" : "have another first class");
  if (changed > 0 && totals.contains("became_wrong"))
    text += fmt::format(": by the labels, {} became wrong and {} right{}", count("became_wrong"),
                        count("became_right"),
                        count("stayed_wrong") > 0
                            ? fmt::format(", {} stayed wrong", count("stayed_wrong"))
                            : std::string());
  return text + ".";
}

/// What there is to see where little or nothing is.
std::string quiet_text(const ResultDocument& result) {
  const double largest = result.changes.at("largest");
  if (largest <= 0) return "Nothing changed: every prediction is exactly the same.";
  if (!result.changes.at("worst").empty()) return "";
  return fmt::format("Nothing is drawn: no prediction moved by 0.01 or more (largest: {:.2g}).",
                     largest);
}

std::string class_metric(const std::string& metric) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kNames{
      {{"map50_95", "AP50-95"},
       {"mask_map50_95", "mask AP50-95"},
       {"map50_agreement", "AP50 agreement"},
       {"mask_map50_agreement", "mask AP50 agreement"},
       {"top1", "recall"},
       {"top1_agreement", "agreement"},
       {"decision_agreement", "agreement"},
       {"auroc", "AUROC against good"}}};
  for (auto [name, shown] : kNames)
    if (metric == name) return std::string(shown);
  return metric_name(metric);
}

bool is_agreement(const Json& per_class) {
  return per_class.at("metric").get<std::string>().ends_with("agreement");
}

/// Of a difference, or of the value itself where `from` is what the difference is to.
std::string class_interval(const Json& row, std::optional<double> from) {
  if (row.at("low").is_null()) return kAbsent;
  const auto end = [&](const char* key) {
    const double value = row.at(key).get<double>() + from.value_or(0);
    return accuracy_text("", from ? std::clamp(value, 0.0, 1.0) : value);
  };
  return fmt::format("[{}, {}]", end("low"), end("high"));
}

std::string verdict_text(const Json& row) {
  if (!row.at("verdict").is_null()) return words(row.at("verdict").get<std::string>());
  return value_text(row.at("reason"));
}

std::vector<std::string> class_row(const Json& row, bool agreement, bool objects) {
  const auto number = [&](const char* key) { return accuracy_text("", row.at(key).get<double>()); };
  std::vector<std::string> cells{value_text(row.at("class"))};
  if (objects) cells.push_back(value_text(row.at("objects")));
  cells.push_back(value_text(row.at("items")));
  if (agreement) {
    cells.push_back(number("variant"));
    cells.push_back(class_interval(row, row.at("baseline").get<double>()));
    cells.push_back(value_text(row.at("reason")));
  } else {
    cells.insert(cells.end(), {number("baseline"), number("variant"), number("difference"),
                               class_interval(row, std::nullopt), verdict_text(row)});
  }
  return cells;
}

/// Those that can be told apart, and the largest falls and rises.
std::vector<std::size_t> telling_rows(const Json& classes) {
  std::set<std::size_t> rows;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const Json& verdict = classes[i].at("verdict");
    if (verdict == "better" || verdict == "worse" || i < kFalls || i + kRises >= classes.size())
      rows.insert(i);
  }
  return {rows.begin(), rows.end()};
}

std::string names_with(const Json& classes, const char* verdict) {
  std::vector<std::string> names;
  for (const Json& row : classes)
    if (row.at("verdict") == verdict) names.push_back(value_text(row.at("class")));
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string capital(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z')
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

std::string class_lead(const Json& per_class) {
  const Json& classes = per_class.at("classes");
  const auto intervals = per_class.at("intervals").get<std::int64_t>();
  const std::string sure = fmt::format("at {} for all classes together",
                                       exact_percent(per_class.at("confidence").get<double>()));
  if (is_agreement(per_class))
    return fmt::format(
        "The share of the baseline's answers that are kept, per class. Intervals {}.", sure);
  if (intervals == 0) return "No class occurs in enough items to establish a difference.";
  const std::string worse = names_with(classes, "worse"), better = names_with(classes, "better");
  if (worse.empty() && better.empty())
    return fmt::format(
        "Not distinguishable in any of the {} that occur in enough items: every interval of a "
        "difference includes 0, {}.",
        plural(intervals, "class", "classes"), sure);
  std::string text;
  if (!worse.empty()) text += "Worse: " + worse + ". ";
  if (!better.empty()) text += "Better: " + better + ". ";
  return text + fmt::format("The others are not distinguishable, {}.", sure);
}

}  // namespace

bool has_changes(const ResultDocument& result) { return result.changes.contains("worst"); }

std::string object_text(const Json& object) {
  return value_text(object.at("class")) + " " + two_digits(object.at("score"));
}

std::vector<std::string> changes_lead(const ResultDocument& result) {
  if (!has_changes(result)) {
    std::string reason = value_text(result.changes.value("reason", Json("not known")));
    return {"None are shown: " + reason + "."};
  }
  const std::string variant = name_of(result, value_text(result.changes.at("variant")));
  const bool miss = result.changes.at("role") == keys::nearest_miss;
  std::vector<std::string> lead{
      miss ? fmt::format(
                 "What {} would change. It came closest to the gates; it is not handed over.",
                 variant)
           : fmt::format("How the predictions of {} differ from those of the baseline, {}.",
                         variant, name_of(result, result.baseline))};
  if (result.changes.at("largest").get<double>() > 0) lead.push_back(counts_text(result));
  if (std::string quiet = quiet_text(result); !quiet.empty()) lead.push_back(std::move(quiet));
  return lead;
}

std::string item_text(const Json& item) {
  if (item.contains("objects")) return objects_text(item);
  if (item.at("baseline").is_object()) return anomaly_text(item) + truth_text(item);
  return class_text(item.at("baseline")) + " → " + class_text(item.at("variant")) +
         truth_text(item);
}

std::string changed_role(const ResultDocument& result) {
  return result.changes.at("role") == keys::pick ? "winner" : "nearest miss";
}

std::string panel_title(const ResultDocument& result, const Json& item, const std::string& side) {
  std::string text = side == "baseline"
                         ? "baseline " + result.baseline
                         : changed_role(result) + " " + value_text(result.changes.at("variant"));
  if (item.contains("objects")) return text;
  const Json& of = item.at(side);
  if (!of.is_object()) return text + ": " + class_text(of);
  text += ": " + score_text(of.at("score"));
  const std::string decision = decision_word(of);
  return decision.empty() ? text : text + ", " + decision;
}

ClassTable class_table(const ResultDocument& result) {
  ClassTable table;
  if (!has_changes(result)) return table;
  const Json& per_class = result.changes.at("per_class");
  const bool agreement = is_agreement(per_class);
  const std::string metric = class_metric(per_class.at("metric"));
  const bool objects = is_of_objects(result);
  table.columns = {"Class"};
  if (objects) table.columns.emplace_back("Objects");
  table.columns.emplace_back("Items");
  if (agreement)
    table.columns.insert(table.columns.end(), {metric, "Interval", ""});
  else
    table.columns.insert(table.columns.end(), {"Baseline", capital(changed_role(result)),
                                               "Difference", "Interval", "Verdict"});
  for (const Json& row : per_class.at("classes")) {
    table.rows.push_back(class_row(row, agreement, objects));
    table.verdicts.push_back(row.at("verdict").is_null() ? "" : value_text(row.at("verdict")));
  }
  if (table.rows.size() > kAllClasses) table.telling = telling_rows(per_class.at("classes"));
  table.lead = (agreement ? "" : fmt::format("{} per class, the largest fall first. ", metric)) +
               class_lead(per_class);
  table.lead = capital(std::move(table.lead));
  return table;
}

}  // namespace tamis
