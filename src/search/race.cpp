#include "search/race.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "search/shares.h"
#include "stats/random_effects.h"

namespace tamis {
namespace {

// A variant leaves the race for good, and a gain is claimed of the best of several: be surer than
// for a single verdict.
constexpr double kRaceConfidence = 0.99, kGainConfidence = 0.99, kShownConfidence = 0.95;
constexpr double kRaceResolution = 0.01, kConfirmResolution = 0.02;
constexpr double kTie = 0.03;  // width of an interval that calls two variants equal
constexpr std::size_t kRaceInstances = 16, kConfirmInstances = 10, kLeastConfirming = 3;

bool narrower(const RatioEstimate& ratio, double resolution) {
  return ratio.has_interval() && ratio.high <= ratio.low * (1 + resolution);
}

/// Undisturbed instances are waited for before one that is put aside may decide: as in `bench`,
/// until two of three were disturbed.
bool is_fit_to_decide(const RatioEstimate& ratio) {
  return ratio.has_interval() && (!ratio.disturbed || ratio.instances >= 3 * kLeastInstances);
}

/// What a phase measures in full blocks, and until when.
struct MeasuringPhase {
  Phase phase = Phase::race;
  SearchPhase told = SearchPhase::race;
  UnitKind unit = UnitKind::race;
  std::size_t most_instances = 0;
  double budget_share = 1;
  /// Drops members that nothing more is to be learnt of; true where that holds for all.
  std::function<bool(std::vector<std::size_t>& members)> settled;
};

/// An instance more of each member, with as many rounds as suit what opening costs, or as fit.
/// False where none did.
bool measure(SearchContext& context, Field& field, const MeasuringPhase& phase,
             const std::vector<std::size_t>& members) {
  constexpr std::size_t kFewest = 3;
  for (std::size_t rounds : {field.rounds_per_instance(members, Block::full), kFewest}) {
    const PhasePlan plan{phase.phase, rounds, Block::full, phase.budget_share, false};
    if (context.may_begin(field.expected_s(members, plan), plan.budget_share))
      return field.time(members, plan);
  }
  return false;
}

/// Instance after instance. False where the budget ended before all was settled.
bool measure_until_settled(SearchContext& context, Field& field, const MeasuringPhase& phase,
                           std::vector<std::size_t> members) {
  context.tell(PhaseBegan{phase.told, phase.most_instances});
  for (std::size_t done = 0; !phase.settled(members); ++done) {
    context.tell(UnitBegan{phase.unit, "", members.size(), done});
    if (!measure(context, field, phase, members)) return false;
  }
  return true;
}

std::size_t fastest_of(const Field& field, const std::vector<std::size_t>& among) {
  return *std::min_element(among.begin(), among.end(), [&](std::size_t a, std::size_t b) {
    return *field[a].ratio < *field[b].ratio;
  });
}

/// Drops those that failed or are told to be slower than the fastest. True where nothing more is to
/// be learnt.
bool settle(Field& field, std::vector<std::size_t>& running) {
  std::erase_if(running, [&](std::size_t i) { return !field.usable(i); });
  if (running.size() < 2) return true;
  const std::size_t best = fastest_of(field, running);
  bool settled = true;
  std::erase_if(running, [&](std::size_t i) {
    if (i == best) return false;
    const auto ratio = field.look(i, best, kRaceConfidence);
    const bool fit = ratio && is_fit_to_decide(*ratio);
    if (fit && ratio->low > 1) return true;
    const bool enough = field.timings().instances(field[i].key) >= kRaceInstances;
    settled = settled && (enough || (fit && narrower(*ratio, kRaceResolution)));
    return false;
  });
  return settled || running.size() < 2;
}

}  // namespace

bool tied(const RatioEstimate& ratio) {
  return ratio.low <= 1 && ratio.high >= 1 && narrower(ratio, kTie);
}

bool gained(Field& field, std::size_t i) {
  const auto ratio = field.look(i, 0, kGainConfidence);
  return ratio && ratio->has_interval() && ratio->high < 1;
}

namespace {

/// Those of the leaders that race, the fastest first; where some do not, that is said.
std::vector<std::size_t> starters(const SearchContext& context, const Field& field,
                                  const std::vector<std::size_t>& leaders) {
  std::vector<std::size_t> running;
  for (std::size_t i : field.by_objective())
    if (i != kBaseline && std::find(leaders.begin(), leaders.end(), i) != leaders.end())
      running.push_back(i);
  if (running.size() <= kMostInRace) return running;
  context.note(
      fmt::format("{} variants may be the fastest; the {} best of the screening go into the race",
                  running.size(), kMostInRace));
  running.resize(kMostInRace);
  return running;
}

/// Whether the pick's gain is known, or is as well known as it will be.
bool is_confirmed(Field& field, std::size_t pick) {
  if (!field.usable(pick)) return true;
  const std::string& key = field[pick].key;
  const std::size_t fresh = field.timings().instances(key, Phase::confirmation);
  const auto plain = field.timings().ratio(key, field.baseline().key, kShownConfidence);
  const bool known = plain && is_fit_to_decide(*plain) && narrower(*plain, kConfirmResolution);
  return fresh >= kConfirmInstances || (known && fresh >= kLeastConfirming);
}

}  // namespace

bool race(SearchContext& context, Field& field, const std::vector<std::size_t>& leaders) {
  const std::vector<std::size_t> running = starters(context, field, leaders);
  if (running.size() < 2) return true;
  MeasuringPhase phase{Phase::race,    SearchPhase::race, UnitKind::race,
                       kRaceInstances, kRaceShare,        {}};
  phase.settled = [&](std::vector<std::size_t>& left) { return settle(field, left); };
  return measure_until_settled(context, field, phase, running);
}

bool confirm(SearchContext& context, Field& field, std::size_t pick,
             std::optional<std::size_t> second) {
  if (pick == kBaseline) return true;
  std::vector<std::size_t> members{pick};
  if (second && *second != kBaseline) members.push_back(*second);
  MeasuringPhase phase{Phase::confirmation,
                       SearchPhase::confirming,
                       UnitKind::confirmation,
                       kConfirmInstances,
                       1,
                       {}};
  phase.settled = [&](std::vector<std::size_t>& left) {
    std::erase_if(left, [&](std::size_t i) { return !field.usable(i); });
    return is_confirmed(field, pick);
  };
  return measure_until_settled(context, field, phase, std::move(members));
}

namespace {

/// The first in the order of the objective.
std::size_t best_of(const Field& field, const std::vector<std::size_t>& leaders) {
  for (std::size_t i : field.by_objective())
    if (std::find(leaders.begin(), leaders.end(), i) != leaders.end()) return i;
  return leaders.front();
}

/// Whether nothing tells it from the best.
bool is_equal(const SearchContext& context, Field& field, std::size_t i, std::size_t best) {
  if (i == best) return true;
  if (!by_time(context.plan.request.objective) && field.clearly_behind(i, best)) return false;
  const auto ratio = field.look(i, best, kShownConfidence);
  return ratio && tied(*ratio);
}

Finalist finalist(const Field& field, std::size_t i) {
  const Candidate& c = field[i];
  // Relatives come after the plan, those with the fewest layers in FP32 first.
  const std::size_t place = c.from ? field.size() + c.layers_in_fp32.size() : i;
  return {c.variant.id, c.variant.recipe.size(), place};
}

}  // namespace

std::vector<Ranked> rank_finalists(
    const SearchContext& context, Field& field, std::vector<std::size_t> leaders,
    const std::function<bool(const std::string&, const std::string&)>& more_accurate) {
  std::vector<Ranked> ranked;
  while (!leaders.empty()) {
    const std::size_t best = best_of(field, leaders);
    std::vector<std::size_t> equals;
    std::vector<Finalist> options;
    for (std::size_t i : leaders) {
      if (!is_equal(context, field, i, best)) continue;
      options.push_back(finalist(field, i));
      equals.push_back(i);
    }
    const FinalChoice choice = choose(options, more_accurate);
    for (std::size_t i : equals)
      if (field[i].variant.id == choice.id) {
        ranked.push_back({i, choice, equals.size()});
        std::erase(leaders, i);
      }
  }
  return ranked;
}

}  // namespace tamis
