#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tasks/task.h"

namespace tamis {

/// What became of one object between two predictions of one picture. An object is there for people
/// where its score is at least kConfidentBox.
struct ObjectChange {
  enum class Kind {
    same,        ///< there in both, of one class, at one place (IoU ≥ .5)
    lost,        ///< only in the first; `after`, where there is one, is too unsure to be shown
    gained,      ///< only in the second
    relabelled,  ///< there in both at one place, of different classes
  };
  Kind kind = Kind::same;
  std::optional<std::size_t> before, after;  ///< indices into the two predictions' boxes
  double overlap = 0;  ///< IoU of the two (of their masks where both have them); 0: one is missing
  /// 0..1: how far its score moved (a missing one's is 0), or how far the object did where that is
  /// more (1 - overlap, times the lower score); for a relabelled one the higher of the two scores.
  double amount = 0;
};

std::string_view to_text(ObjectChange::Kind kind);

/// How much the prediction of one item changed.
struct ItemChange {
  std::size_t index = 0;  ///< of the item among the records
  /// Whether people are told something else: an object lost, gained or relabelled; another first
  /// class; another decision at the threshold.
  bool changed = false;
  /// detect, segment: the length of the vector of the amounts of its lost, gained and relabelled
  /// objects and of the one among the others that changed most (so that a crowd of small moves does
  /// not come first). classify: the largest move
  /// of the probability of either first class, 0..1 (absent from the five kept: taken for as likely
  /// as it can be). anomaly: how far the score or, where that is more, the map moved (root mean
  /// square over its cells), in standard deviations of the first's scores, or map's cells, over all
  /// items.
  double amount = 0;
  std::vector<ObjectChange> objects;  ///< detect, segment; largest amount first
};

/// The items from the most to the least changed: those with another class or decision first, for
/// classify and anomaly; then by amount; then in the order given. `before` and `after` are
/// predictions of the same items in the same order. Throws invalid_argument where they are not.
/// Pure; safe from any thread.
std::vector<ItemChange> find_changes(const Task& task, std::span<const ItemRecord> before,
                                     std::span<const ItemRecord> after);

}  // namespace tamis
