#pragma once

#include <string>
#include <string_view>

#include "tasks/task.h"

namespace tamis {

/// Boxes that a detector finds with at least this score stand for the truth when another one is
/// compared with it (what Ultralytics' predict shows).
inline constexpr float kConfidentBox = 0.25f;

/// For pictures without labels: how far a model says the same as a reference, whose predictions are
/// taken for the truth. It measures change, not correctness. A row of functions, as Task; adding
/// one = a row in agreement.cpp.
struct Agreement {
  /// As the task itself, with a metric of its own name (a fraction, 1 for the reference), and
  /// without class_count and check_truth having anything to say.
  Task task;
  /// What the reference's prediction makes true of an item. Throws invalid_argument where the card
  /// lacks what that takes (a threshold).
  Truth (*truth_of)(const Card& card, const Prediction& reference);
  std::string_view taken_for_true;  ///< for people: "its first class"
};

/// Throws unsupported for a task without a row, naming it.
const Agreement& find_agreement(TaskKind kind);

/// What a gate on agreement is worth, for terminal and report.
std::string agreement_caveat(const Agreement& agreement);

/// Whether anything is known of the item, for any task.
bool has_truth(const Truth& truth);

}  // namespace tamis
