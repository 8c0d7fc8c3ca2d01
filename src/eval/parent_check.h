#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "eval/checked_model.h"
#include "tasks/task.h"

namespace tamis {

/// Measures the model on some of its items that have a truth, before anything is built from it:
/// {metric, value, items}, or null where fewer than kLeastItems have one. Throws
/// invalid_argument where it is no better than chance there (classify: a binomial test at 5 %;
/// detect: mAP50 below .02), naming the labels where they explain it (wrong_labels), else the
/// setting of the card under which it would be better, where one is found among colour order, scale
/// and normalisation, and otherwise what to look at; and what opening and decoding throw.
Json check_parent(const CheckedModel& model);

/// Why labels of a model no better than chance are the probable cause: it is better with every
/// label one less or one more (classify), or its boxes are right whatever their class (detect:
/// mAP50 at least .2 so). Absent where they do not explain it. Pure.
std::optional<std::string> wrong_labels(const Task& task, const std::vector<ItemRecord>& records,
                                        std::size_t classes);

inline constexpr std::size_t kLeastItems = 8;
inline constexpr std::size_t kMostItems = 16;

/// P(at least `right` of `count` | each right with probability `chance`). Pure.
double chance_of_at_least(std::size_t right, std::size_t count, double chance);

}  // namespace tamis
