#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/dataset.h"

namespace tamis {

/// What a split holds, counted over all its items.
struct DataFacts {
  std::size_t pictures = 0;
  std::size_t labelled = 0;  ///< of whose truth something is known
  // Of pictures with boxes or masks.
  std::size_t with_objects = 0, without_objects = 0, objects = 0;
  bool of_objects = false;
  // Of pictures that are good or defective.
  std::map<std::string, std::size_t> kinds;  ///< "good" and the defects → pictures
  std::map<int, std::size_t> classes;        ///< numbers that occur → pictures or objects
  std::vector<std::string> unused_classes;   ///< names that no picture has, where pictures have one
  Reading reading;
  std::string looked_for_text() const;  ///< "; looked for …", empty where there is nothing to say
};

DataFacts count_facts(const Dataset& dataset);

/// One line for people: pictures, with objects, without, without a label file, objects, classes;
/// or what stands in their place for classifiers, anomaly detectors and pictures without labels.
/// `place`: the path and split.
std::string to_text(const DataFacts& facts, const std::string& place);

/// Lines to be warned of: boxes that reach out of their pictures, names repeated. May be empty.
std::vector<std::string> warnings(const DataFacts& facts);

/// docs/json.md, "data".
Json to_json(const DataFacts& facts);

}  // namespace tamis
