#include "tasks/changes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/mask.h"
#include "tasks/agreement.h"

namespace tamis {
namespace {

constexpr float kSamePlace = 0.5f;

bool is_shown(const Detection& d) { return d.score >= kConfidentBox; }

/// Two boxes of the two predictions that may be the same object.
struct Pair {
  std::size_t before, after;
  float iou;
  int rank;  ///< lower is paired first
};

/// Both shown and of one class; both shown; one shown, the other too unsure. Absent: no pair.
std::optional<int> rank_of(const Detection& a, const Detection& b) {
  const bool same = a.label == b.label, both = is_shown(a) && is_shown(b);
  if (both) return same ? 0 : 1;
  if (same && (is_shown(a) || is_shown(b))) return 2;
  return std::nullopt;
}

std::vector<Pair> possible_pairs(const Prediction& before, const Prediction& after) {
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < before.boxes.size(); ++i)
    for (std::size_t j = 0; j < after.boxes.size(); ++j) {
      const std::optional<int> rank = rank_of(before.boxes[i], after.boxes[j]);
      if (!rank) continue;
      const float overlap = iou(before.boxes[i].box, after.boxes[j].box);
      if (overlap >= kSamePlace) pairs.push_back({i, j, overlap, *rank});
    }
  std::stable_sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) {
    return std::pair(a.rank, -a.iou) < std::pair(b.rank, -b.iou);
  });
  return pairs;
}

/// Of the masks where both have one, else of the boxes.
double overlap_of(const Prediction& before, std::size_t i, const Prediction& after, std::size_t j) {
  const bool masks =
      !before.masks.empty() && !after.masks.empty() && before.mask_size == after.mask_size;
  if (!masks) return static_cast<double>(iou(before.boxes[i].box, after.boxes[j].box));
  const Mask a = parse_mask(before.masks.at(i), before.mask_size),
             b = parse_mask(after.masks.at(j), after.mask_size);
  const auto common = static_cast<double>(intersection(a, b));
  const double all = static_cast<double>(area(a)) + static_cast<double>(area(b)) - common;
  return all > 0 ? common / all : 0;
}

ObjectChange paired(const Prediction& before, const Prediction& after, const Pair& pair) {
  const Detection &a = before.boxes[pair.before], &b = after.boxes[pair.after];
  ObjectChange change{ObjectChange::Kind::same, pair.before, pair.after,
                      overlap_of(before, pair.before, after, pair.after), 0};
  const double moved = std::abs(static_cast<double>(a.score) - static_cast<double>(b.score));
  const double lower = std::min(a.score, b.score), higher = std::max(a.score, b.score);
  if (a.label != b.label)
    change.kind = ObjectChange::Kind::relabelled;
  else if (!is_shown(b))
    change.kind = ObjectChange::Kind::lost;
  else if (!is_shown(a))
    change.kind = ObjectChange::Kind::gained;
  const double elsewhere = (1 - change.overlap) * lower;
  change.amount =
      change.kind == ObjectChange::Kind::relabelled ? higher : std::max(moved, elsewhere);
  return change;
}

/// What of one side has no counterpart at all.
void add_unpaired(const std::vector<Detection>& boxes, const std::vector<char>& used,
                  ObjectChange::Kind kind, std::vector<ObjectChange>& to) {
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    if (used[i] != 0 || !is_shown(boxes[i])) continue;
    ObjectChange change;
    change.kind = kind;
    (kind == ObjectChange::Kind::lost ? change.before : change.after) = i;
    change.amount = static_cast<double>(boxes[i].score);
    to.push_back(change);
  }
}

ItemChange change_of_objects(const Prediction& before, const Prediction& after) {
  std::vector<char> used_before(before.boxes.size()), used_after(after.boxes.size());
  ItemChange item;
  for (const Pair& pair : possible_pairs(before, after)) {
    if (used_before[pair.before] != 0 || used_after[pair.after] != 0) continue;
    used_before[pair.before] = used_after[pair.after] = 1;
    item.objects.push_back(paired(before, after, pair));
  }
  add_unpaired(before.boxes, used_before, ObjectChange::Kind::lost, item.objects);
  add_unpaired(after.boxes, used_after, ObjectChange::Kind::gained, item.objects);
  std::stable_sort(
      item.objects.begin(), item.objects.end(),
      [](const ObjectChange& a, const ObjectChange& b) { return a.amount > b.amount; });
  double squares = 0, most_of_same = 0;
  for (const ObjectChange& o : item.objects) {
    const bool same = o.kind == ObjectChange::Kind::same;
    item.changed = item.changed || !same;
    if (same) most_of_same = std::max(most_of_same, o.amount);
    if (!same) squares += o.amount * o.amount;
  }
  item.amount = std::sqrt(squares + most_of_same * most_of_same);
  return item;
}

/// Of a class that is not among those kept: at most the least of them, and at most what they leave.
double probability_of(const Prediction& p, int label) {
  double left = 1, least = 1;
  for (std::size_t i = 0; i < p.top.size(); ++i) {
    const auto probability = static_cast<double>(p.probabilities[i]);
    if (p.top[i] == label) return probability;
    left -= probability;
    least = std::min(least, probability);
  }
  return std::clamp(left, 0.0, least);
}

ItemChange change_of_class(const Prediction& before, const Prediction& after) {
  ItemChange item;
  if (before.top.empty() || after.top.empty()) return item;
  item.changed = before.top.front() != after.top.front();
  if (before.probabilities.empty() || after.probabilities.empty()) {
    item.amount = item.changed ? 1 : 0;
    return item;
  }
  for (int label : {before.top.front(), after.top.front()})
    item.amount = std::max(item.amount,
                           std::abs(probability_of(before, label) - probability_of(after, label)));
  return item;
}

/// Standard deviation of values taken one by one.
class Spread {
 public:
  void add(double value) {
    ++count_;
    const double step = value - mean_;
    mean_ += step / static_cast<double>(count_);
    squares_ += step * (value - mean_);
  }
  double deviation() const {
    return count_ < 2 ? 0 : std::sqrt(squares_ / static_cast<double>(count_ - 1));
  }

 private:
  std::size_t count_ = 0;
  double mean_ = 0, squares_ = 0;
};

double mean_square(const CoarseMap& a, const CoarseMap& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.levels.size(); ++i) {
    const auto moved = static_cast<double>(a.at(i)) - static_cast<double>(b.at(i));
    sum += moved * moved;
  }
  return sum / static_cast<double>(a.levels.size());
}

std::vector<ItemChange> changes_of_anomalies(std::span<const ItemRecord> before,
                                             std::span<const ItemRecord> after) {
  Spread scores, cells;
  for (const ItemRecord& r : before) {
    const AnomalyPrediction& p = r.prediction.anomaly.value();
    scores.add(static_cast<double>(p.score));
    for (std::size_t i = 0; p.coarse && i < p.coarse->levels.size(); ++i)
      cells.add(static_cast<double>(p.coarse->at(i)));
  }
  const auto in_deviations = [](double moved, const Spread& spread) {
    return spread.deviation() > 0 ? moved / spread.deviation() : 0.0;
  };
  std::vector<ItemChange> out(before.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    const AnomalyPrediction &a = before[i].prediction.anomaly.value(),
                            &b = after[i].prediction.anomaly.value();
    out[i].changed = a.flagged != b.flagged;
    out[i].amount = in_deviations(
        std::abs(static_cast<double>(a.score) - static_cast<double>(b.score)), scores);
    if (a.coarse && b.coarse && a.coarse->size == b.coarse->size)
      out[i].amount = std::max(out[i].amount,
                               in_deviations(std::sqrt(mean_square(*a.coarse, *b.coarse)), cells));
  }
  return out;
}

void check_same_items(std::span<const ItemRecord> before, std::span<const ItemRecord> after) {
  bool same = before.size() == after.size();
  for (std::size_t i = 0; same && i < before.size(); ++i) same = before[i].item == after[i].item;
  if (!same)
    throw Error(ErrorCode::invalid_argument,
                "changes: the two hold predictions of different items, or in another order");
}

}  // namespace

std::string_view to_text(ObjectChange::Kind kind) {
  static constexpr std::array<std::string_view, 4> kNames{"same", "lost", "gained", "relabelled"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::vector<ItemChange> find_changes(const Task& task, std::span<const ItemRecord> before,
                                     std::span<const ItemRecord> after) {
  check_same_items(before, after);
  const bool objects = task.kind == TaskKind::detect || task.kind == TaskKind::segment;
  std::vector<ItemChange> out;
  if (task.kind == TaskKind::anomaly)
    out = changes_of_anomalies(before, after);
  else
    for (std::size_t i = 0; i < before.size(); ++i)
      out.push_back((objects ? change_of_objects : change_of_class)(before[i].prediction,
                                                                    after[i].prediction));
  for (std::size_t i = 0; i < out.size(); ++i) out[i].index = i;
  std::stable_sort(out.begin(), out.end(), [objects](const ItemChange& a, const ItemChange& b) {
    if (!objects && a.changed != b.changed) return a.changed;
    return a.amount > b.amount;
  });
  return out;
}

}  // namespace tamis
