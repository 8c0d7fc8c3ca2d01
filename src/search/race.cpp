#include "search/race.h"

#include <fmt/format.h>

#include <algorithm>

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

/// An instance more of each of these in full blocks, with as many rounds as suit what opening
/// costs, or as fit. False where none did.
bool measure(SearchContext& context, Field& field, Phase phase,
             const std::vector<std::size_t>& members, double share, std::size_t rounds) {
  constexpr std::size_t kFewest = 3;
  for (std::size_t left : {rounds, kFewest}) {
    const PhasePlan plan{phase, left, Block::full, share, false};
    if (context.may_begin(field.expected_s(members, plan), share)) return field.time(members, plan);
  }
  return false;
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

bool race(SearchContext& context, Field& field, const std::vector<std::size_t>& leaders) {
  std::vector<std::size_t> running;
  for (std::size_t i : field.by_objective())
    if (i != kBaseline && std::find(leaders.begin(), leaders.end(), i) != leaders.end())
      running.push_back(i);
  if (running.size() > kMostInRace) {
    context.note(
        fmt::format("{} variants may be the fastest; the {} best of the screening go into the race",
                    running.size(), kMostInRace));
    running.resize(kMostInRace);
  }
  if (running.size() < 2) return true;
  context.tell(PhaseBegan{SearchPhase::race, kRaceInstances});
  for (std::size_t done = 0; !settle(field, running); ++done) {
    context.tell(UnitBegan{UnitKind::race, "", running.size(), done});
    if (!measure(context, field, Phase::race, running, kRaceShare,
                 field.rounds_per_instance(running, Block::full)))
      return false;
  }
  return true;
}

bool confirm(SearchContext& context, Field& field, std::size_t pick,
             std::optional<std::size_t> second) {
  if (pick == kBaseline) return true;
  std::vector<std::size_t> members{pick};
  if (second && *second != kBaseline && field.usable(*second)) members.push_back(*second);
  context.tell(PhaseBegan{SearchPhase::confirming, kConfirmInstances});
  for (std::size_t done = 0;; ++done) {
    const std::string& key = field[pick].key;
    const std::size_t fresh = field.timings().instances(key, Phase::confirmation);
    const auto plain = field.timings().ratio(key, field.baseline().key, kShownConfidence);
    const bool known = plain && is_fit_to_decide(*plain) && narrower(*plain, kConfirmResolution);
    if (fresh >= kConfirmInstances || (known && fresh >= kLeastConfirming)) return true;
    context.tell(UnitBegan{UnitKind::confirmation, "", members.size(), done});
    if (!measure(context, field, Phase::confirmation, members, 1,
                 field.rounds_per_instance(members, Block::full)))
      return false;
    if (!field.usable(pick)) return true;
    std::erase_if(members, [&](std::size_t i) { return !field.usable(i); });
  }
}

std::vector<Ranked> rank_finalists(
    const SearchContext& context, Field& field, std::vector<std::size_t> leaders,
    const std::function<bool(const std::string&, const std::string&)>& more_accurate) {
  std::vector<Ranked> ranked;
  while (!leaders.empty()) {
    std::size_t best = leaders.front();
    for (std::size_t i : field.by_objective())
      if (std::find(leaders.begin(), leaders.end(), i) != leaders.end()) {
        best = i;
        break;
      }
    std::vector<std::size_t> equals;
    std::vector<Finalist> options;
    for (std::size_t i : leaders) {
      if (i != best && !by_time(context.plan.request.objective) && field.clearly_behind(i, best))
        continue;
      const auto ratio = i == best ? std::nullopt : field.look(i, best, kShownConfidence);
      if (i != best && !(ratio && tied(*ratio))) continue;
      const Candidate& c = field[i];
      // Relatives come after the plan, those with the fewest layers in FP32 first.
      const std::size_t place = c.from ? field.size() + c.layers_in_fp32.size() : i;
      options.push_back({c.variant.id, c.variant.recipe.size(), place});
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
