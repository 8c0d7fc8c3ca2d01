#include "search/screening.h"

#include <algorithm>

#include "search/screening_order.h"
#include "search/shares.h"

namespace tamis {
namespace {

constexpr PhasePlan kFirst{Phase::screening, 3, Block::brief, kScreeningShare, false};
constexpr PhasePlan kMore{Phase::screening, 3, Block::brief, kRefiningShare, false};
constexpr std::size_t kSweepInstances = 4;
constexpr PhasePlan kSweep{Phase::screening, 8, Block::brief, kScreeningShare, false};

/// Collects candidates into groups that are timed together.
class Grouping {
 public:
  Grouping(SearchContext& context, Field& field, const PhasePlan& plan)
      : context_(context), field_(field), plan_(plan) {}

  /// Takes it into the group, and times the group once it is full. False where it does not fit into
  /// the budget's share.
  bool add(std::size_t i) {
    if (!fits(i)) {
      flush();  // what is expected of a smaller group is less, and may be corrected by now
      if (!fits(i)) return false;
    }
    if (!field_.prepare(i)) return true;
    group_.push_back(i);
    if (group_.size() >= field_.timer().most_members()) flush();
    return true;
  }

  /// Times those that wait. False where nothing could be measured of them.
  bool flush() {
    if (group_.empty()) return true;
    context_.tell(UnitBegan{UnitKind::variant, field_.label(group_.front()), group_.size(), done_});
    done_ += group_.size();
    const bool measured = field_.time(group_, plan_);
    group_.clear();
    return measured;
  }

 private:
  bool fits(std::size_t i) const {
    std::vector<std::size_t> with = group_;
    const bool built = field_[i].artefact.has_value();
    const double build_s = built ? 0 : expected_build_s(context_, field_[i].variant);
    // One that is not built has the baseline's place in the estimate.
    if (built) with.push_back(i);
    return context_.may_begin(build_s + field_.expected_s(with, plan_), plan_.budget_share);
  }

  SearchContext& context_;
  Field& field_;
  PhasePlan plan_;
  std::vector<std::size_t> group_;
  std::size_t done_ = 0;
};

std::vector<std::size_t> promising_first(const SearchContext& context, const Field& field) {
  std::vector<Variant> variants;
  for (const Candidate& c : field.candidates()) variants.push_back(c.variant);
  return screening_order(variants, context.place, context.parent.card().input_size);
}

/// For an objective that is no time: the best by their values, each with two instances.
std::vector<std::size_t> next_by_value(const Field& field, const std::vector<std::size_t>& front) {
  constexpr std::size_t kInstances = 2;
  std::vector<std::size_t> next;
  for (std::size_t i : front)
    if (field.levels()[i].size() < kInstances) next.push_back(i);
  return next;
}

std::vector<std::size_t> front_by_value(const Field& field, const std::vector<std::size_t>& among) {
  std::vector<std::size_t> front;
  for (std::size_t i : field.by_objective()) {
    if (std::find(among.begin(), among.end(), i) == among.end()) continue;
    if (front.empty() || !field.clearly_behind(i, front.front())) front.push_back(i);
  }
  return front;
}

/// The levels of these candidates alone.
std::vector<Levels> levels_of(const Field& field, const std::vector<std::size_t>& among) {
  std::vector<Levels> found(field.size());
  for (std::size_t i : among)
    if (i != kBaseline && field.usable(i)) found[i] = field.levels()[i];
  return found;
}

}  // namespace

bool screen_all(SearchContext& context, Field& field) {
  context.tell(PhaseBegan{SearchPhase::screening, field.size()});
  if (!field.baseline().ratio) {
    PhasePlan plan = kFirst;
    plan.at_any_price = true;
    field.time({0}, plan);
  }
  Grouping grouping(context, field, kFirst);
  bool complete = true;
  for (std::size_t i : promising_first(context, field))
    if (i != kBaseline && !field[i].ratio && !field[i].failure)
      complete = grouping.add(i) && complete;
  return grouping.flush() && complete;
}

Front refine(SearchContext& context, Field& field, const std::vector<std::size_t>& candidates) {
  const bool timed = by_time(context.plan.request.objective);
  Front front;
  for (;;) {
    std::vector<std::size_t> left;
    for (std::size_t i : candidates)
      if (field.usable(i)) left.push_back(i);
    const std::vector<Levels> found = levels_of(field, left);
    front.members = timed ? front_of(found) : front_by_value(field, left);
    const std::vector<std::size_t> next =
        timed ? next_to_time(found) : next_by_value(field, front.members);
    if (next.empty()) return front;
    Grouping grouping(context, field, kMore);
    for (std::size_t i : next) front.complete = grouping.add(i) && front.complete;
    front.complete = grouping.flush() && front.complete;
    if (!front.complete) break;
  }
  std::erase_if(front.members, [&](std::size_t i) { return !field.usable(i); });
  return front;
}

bool measure_all(SearchContext& context, Field& field) {
  bool complete = screen_all(context, field);
  Grouping grouping(context, field, kSweep);
  for (std::size_t instance = 1; instance < kSweepInstances && complete; ++instance)
    for (std::size_t i : field.all_but_baseline())
      if (field.usable(i) && field.timings().instances(field[i].key) <= instance)
        complete = grouping.add(i) && complete;
  return grouping.flush() && complete;
}

}  // namespace tamis
