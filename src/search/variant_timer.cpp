#include "search/variant_timer.h"

#include <algorithm>
#include <cmath>

#include "base/hash.h"

namespace tamis {
namespace {

constexpr const char *kOpening = "open", *kVisiting = "visit", *kFromFile = "from file";
constexpr std::size_t kMostMembers = 8;

}  // namespace

/// Each once, the baseline first.
std::vector<std::string> VariantTimer::with_baseline(
    const std::vector<std::string>& members) const {
  std::vector<std::string> all{baseline_.key};
  for (const std::string& key : members)
    if (std::find(all.begin(), all.end(), key) == all.end()) all.push_back(key);
  return all;
}

/// What it took before, or the baseline's, or a guess.
double VariantTimer::open_s(const std::string& key) const {
  constexpr double kStart_s = 0.15, kUnknown_s = 0.5, kWarmUps = 20;
  auto opened = timings_.opened(key);
  if (!opened) opened = timings_.opened(baseline_.key);
  if (!opened) return kUnknown_s * context_.plan.budget.slowness();
  return kStart_s + (opened->info.compile_ms + kWarmUps * opened->info.warm_ms) * 1e-3;
}

double VariantTimer::open_s(const std::vector<std::string>& keys) const {
  double all_s = 0;
  for (const std::string& key : keys) all_s += open_s(key);
  return all_s;
}

double VariantTimer::visit_s(const std::string& key, Block block) const {
  constexpr double kUnknown_ms = 10;
  auto opened = timings_.opened(key);
  if (!opened) opened = timings_.opened(baseline_.key);
  const double warm_ms = opened ? opened->info.warm_ms : kUnknown_ms;
  const double least_ms = context_.plan.under_load() ? (block == Block::full ? 200 : 80)
                                                     : (block == Block::full ? 23 : 9);
  const double least_runs = block == Block::full ? 4 : 2;
  return std::max(least_ms, least_runs * warm_ms) * 1e-3;
}

double VariantTimer::round_s(const std::vector<std::string>& keys, Block block) const {
  double all_s = 0;
  for (const std::string& key : keys) all_s += visit_s(key, block);
  return all_s;
}

double VariantTimer::expected_s(const std::vector<std::string>& members,
                                const PhasePlan& plan) const {
  const std::vector<std::string> all = with_baseline(members);
  const Budget& budget = context_.plan.budget;
  return budget.expected_s(kOpening, open_s(all)) +
         budget.expected_s(kVisiting, round_s(all, plan.block) * static_cast<double>(plan.rounds));
}

std::size_t VariantTimer::most_members() const {
  const std::uint64_t free = context_.place.machine.memory_available_bytes;
  const auto opened = timings_.opened(baseline_.key);
  if (free == 0 || !opened || opened->info.peak_memory_bytes == 0) return kMostMembers;
  const std::uint64_t held = free / 2 / opened->info.peak_memory_bytes;
  return std::clamp<std::size_t>(held > 1 ? held - 1 : 1, 1, kMostMembers);
}

/// Kalibera and Jones 2013, eq. (3), at the variances that are usual: rounds scatter half as much
/// again as instances do.
std::size_t VariantTimer::rounds_per_instance(const std::vector<std::string>& members,
                                              Block block) const {
  constexpr double kWithinOverBetween = 2;
  constexpr std::size_t kFewest = 3, kMost = 10;
  const std::vector<std::string> all = with_baseline(members);
  const double best = std::sqrt(open_s(all) / round_s(all, block) * kWithinOverBetween);
  return std::clamp(static_cast<std::size_t>(std::lround(best)), kFewest, kMost);
}

FailingUnit VariantTimer::unit(const Entrant& entrant) const {
  return {hash_text("measure/2" + entrant.key + context_.place.hash),
          bench_command(context_, entrant.variant, entrant.artefact)};
}

std::unique_ptr<Contestant> VariantTimer::open(const Entrant& entrant) {
  ContestantSpec spec = contestant_spec(context_, entrant.variant, entrant.artefact);
  spec.id = entrant.key;
  Budget::Unit timed(context_.plan.budget, kOpening, open_s(entrant.key));
  std::unique_ptr<Contestant> contestant = context_.lab->open(spec);
  if (!timings_.opened(entrant.key))
    timings_.put_opened(entrant.key, {contestant->info(), contestant->output_hash()});
  return contestant;
}

bool VariantTimer::may_open(const std::string& key, const PhasePlan& plan) const {
  const double expected_s = context_.plan.budget.expected_s(kOpening, open_s(key));
  return plan.at_any_price || context_.may_begin(expected_s, plan.budget_share);
}

bool VariantTimer::may_visit(double guess_s, const PhasePlan& plan) const {
  const double expected_s = context_.plan.budget.expected_s(kVisiting, guess_s);
  return context_.may_begin(expected_s, plan.budget_share);
}

InstanceHooks VariantTimer::hooks(const Entrants& entrants, const PhasePlan& plan,
                                  TimedInstance& result) {
  InstanceHooks hooks;
  hooks.open = [&](const std::string& key) {
    const Entrant& entrant = *entrants.at(key);
    if (auto before = stored_failure(context_, unit(entrant).key)) throw Error(*before);
    return open(entrant);
  };
  hooks.opening = [&](const std::string& key) { return may_open(key, plan); };
  auto round = std::make_shared<std::optional<Budget::Unit>>();
  hooks.visiting = [&, round](const std::vector<std::string>& keys, std::size_t done) {
    const double guess_s = round_s(keys, plan.block);
    const bool must = plan.at_any_price && done == 0;
    if (!must && !may_visit(guess_s, plan)) return false;
    round->emplace(context_.plan.budget, kVisiting, guess_s);
    return true;
  };
  hooks.round_done = [round] { round->reset(); };
  hooks.once_more = [&] {
    if (context_.interrupted()) return false;
    context_.note(kTriedOnceMore);
    return true;
  };
  hooks.measured = [&](const InstanceRecord& record) {
    keep(record, plan.phase, result);
    for (const RoundFailure& failure : record.failures)
      fail(*entrants.at(failure.id), failure, result);
  };
  return hooks;
}

void VariantTimer::keep(const InstanceRecord& record, Phase phase, TimedInstance& result) {
  result.rounds += record.rounds.size();
  if (!record.rounds.empty()) timings_.add(phase, record.rounds);
}

/// The baseline's failure is not kept: without it there is no search.
void VariantTimer::fail(const Entrant& entrant, const RoundFailure& failure,
                        TimedInstance& result) {
  if (entrant.key == baseline_.key) {
    result.baseline_failure = failure.error;
  } else {
    store_failure(context_, unit(entrant), failure.error);
    result.failures.emplace(entrant.key, failure.error);
  }
  if (failure.killed) note_killed_again(context_, failure.error);
}

TimedInstance VariantTimer::run(const std::vector<Entrant>& members, const PhasePlan& plan) {
  Entrants entrants{{baseline_.key, &baseline_}};
  std::vector<std::string> keys;
  for (const Entrant& member : members) {
    entrants.emplace(member.key, &member);
    keys.push_back(member.key);
  }
  const std::size_t number = timings_.next_instance();
  TimedInstance result;
  measure_instance({.ids = with_baseline(keys),
                    .reference = baseline_.key,
                    .number = number,
                    .first_round = number * plan.rounds,
                    .rounds = plan.rounds,
                    .seed = context_.plan.request.seed,
                    .block = plan.block},
                   hooks(entrants, plan, result));
  return result;
}

/// In turn.
VariantTimer::Times VariantTimer::time_from_file(const std::vector<Entrant>& members, int turns,
                                                 int repeats) {
  Times times;
  std::map<std::string, std::unique_ptr<Contestant>> all;
  for (const Entrant& member : members) all[member.key] = open(member);
  for (int turn = 0; turn < turns; ++turn)
    for (auto& [key, contestant] : all)
      for (double t : contestant->time_from_file(repeats)) times[key].push_back(t);
  return times;
}

std::string VariantTimer::from_file_key(const std::string& key) const {
  return "from file:" + key + context_.place.hash + context_.plan.data_hash;
}

VariantTimer::Times VariantTimer::times_from_file(const std::vector<Entrant>& members) {
  constexpr int kTurns = 2, kRepeats = 2;
  constexpr double kItems = 8;  // read at once, about
  const auto parse = [](const Json& json) { return json.get<std::vector<double>>(); };
  Times times;
  double guess_s = 0;
  for (const Entrant& member : members)
    if (auto stored = context_.store->find_as(Kind::measurement, from_file_key(member.key), parse))
      times[member.key] = std::move(*stored);
    else
      guess_s += open_s(member.key) +
                 kTurns * kItems * (kRepeats + 1) * 2 * visit_s(member.key, Block::brief);
  if (times.size() == members.size() ||
      !context_.may_begin(context_.plan.budget.expected_s(kFromFile, guess_s)))
    return times;
  Budget::Unit timed(context_.plan.budget, kFromFile, guess_s);
  times = retried_if_killed(context_, [&] { return time_from_file(members, kTurns, kRepeats); });
  for (const auto& [key, found] : times)
    context_.store->put(Kind::measurement, from_file_key(key), Json(found));
  return times;
}

}  // namespace tamis
