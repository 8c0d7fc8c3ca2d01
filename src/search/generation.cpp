#include "search/generation.h"

#include <algorithm>
#include <cmath>

#include "base/hash.h"
#include "measure/instanced_rounds.h"

namespace tamis {
namespace {

constexpr const char *kOpening = "open", *kVisiting = "visit", *kFromFile = "from file";
constexpr std::size_t kMostMembers = 8;

}  // namespace

std::vector<const Entrant*> Generations::all(const std::vector<Entrant>& members) const {
  std::vector<const Entrant*> found{&baseline_};
  for (const Entrant& member : members)
    if (member.key != baseline_.key) found.push_back(&member);
  return found;
}

/// What it took before, or the baseline's, or a guess.
double Generations::open_s(const Entrant& entrant) const {
  constexpr double kStart_s = 0.15, kUnknown_s = 0.5, kWarmUps = 20;
  auto opened = timings_.opened(entrant.key);
  if (!opened) opened = timings_.opened(baseline_.key);
  if (!opened) return kUnknown_s * context_.plan.budget.slowness();
  return kStart_s + (opened->info.compile_ms + kWarmUps * opened->info.warm_ms) * 1e-3;
}

double Generations::visit_s(const Entrant& entrant, Block block) const {
  constexpr double kUnknown_ms = 10;
  auto opened = timings_.opened(entrant.key);
  if (!opened) opened = timings_.opened(baseline_.key);
  const double warm_ms = opened ? opened->info.warm_ms : kUnknown_ms;
  const double least_ms = context_.plan.under_load() ? (block == Block::full ? 200 : 80)
                                                     : (block == Block::full ? 23 : 9);
  const double least_runs = block == Block::full ? 4 : 2;
  return std::max(least_ms, least_runs * warm_ms) * 1e-3;
}

double Generations::round_s(const std::vector<const Entrant*>& entrants, Block block) const {
  double guess_s = 0;
  for (const Entrant* entrant : entrants) guess_s += visit_s(*entrant, block);
  return guess_s;
}

double Generations::expected_s(const std::vector<Entrant>& members,
                               const GenerationPlan& plan) const {
  const auto entrants = all(members);
  double opening_s = 0;
  for (const Entrant* entrant : entrants) opening_s += open_s(*entrant);
  return context_.plan.budget.expected_s(kOpening, opening_s) +
         context_.plan.budget.expected_s(
             kVisiting, round_s(entrants, plan.block) * static_cast<double>(plan.rounds));
}

std::size_t Generations::most_members() const {
  const std::uint64_t free = context_.place.machine.memory_available_bytes;
  const auto opened = timings_.opened(baseline_.key);
  if (free == 0 || !opened || opened->info.peak_memory_bytes == 0) return kMostMembers;
  const std::uint64_t held = free / 2 / opened->info.peak_memory_bytes;
  return std::clamp<std::size_t>(held > 1 ? held - 1 : 1, 1, kMostMembers);
}

/// Kalibera and Jones 2013, eq. (3), at the variances that are usual: rounds scatter half as much
/// again as instances do.
std::size_t Generations::rounds_per_instance(const std::vector<Entrant>& members,
                                             Block block) const {
  constexpr double kWithinOverBetween = 2;
  constexpr std::size_t kFewest = 3, kMost = 10;
  const auto entrants = all(members);
  double opening_s = 0;
  for (const Entrant* entrant : entrants) opening_s += open_s(*entrant);
  const double best = std::sqrt(opening_s / round_s(entrants, block) * kWithinOverBetween);
  return std::clamp(static_cast<std::size_t>(std::lround(best)), kFewest, kMost);
}

FailingUnit Generations::unit(const Entrant& entrant) {
  return {hash_text("measure/2" + entrant.key + context_.place.hash),
          bench_command(context_, entrant.variant, entrant.artefact)};
}

/// The baseline's failure is not kept: without it there is no search.
void Generations::fail(const Entrant& entrant, const Error& error, GenerationResult& result) {
  if (error.code() == ErrorCode::io) throw Error(error);
  if (entrant.key == baseline_.key) {
    result.baseline_failure = error;
    return;
  }
  store_failure(context_, unit(entrant), error);
  result.failures.emplace(entrant.key, error);
}

std::unique_ptr<Contestant> Generations::open(const Entrant& entrant) {
  ContestantSpec spec = contestant_spec(context_, entrant.variant, entrant.artefact);
  spec.id = entrant.key;
  Budget::Unit timed(context_.plan.budget, kOpening, open_s(entrant));
  std::unique_ptr<Contestant> contestant = context_.lab->open(spec);
  if (!timings_.opened(entrant.key))
    timings_.put_opened(entrant.key, {contestant->info(), contestant->output_hash()});
  return contestant;
}

/// In balanced order: whoever is opened first may be at a disadvantage.
void Generations::open_all(const std::vector<Entrant>& members, const GenerationPlan& plan,
                           Open& open, GenerationResult& result) {
  const std::vector<const Entrant*> entrants = all(members);
  for (std::size_t place :
       opening_order(entrants.size(), context_.plan.request.seed, timings_.next_generation())) {
    const Entrant* entrant = entrants[place];
    const double expected_s = context_.plan.budget.expected_s(kOpening, open_s(*entrant));
    if (!plan.at_any_price && !context_.may_begin(expected_s, plan.budget_share)) return;
    try {
      if (auto before = stored_failure(context_, unit(*entrant).key)) throw Error(*before);
      open[entrant->key] = retried_if_killed(context_, [&] { return this->open(*entrant); });
    } catch (const Error& e) {
      fail(*entrant, e, result);
      if (dynamic_cast<const WorkerKilled*>(&e) != nullptr) note_killed_again(context_, e);
      if (result.baseline_failure) return;
    }
  }
}

void Generations::visit_all(const std::vector<Entrant>& members, const GenerationPlan& plan,
                            Open& open, GenerationResult& result) {
  const std::size_t needed = all(members).size() > 1 ? 2 : 1;
  std::vector<Round> rounds;
  for (std::size_t r = 0; r < plan.rounds; ++r) {
    std::vector<Contestant*> contestants;
    std::vector<const Entrant*> entrants;
    for (const Entrant* entrant : all(members))
      if (auto at = open.find(entrant->key); at != open.end()) {
        contestants.push_back(at->second.get());
        entrants.push_back(entrant);
      }
    if (open.count(baseline_.key) == 0 || contestants.size() < needed) break;
    const double guess_s = round_s(entrants, plan.block);
    const double expected_s = context_.plan.budget.expected_s(kVisiting, guess_s);
    const bool must = plan.at_any_price && r == 0;
    if (!must && !context_.may_begin(expected_s, plan.budget_share)) break;
    std::vector<RoundFailure> failures;
    Budget::Unit timed(context_.plan.budget, kVisiting, guess_s);
    Round round = run_round(contestants, context_.plan.request.seed,
                            timings_.next_generation() * plan.rounds + r, failures, plan.block);
    for (const RoundFailure& failure : failures) {
      open.erase(failure.id);
      for (const Entrant* entrant : entrants)
        if (entrant->key == failure.id) take(failure, *entrant, result);
    }
    if (open.count(baseline_.key) == 0) break;
    if (round.samples.size() >= needed) rounds.push_back(std::move(round));
  }
  result.rounds = rounds.size();
  if (!rounds.empty()) timings_.add(plan.phase, rounds);
}

/// A kill is for run() to judge.
void Generations::take(const RoundFailure& failure, const Entrant& entrant,
                       GenerationResult& result) {
  if (failure.killed && !context_.interrupted())
    result.killed.emplace(entrant.key, failure.error);
  else
    fail(entrant, failure.error, result);
}

GenerationResult Generations::run(const std::vector<Entrant>& members, const GenerationPlan& plan) {
  GenerationResult first = run_once(members, plan);
  if (first.killed.empty() || context_.interrupted()) return first;
  context_.note(kTriedOnceMore);
  // Without the baseline nothing more is known of the others either.
  const bool all_again = first.killed.count(baseline_.key) != 0;
  std::vector<Entrant> again;
  for (const Entrant& member : members)
    if (first.failures.count(member.key) == 0 && (all_again || first.killed.count(member.key) != 0))
      again.push_back(member);
  GenerationResult result = run_once(again, plan);
  for (const Entrant* entrant : all(again))
    if (auto at = result.killed.find(entrant->key); at != result.killed.end()) {
      fail(*entrant, at->second, result);
      note_killed_again(context_, at->second);
    }
  result.rounds += first.rounds;
  result.failures.merge(first.failures);
  return result;
}

GenerationResult Generations::run_once(const std::vector<Entrant>& members,
                                       const GenerationPlan& plan) {
  GenerationResult result;
  Open open;
  open_all(members, plan, open, result);
  if (!result.baseline_failure) visit_all(members, plan, open, result);
  return result;
}

/// In turn.
std::map<std::string, std::vector<double>> Generations::time_from_file(
    const std::vector<Entrant>& members, int turns, int repeats) {
  std::map<std::string, std::vector<double>> times;
  Open open;
  for (const Entrant& member : members) open[member.key] = this->open(member);
  for (int turn = 0; turn < turns; ++turn)
    for (auto& [key, contestant] : open)
      for (double t : contestant->time_from_file(repeats)) times[key].push_back(t);
  return times;
}

std::map<std::string, std::vector<double>> Generations::times_from_file(
    const std::vector<Entrant>& members) {
  constexpr int kTurns = 2, kRepeats = 2;
  constexpr double kItems = 8;  // read at once, about
  std::map<std::string, std::vector<double>> times;
  double guess_s = 0;
  for (const Entrant& member : members) {
    const std::string key =
        "from file:" + member.key + context_.place.hash + context_.plan.data_hash;
    const auto parse = [](const Json& json) { return json.get<std::vector<double>>(); };
    if (auto stored = context_.store->find_as(Kind::measurement, key, parse))
      times[member.key] = std::move(*stored);
    else
      guess_s +=
          open_s(member) + kTurns * kItems * (kRepeats + 1) * 2 * visit_s(member, Block::brief);
  }
  if (times.size() == members.size() ||
      !context_.may_begin(context_.plan.budget.expected_s(kFromFile, guess_s)))
    return times;
  Budget::Unit timed(context_.plan.budget, kFromFile, guess_s);
  times = retried_if_killed(context_, [&] { return time_from_file(members, kTurns, kRepeats); });
  for (const auto& [key, found] : times)
    context_.store->put(Kind::measurement,
                        "from file:" + key + context_.place.hash + context_.plan.data_hash,
                        Json(found));
  return times;
}

}  // namespace tamis
