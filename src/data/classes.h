#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"

namespace tamis {

/// The classes that truth is to be numbered by: a model's, in its order.
struct ModelClasses {
  std::vector<std::string> names{};    ///< empty: unknown
  std::optional<std::size_t> count{};  ///< absent: unknown, or as many as there are names
  bool known() const { return !names.empty() || count.has_value(); }
};

/// How the class numbers of data were brought to those of a model.
struct ClassMatch {
  enum class How {
    not_asked,  ///< the data have no classes, or nobody named any to match
    by_name,
    by_number,  ///< the data's numbers are taken as they are
  };
  How how = How::not_asked;
  /// The wanted number of each class of the data; absent for one without a counterpart. Only where
  /// how is by_name.
  std::vector<std::optional<int>> to{};
  std::string text{};     ///< a sentence for the user; empty: there is nothing to say
  bool doubtful = false;  ///< text is a warning
  std::string problem{};  ///< why the truth cannot be judged; empty: it can
};

/// Finds each class of the data among those of the model. Names agree where they are equal but for
/// case, blanks, '_' and '-'; of names that stand there several times the first is the first. Where
/// every class that occurs (`used`, numbers of the data) has its name in the model, numbers follow
/// names, whatever the order, and whether or not all of the model's classes are there. Where no
/// name agrees, or both sides have as many classes and those that agree have the same numbers, the
/// numbers are kept, with a warning. Else, and where a number does not fit, there is a problem.
/// Thread safe.
ClassMatch match_classes(const std::vector<std::string>& data, const std::set<int>& used,
                         const ModelClasses& model);

/// {"matched": "by name", "by number" or null, "text", "doubtful"}
Json to_json(const ClassMatch& match);

}  // namespace tamis
