#include "data/facts.h"

#include <algorithm>

#include "base/words.h"

namespace tamis {
namespace {

constexpr std::size_t kClassesInLine = 5;  // classes in a line; the rest is counted

void add(DataFacts& facts, const Truth& truth) {
  if (truth.label || truth.boxes || truth.anomaly) ++facts.labelled;
  if (truth.label) ++facts.classes[*truth.label];
  if (truth.anomaly) ++facts.kinds[truth.anomaly->kind];
  if (!truth.boxes) return;
  facts.of_objects = true;
  ++(truth.boxes->empty() ? facts.without_objects : facts.with_objects);
  facts.objects += truth.boxes->size();
  for (const TruthBox& box : *truth.boxes) ++facts.classes[box.label];
}

std::string objects_text(const DataFacts& f) {
  std::string text = ", " + std::to_string(f.with_objects) + " with objects, " +
                     std::to_string(f.without_objects) + " without";
  if (f.reading.without_label_file > 0)
    text += " (" + std::to_string(f.reading.without_label_file) + " have no label file" +
            (f.reading.looked_for.empty() ? "" : ": looked for " + f.reading.looked_for) + ")";
  if (const std::size_t unknown = f.pictures - f.labelled; unknown > 0)
    text += ", " + std::to_string(unknown) + " of unknown content";
  return text + "; " + count_text(f.objects, "object") + " of " +
         count_text(f.classes.size(), "class");
}

std::string classes_text(const DataFacts& f) {
  std::string text = " of " + count_text(f.classes.size(), "class");
  for (std::size_t i = 0; i < std::min(kClassesInLine, f.unused_classes.size()); ++i)
    text += (i == 0 ? "; none of " : ", ") + f.unused_classes[i];
  if (f.unused_classes.size() > kClassesInLine)
    text += " and " + std::to_string(f.unused_classes.size() - kClassesInLine) + " more";
  return text;
}

std::string kinds_text(const DataFacts& f) {
  const auto good = f.kinds.find("good");
  const std::size_t whole = good == f.kinds.end() ? 0 : good->second;
  const std::size_t kinds = f.kinds.size() - (whole > 0 ? 1 : 0);
  std::string text = ", " + std::to_string(whole) + " good";
  if (kinds > 0)
    text +=
        ", " + std::to_string(f.labelled - whole) + " defective of " + count_text(kinds, "kind");
  return text;
}

}  // namespace

std::string DataFacts::looked_for_text() const {
  return reading.looked_for.empty() ? "" : "; looked for " + reading.looked_for;
}

DataFacts count_facts(const Dataset& dataset) {
  DataFacts facts;
  facts.reading = dataset.reading();
  facts.pictures = dataset.items().size();
  for (const Item& item : dataset.items()) add(facts, item.truth);
  const bool whole_pictures = !facts.of_objects && !facts.classes.empty();
  const auto& names = dataset.labels();
  if (whole_pictures && dataset.classes().how != ClassMatch::How::by_name)
    for (std::size_t i = 0; i < names.size(); ++i)
      if (facts.classes.count(static_cast<int>(i)) == 0) facts.unused_classes.push_back(names[i]);
  return facts;
}

std::string to_text(const DataFacts& f, const std::string& place) {
  const std::string text = place + ": " + count_text(f.pictures, "image");
  if (f.of_objects) return text + objects_text(f);
  if (!f.kinds.empty()) return text + kinds_text(f);
  if (!f.classes.empty()) return text + classes_text(f);
  return text + " without labels" + f.looked_for_text();
}

std::vector<std::string> warnings(const DataFacts& f) {
  std::vector<std::string> lines;
  if (f.reading.boxes_outside > 0)
    lines.push_back(count_text(f.reading.boxes_outside, "box") +
                    (f.reading.boxes_outside == 1 ? " reaches" : " reach") +
                    " out of the image; check that the labels belong to images of this size");
  if (f.reading.repeated_labels > 0)
    lines.push_back(count_text(f.reading.repeated_labels, "label") +
                    " skipped: the same class and place as another one of the image");
  if (f.reading.repeated_items > 0)
    lines.push_back(count_text(f.reading.repeated_items, "image") +
                    " named more than once; each is read once");
  return lines;
}

Json to_json(const DataFacts& f) {
  Json json{{"pictures", f.pictures}, {"labelled", f.labelled}};
  if (f.of_objects) {
    json["with_objects"] = f.with_objects;
    json["without_objects"] = f.without_objects;
    json["without_label_file"] = f.reading.without_label_file;
    json["objects"] = f.objects;
  }
  if (!f.kinds.empty()) json["kinds"] = f.kinds;
  if (!f.classes.empty()) json["classes_seen"] = f.classes.size();
  json["repeated_labels"] = f.reading.repeated_labels;
  json["boxes_outside"] = f.reading.boxes_outside;
  return json;
}

}  // namespace tamis
