#include "search/search_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/clock.h"
#include "base/percent.h"
#include "base/units.h"
#include "search/decide.h"
#include "search/explain_pick.h"
#include "search/failures.h"
#include "search/promise.h"
#include "stats/sequential.h"

namespace tamis {
namespace {

constexpr std::size_t kMostInRace = 6;
constexpr std::size_t kRaceRounds = 120;
constexpr std::size_t kConfirmRounds = 60;
constexpr double kRaceResolution = 0.01;
constexpr double kConfirmResolution = 0.02;
constexpr double kPairConfidence = 0.95;
constexpr double kRaceConfidence =
    0.99;  // a variant leaves the race for good: be surer than for a single verdict
// Parts of the budget by whose end a phase stops taking on new units.
constexpr double kScreeningShare = 0.5, kJudgingShare = 0.75, kRaceShare = 0.9;

RatioEstimate inverse(const RatioEstimate& r) {
  return {1 / r.ratio, 1 / r.high, 1 / r.low, r.rounds};
}

/// Why the baseline is the pick, among so many that cannot be told apart in speed.
std::string why_baseline(std::size_t finalists) {
  if (finalists < 2) return "no faster variant meets the gates";
  return fmt::format(
      "{} variants, the baseline among them, can be told apart neither in speed nor in accuracy: "
      "nothing is gained by another",
      finalists);
}

}  // namespace

SearchRun::SearchRun(SearchContext& context) : context_(context) {
  bool every = context.request.exhaustive;
  for (Variant& v : expand_grid(context.facts, context.request.axes, every)) {
    candidates_.emplace_back();
    candidates_.back().variant = std::move(v);
  }
}

std::string SearchRun::label(std::size_t candidate) const {
  const Variant& v = candidates_[candidate].variant;
  return v.id + " (" + variant_name(v) + ")";
}

void SearchRun::add_comparison(const std::string& a, const std::string& b, const RatioEstimate& r) {
  outcome_.comparisons.push_back({{"a", a},
                                  {"b", b},
                                  {"ratio", r.ratio},
                                  {"low", r.low},
                                  {"high", r.high},
                                  {"rounds", r.rounds},
                                  {"verdict", to_text(verdict(r))}});
}

bool SearchRun::screen(Candidate& c) {
  static constexpr const char* kRole = "variant";
  try {
    c.artefact = ensure_artefact(context_, c.variant.recipe);
    c.screening = screener_->screen(c.variant);
  } catch (const Error& e) {
    if (e.code() == ErrorCode::io) throw;  // a full disk is no variant's fault
    c.failure = Failure{e.code(), e.what(),
                        c.artefact ? bench_command(context_, c.variant, *c.artefact)
                                   : build_command(context_, c.variant.recipe)};
    return false;
  }
  auto pair = c.screening->rounds.pair(kRole, "baseline");
  c.screened = paired_ratio(pair.a, pair.b, kPairConfidence);
  c.speedup = inverse(*c.screened);
  c.samples = c.screening->rounds.samples(kRole);
  c.timed_in = "screening";
  judge_hard_gates(c, context_.request.gates, context_.request.confidence);
  return true;
}

void SearchRun::screen_all() {
  if (context_.listener.phase) context_.listener.phase("screening", candidates_.size());
  screener_ = std::make_unique<Screener>(context_, candidates_[0].variant);
  std::vector<Variant> variants;
  for (const Candidate& c : candidates_) variants.push_back(c.variant);
  std::size_t done = 0;
  for (std::size_t i : screening_order(variants, context_.card().input_size)) {
    if (i > 0 && context_.out_of_time(kScreeningShare)) {
      outcome_.budget_ended = true;
      break;
    }
    if (context_.listener.unit) context_.listener.unit(label(i), done++);
    if (!screen(candidates_[i]) && i == 0)
      throw Error(candidates_[0].failure->code, "baseline: " + candidates_[0].failure->text);
    if (i == 0) context_.inference_s = candidates_[0].screening->info.warm_ms * 1e-3;
  }
  screener_.reset();
  judge_ = std::make_unique<AccuracyJudge>(context_, candidates_[0].variant,
                                           candidates_[0].screening->output_hash);
  judge_->share_error(answers_to_judge());
  share_error_with_relatives();
}

std::vector<std::size_t> SearchRun::by_objective() const {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < candidates_.size(); ++i)
    if (candidates_[i].screening) order.push_back(i);
  Objective objective = context_.request.objective;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    double va = objective_value(candidates_[a], objective),
           vb = objective_value(candidates_[b], objective);
    if (va != vb) return va < vb;
    return candidates_[a].screened->ratio < candidates_[b].screened->ratio;
  });
  return order;
}

bool SearchRun::judge(std::size_t index, bool full) {
  Candidate& c = candidates_[index];
  if (c.failure || c.hard == GateOutcome::missed) return false;
  if (context_.interrupted()) return c.judgement && c.gate() == GateOutcome::met;
  if (c.judgement && (!full || c.judgement->seen == c.judgement->items))
    return c.gate() == GateOutcome::met;
  if (context_.listener.unit) context_.listener.unit("accuracy of " + label(index), judged_++);
  try {
    c.judgement = judge_->judge(c.variant, c.screening->output_hash, full);
  } catch (const Error& e) {
    // Unusable pictures concern every variant: that is the user's to settle, not a variant's
    // failure.
    if (index == 0 || e.code() == ErrorCode::corrupt_data ||
        e.code() == ErrorCode::invalid_argument || e.code() == ErrorCode::io)
      throw;
    c.failure = Failure{e.code(), e.what(), eval_command(context_, c.variant, *c.artefact)};
    return false;
  }
  return c.gate() == GateOutcome::met;
}

bool SearchRun::clearly_behind(const Candidate& c, const Candidate& leader) const {
  Objective objective = context_.request.objective;
  if (!by_time(objective)) {
    constexpr double kPracticallyEqual = 1.01;
    return objective_value(c, objective) > kPracticallyEqual * objective_value(leader, objective);
  }
  return c.screened->low > leader.screened->high;
}

bool SearchRun::behind_any(const Candidate& c, const std::vector<std::size_t>& leaders) const {
  return c.screening && std::any_of(leaders.begin(), leaders.end(), [&](std::size_t l) {
           return clearly_behind(c, candidates_[l]);
         });
}

/// The different answers among those that may come to be judged and picked. Known before any
/// accuracy is, so that the error can be shared among them.
std::size_t SearchRun::answers_to_judge() const {
  const Candidate& baseline = candidates_[0];
  bool baseline_may_miss = context_.request.gates.min_accuracy || baseline.hard != GateOutcome::met;
  std::set<std::string> answers;
  for (std::size_t i = 1; i < candidates_.size(); ++i) {
    const Candidate& c = candidates_[i];
    const RunSettings& s = c.variant.settings;
    // One that could not be measured counts where its relatives may be judged.
    if (c.failure && may_give_back(c))
      answers.insert(canonical_text(to_json(c.variant.recipe)) + s.backend + s.device +
                     s.inference_precision.value_or(""));
    if (!c.screening || c.hard == GateOutcome::missed) continue;
    if (!baseline_may_miss && clearly_behind(c, baseline)) continue;
    answers.insert(c.artefact->key + s.backend + s.device + s.inference_precision.value_or("") +
                   c.screening->output_hash);
  }
  return std::max<std::size_t>(1, answers.size());
}

std::vector<std::size_t> SearchRun::find_leaders() {
  judged_ = 0;
  if (context_.listener.phase) context_.listener.phase("accuracy", candidates_.size());
  judge(0, context_.request.exhaustive);
  std::vector<std::size_t> leaders;
  std::vector<std::size_t> order = by_objective();
  for (std::size_t n = 0; n < order.size(); ++n) {
    Candidate& c = candidates_[order[n]];
    bool behind = behind_any(c, leaders);
    c.screened_out = behind && order[n] != 0;
    if (behind && !context_.request.exhaustive) continue;
    if (c.from && !c.judgement) continue;  // its turn is over (give_back.h)
    if (!c.judgement && context_.out_of_time(kJudgingShare)) {
      outcome_.budget_ended = true;
      continue;  // the baseline, judged already, may still come
    }
    bool met = order[n] == 0 ? !candidates_[0].failure && candidates_[0].gate() == GateOutcome::met
                             : judge(order[n], context_.request.exhaustive);
    if (met && !behind) leaders.push_back(order[n]);
  }
  return give_layers_back(std::move(leaders));
}

std::vector<std::size_t> SearchRun::race(std::vector<std::size_t> leaders) {
  if (leaders.size() > kMostInRace) {
    context_.note(fmt::format("{} variants may be the fastest; the {} that screened best race",
                              leaders.size(), kMostInRace));
    leaders.resize(kMostInRace);
  }
  if (leaders.size() < 2) return leaders;
  std::sort(leaders.begin(), leaders.end());  // the race's key must not hang on noise
  std::vector<Variant> variants;
  for (std::size_t l : leaders) variants.push_back(candidates_[l].variant);
  if (context_.listener.phase) context_.listener.phase("race", kRaceRounds);
  StoredRace race(context_, "race", variants);
  PairedStopping stopping({kRaceConfidence, 10, kRaceRounds, kRaceResolution});
  std::vector<std::size_t> running = leaders;
  for (std::size_t round = 1; round <= kRaceRounds && running.size() > 1; ++round) {
    if (context_.out_of_time(kRaceShare)) {
      outcome_.budget_ended = true;
      break;
    }
    if (context_.listener.unit)
      context_.listener.unit(fmt::format("{} variants", running.size()), round);
    bool more = race.next_round();
    note_failures(race, running);
    if (!more || running.size() < 2) break;
    if (!stopping.is_look(race.table().size())) continue;
    auto time_of = [&](std::size_t i) {
      auto pair = race.table().pair(candidates_[i].variant.id, candidates_[running[0]].variant.id);
      return paired_ratio(pair.a, pair.b, kPairConfidence).ratio;
    };
    std::size_t best =
        *std::min_element(running.begin(), running.end(),
                          [&](std::size_t a, std::size_t b) { return time_of(a) < time_of(b); });
    bool all_settled = true;
    std::vector<std::size_t> slower;
    for (std::size_t i : running) {
      if (i == best) continue;
      auto pair = race.table().pair(candidates_[i].variant.id, candidates_[best].variant.id);
      Decision decision = stopping.look(pair.a, pair.b);
      if (decision.stop && verdict(decision.estimate) == Verdict::slower) {
        add_comparison(candidates_[i].variant.id, candidates_[best].variant.id, decision.estimate);
        race.drop(candidates_[i].variant.id);
        slower.push_back(i);
      } else if (!decision.stop) {
        all_settled = false;
      }
    }
    for (std::size_t i : slower) std::erase(running, i);
    if (all_settled) break;
  }
  note_failures(race, running);
  for (std::size_t i : leaders) {
    auto samples = race.table().samples(candidates_[i].variant.id);
    if (samples.empty()) continue;
    candidates_[i].raced = true;
    candidates_[i].samples = samples;
    candidates_[i].timed_in = "race";
  }
  for (std::size_t a = 0; a < running.size(); ++a)
    for (std::size_t b = a + 1; b < running.size(); ++b) {
      auto pair =
          race.table().pair(candidates_[running[a]].variant.id, candidates_[running[b]].variant.id);
      if (pair.a.size() < 2) continue;
      add_comparison(candidates_[running[a]].variant.id, candidates_[running[b]].variant.id,
                     stopping.finish(pair.a, pair.b).estimate);
    }
  return running;
}

/// A variant whose worker died in a race is out of it, and out of the search.
void SearchRun::note_failures(const StoredRace& race, std::vector<std::size_t>& running) {
  for (const RoundFailure& f : race.failures())
    for (std::size_t i = 0; i < candidates_.size(); ++i)
      if (candidates_[i].variant.id == f.id && !candidates_[i].failure) {
        candidates_[i].failure =
            Failure{parse_error_code(f.error.at("code").get<std::string>()), f.error.at("text"),
                    bench_command(context_, candidates_[i].variant, *candidates_[i].artefact)};
        std::erase(running, i);
      }
}

std::size_t SearchRun::pick_among(const std::vector<std::size_t>& finalists) {
  std::vector<Finalist> options;
  for (std::size_t i : finalists) {
    const Candidate& c = candidates_[i];
    // Relatives come after the plan, those with the fewest layers in FP32 first.
    std::size_t place = c.from ? candidates_.size() + c.given_back.size() : i;
    options.push_back({c.variant.id, c.variant.recipe.size(), place});
  }
  FinalChoice choice = choose(options, [&](const std::string& a, const std::string& b) {
    return judge_->more_accurate(a, b);
  });
  bool plain_baseline = choice.id == candidates_[0].variant.id && !choice.more_accurate;
  outcome_.reasons = {plain_baseline ? why_baseline(finalists.size()) : choice.why};
  if (choice.more_accurate && context_.agreement != nullptr)
    outcome_.reasons[0] += " (agrees most with the baseline)";
  for (std::size_t i : finalists)
    if (candidates_[i].variant.id == choice.id) return i;
  return finalists.front();
}

void SearchRun::confirm(std::size_t pick, std::optional<std::size_t> runner_up) {
  if (pick == 0) return;
  std::vector<Variant> variants{candidates_[0].variant, candidates_[pick].variant};
  if (runner_up && *runner_up != 0) variants.push_back(candidates_[*runner_up].variant);
  if (context_.listener.phase) context_.listener.phase("confirming", kConfirmRounds);
  StoredRace race(context_, "confirm", variants);
  PairedStopping stopping({kPairConfidence, 10, kConfirmRounds, kConfirmResolution});
  const std::string base = candidates_[0].variant.id, own = candidates_[pick].variant.id;
  for (std::size_t round = 1; round <= kConfirmRounds; ++round) {
    if (context_.interrupted() || (round > 10 && context_.out_of_time())) break;
    if (context_.listener.unit) context_.listener.unit("the pick against the baseline", round);
    if (!race.next_round()) break;
    if (!stopping.is_look(race.table().size())) continue;
    auto pair = race.table().pair(base, own);
    if (pair.a.size() < 2) break;
    Decision d = stopping.look(pair.a, pair.b);
    if (d.estimate.high / d.estimate.low <= 1 + kConfirmResolution) break;
  }
  std::vector<std::size_t> none;
  note_failures(race, none);
  if (race.table().size() < 2 || candidates_[0].failure || candidates_[pick].failure) return;
  for (const Variant& v : variants) {
    for (Candidate& c : candidates_)
      if (c.variant.id == v.id && c.variant.id != base) {
        auto pair = race.table().pair(base, v.id);
        if (pair.a.size() < 2) continue;
        c.speedup = stopping.finish(pair.a, pair.b).estimate;
        add_comparison(v.id, base, inverse(*c.speedup));
      }
    for (Candidate& c : candidates_)
      if (auto samples = race.table().samples(v.id); c.variant.id == v.id && !samples.empty()) {
        c.samples = samples;
        c.timed_in = "confirmation";
      }
  }
  if (context_.interrupted() || context_.under_load()) return;
  try {
    for (auto& [id, times] : race.times_from_file())
      for (Candidate& c : candidates_)
        if (c.variant.id == id) c.from_file_ns = times;
  } catch (const Error& e) {
    if (e.code() == ErrorCode::io) throw;
    context_.note(fmt::format("from-file times are absent: {}", e.what()));
  }
}

std::optional<std::size_t> SearchRun::second_to(std::size_t pick) const {
  for (std::size_t i : by_objective())
    if (i != pick && !candidates_[i].failure && candidates_[i].gate() == GateOutcome::met) return i;
  return std::nullopt;
}

/// Settles the accuracy on all items and the gain on fresh rounds. False when the candidate turns
/// out not to meet its gates.
bool SearchRun::holds(std::size_t pick) {
  if (pick != 0 && !context_.interrupted() && !judge(pick, true)) return false;
  judge(0, true);  // the baseline's own figure then rests on the same items
  outcome_.runner_up = second_to(pick);
  confirm(pick, outcome_.runner_up);
  judge_hard_gates(candidates_[pick], context_.request.gates, context_.request.confidence);
  return !candidates_[pick].failure && candidates_[pick].gate() == GateOutcome::met;
}

void SearchRun::decide() {
  std::vector<std::size_t> leaders = find_leaders();
  while (!leaders.empty()) {
    std::vector<std::size_t> finalists = race(leaders);
    if (finalists.empty()) {
      leaders = find_leaders();  // all of them died
      continue;
    }
    std::size_t pick = pick_among(finalists);
    if (holds(pick)) {
      const Candidate& c = candidates_[pick];
      bool gained =
          pick == 0 || !by_time(context_.request.objective) || (c.speedup && c.speedup->low > 1);
      if (!gained && candidates_[0].gate() == GateOutcome::met) {
        outcome_.reasons = {
            "no variant that meets the gates is faster than the baseline beyond what this machine "
            "can tell"};
        outcome_.runner_up = pick;
        pick = 0;
      }
      outcome_.pick = pick;
      outcome_.status = "met";
      return;
    }
    leaders = find_leaders();  // without this one; slower ones may lead now
  }
  outcome_.pick = 0;
  outcome_.status = "nearest_miss";
}

void SearchRun::find_estimated() {
  for (std::size_t i : by_objective()) {
    const Candidate& c = candidates_[i];
    if (i == outcome_.pick || c.failure || c.gate() != GateOutcome::estimated) continue;
    const Candidate& pick = candidates_[outcome_.pick];
    bool ahead = by_time(context_.request.objective) ? c.screened->high < pick.screened->low
                                                     : clearly_behind(pick, c);
    if (!ahead) continue;
    outcome_.fastest_estimated = i;
    return;
  }
}

void SearchRun::find_nearest_miss() {
  double best = -1;
  for (std::size_t i : by_objective()) {
    const Candidate& c = candidates_[i];
    if (c.failure || (!c.judgement && c.hard != GateOutcome::missed)) continue;
    double nearness = c.judgement ? c.judgement->probability : 0;
    if (c.hard == GateOutcome::missed) nearness = nearness * 0.5;
    if (nearness <= best) continue;
    best = nearness;
    outcome_.nearest_miss = i;
    outcome_.nearest_miss_text =
        c.hard_reason.empty() && c.judgement ? c.judgement->reason : c.hard_reason;
  }
}

SearchOutcome SearchRun::run() {
  screen_all();
  decide();
  find_estimated();
  if (outcome_.status == "nearest_miss") find_nearest_miss();
  if (context_.interrupted()) outcome_.status = "interrupted";
  explain();
  explain_handed_over();
  find_changes_of_predictions();
  return outcome_;
}

/// The pick; where nothing but the baseline is handed over, what came nearest.
std::optional<ChangedVariant> SearchRun::changed_variant() const {
  if (outcome_.pick != 0) return ChangedVariant{candidates_[outcome_.pick].variant.id, "pick"};
  if (outcome_.status != "nearest_miss" || !outcome_.nearest_miss || *outcome_.nearest_miss == 0)
    return std::nullopt;
  return ChangedVariant{candidates_[*outcome_.nearest_miss].variant.id, "nearest_miss"};
}

void SearchRun::find_changes_of_predictions() {
  const auto changed = changed_variant();
  const auto judged = [this](const std::string& id) {
    return std::any_of(candidates_.begin(), candidates_.end(), [&id](const Candidate& c) {
      return c.variant.id == id && c.judgement && !c.failure;
    });
  };
  if (!changed)
    outcome_.changes = {{"reason",
                         "the baseline itself is handed over: its predictions are the "
                         "same by definition"}};
  else if (!judged(changed->id) || !judged(candidates_[0].variant.id))
    outcome_.changes = {{"reason", changed->id + " was not evaluated on the items"}};
  else
    try {
      outcome_.changes = changes_json(context_, *changed, judge_->with_baseline(changed->id));
    } catch (const Error& e) {  // what was decided stands without it
      if (e.code() == ErrorCode::io) throw;
      outcome_.changes = {{"reason", e.what()}};
    }
}

void SearchRun::explain_handed_over() {
  const Candidate& handed = candidates_[outcome_.pick];
  if (context_.interrupted() || !handed.artefact || handed.failure) return;
  if (context_.out_of_time()) {
    outcome_.explained = {{"reason", "the budget had ended"}};
    return;
  }
  outcome_.explained = explain_pick(context_, handed.variant, *handed.artefact);
}

void SearchRun::explain() {
  const Candidate& pick = candidates_[outcome_.pick];
  std::vector<std::string>& why = outcome_.reasons;
  if (outcome_.status == "nearest_miss")
    why = {pick.variant.recipe.empty()
               ? "no variant meets the gates; the parent is handed over unchanged"
               : "no variant meets the gates; the baseline is handed over",
           outcome_.nearest_miss
               ? "nearest: " + label(*outcome_.nearest_miss) + ": " + outcome_.nearest_miss_text
               : "nothing could be judged"};
  if (outcome_.pick != 0 && pick.speedup)
    why.push_back(fmt::format("{:.2f} x {} the baseline [{:.2f}, {:.2f}], {} paired rounds",
                              pick.speedup->ratio,
                              context_.under_load() ? "the images per second of" : "as fast as",
                              pick.speedup->low, pick.speedup->high, pick.speedup->rounds));
  if (outcome_.pick != 0 && pick.judgement) why.push_back(pick.judgement->reason);
  if (!pick.given_back.empty()) why.push_back(given_back_text(pick));
  if (outcome_.budget_ended && !context_.interrupted())
    why.push_back(
        "the budget ended before everything was measured; the same command goes on from here");
  std::vector<std::string>& what_if = outcome_.counterfactuals;
  if (outcome_.fastest_estimated) {
    const Candidate& e = candidates_[*outcome_.fastest_estimated];
    what_if.push_back(fmt::format(
        "{} is faster and keeps the gates by its estimate, with probability {}{}",
        label(*outcome_.fastest_estimated), percent_of(e.judgement->probability),
        e.judgement->items_needed
            ? fmt::format("; about {} evaluation items would settle it", *e.judgement->items_needed)
            : std::string()));
  }
  for (std::size_t i : by_objective()) {
    const Candidate& c = candidates_[i];
    bool faster = c.screened->high < pick.screened->low;
    if (!faster || i == outcome_.fastest_estimated || !c.judgement || !c.judgement->drop ||
        what_if.size() >= 4)
      continue;
    const auto& limit = context_.request.gates.max_drop;
    if (!limit || c.gate() == GateOutcome::met || c.judgement->drop->high <= 0) continue;
    what_if.push_back(
        fmt::format("with --max-drop {:.2f}{}, {} would qualify ({:.2f} x as fast as the baseline)",
                    std::ceil(c.judgement->drop->high * 1e4) / 100, limit->relative ? "%" : "pt",
                    label(i), c.speedup->ratio));
  }
}

}  // namespace tamis
