#include "measure/instanced_rounds.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/clock.h"
#include "base/error.h"
#include "stats/random.h"

namespace tamis {
namespace {

constexpr std::size_t kFirstRounds = 5;  // of the first instance: nothing is known yet
// Below this, instances differ by less than anybody asks for: no more rounds for its sake.
constexpr double kLeastBetweenSd = 0.002;

bool any_killed(const InstanceRecord& record) {
  return std::any_of(record.failures.begin(), record.failures.end(),
                     [](const RoundFailure& f) { return f.killed; });
}

/// Whether it has rounds, and none in which all visits were undisturbed.
bool is_disturbed(const InstanceRecord& record) {
  return !record.rounds.empty() &&
         std::all_of(record.rounds.begin(), record.rounds.end(), [](const Round& round) {
           return std::any_of(round.samples.begin(), round.samples.end(),
                              [](const auto& sample) { return sample.second.disturbed; });
         });
}

}  // namespace

std::vector<std::size_t> opening_order(std::size_t count, std::uint64_t seed,
                                       std::size_t instance) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (count < 2) return order;
  // A row of a Latin square: one shuffled order, turned by one place from instance to instance.
  Random random(seed, instance / count);
  shuffle(std::span<std::size_t>(order), random);
  std::rotate(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(instance % count),
              order.end());
  return order;
}

InstancedRounds::InstancedRounds(std::vector<std::string> ids, OpenContestant open,
                                 InstancePlan plan)
    : ids_(std::move(ids)), running_(ids_), open_(std::move(open)), plan_(std::move(plan)) {}

InstancedRounds::Opened InstancedRounds::open_all(InstanceRecord& record) {
  const std::int64_t start = now_ns();
  Opened opened;
  for (std::size_t place : opening_order(ids_.size(), plan_.seed, record.number)) {
    const std::string& id = ids_[place];
    if (std::find(running_.begin(), running_.end(), id) == running_.end()) continue;
    if (!go_on()) break;
    if (plan_.opening) plan_.opening(id);
    try {
      opened.push_back(open_(id));
      record.opened[id] = opened.back()->info();
    } catch (const Error& e) {
      record.failures.push_back(round_failure(id, e));
    }
  }
  record.open_s = seconds_since(start);
  return opened;
}

void InstancedRounds::visit_all(const Opened& contestants, std::size_t rounds,
                                InstanceRecord& record) {
  std::vector<Contestant*> alive;
  for (const auto& contestant : contestants) alive.push_back(contestant.get());
  const std::int64_t start = now_ns();
  while (record.rounds.size() < rounds && !alive.empty() && go_on()) {
    std::vector<RoundFailure> failures;
    Round round =
        run_round(alive, plan_.seed, table_.size() + record.rounds.size(), failures, plan_.block);
    round.instance = record.number;
    record.rounds.push_back(std::move(round));
    for (const RoundFailure& f : failures)
      std::erase_if(alive, [&](const Contestant* c) { return c->id() == f.id; });
    record.failures.insert(record.failures.end(), failures.begin(), failures.end());
    if (plan_.round_done) plan_.round_done();
  }
  record.rounds_s = seconds_since(start);
  if (plan_.at_close && !alive.empty()) plan_.at_close(alive);
}

InstanceRecord InstancedRounds::measure(std::size_t rounds) {
  InstanceRecord record;
  record.number = count();
  const Opened contestants = open_all(record);
  visit_all(contestants, rounds, record);
  return record;
}

const InstanceRecord& InstancedRounds::run_instance(std::size_t rounds) {
  InstanceRecord record = measure(rounds);
  if (any_killed(record) && go_on()) record = measure(rounds);
  last_ = record;
  add(std::move(record));
  return last_;
}

void InstancedRounds::add(InstanceRecord record) {
  for (const RoundFailure& f : record.failures) std::erase(running_, f.id);
  open_s_ = record.open_s;
  round_s_ = record.rounds_s / static_cast<double>(std::max<std::size_t>(1, record.rounds.size()));
  if (is_disturbed(record))
    aside_.push_back(std::move(record));
  else
    take(std::move(record));
}

void InstancedRounds::take(InstanceRecord record) {
  for (const Round& round : record.rounds) table_.add(round);
  instances_.push_back(std::move(record));
}

void InstancedRounds::settle_for_disturbed() {
  if (instances_.size() >= kLeastInstances) return;
  for (InstanceRecord& record : aside_) take(std::move(record));
  aside_.clear();
}

bool InstancedRounds::disturbed_beyond(std::size_t instances, std::size_t rounds) const {
  std::size_t aside = 0;
  for (const InstanceRecord& record : aside_) aside += record.rounds.size();
  return aside_.size() > 2 * instances || aside > 2 * rounds;
}

double InstancedRounds::disturbed_share() const {
  RoundTable all = table_;
  for (const InstanceRecord& record : aside_)
    for (const Round& round : record.rounds) all.add(round);
  return all.disturbed_share();
}

double InstancedRounds::expected_s(std::size_t rounds) const {
  return open_s_ + round_s_ * static_cast<double>(rounds);
}

/// Of the pairs with the first that runs, the fewest: no pair then waits for another's rounds.
double InstancedRounds::paying_rounds(double open_s, double round_s) const {
  double fewest = std::numeric_limits<double>::infinity();
  for (std::size_t i = 1; i < running_.size(); ++i) {
    const PairedSamples pair = table_.pair(running_[i], running_[0]);
    if (pair.instances() < kLeastInstances) continue;
    std::vector<double> logs;
    for (std::size_t r = 0; r < pair.size(); ++r) logs.push_back(std::log(pair.a[r] / pair.b[r]));
    RandomEffects effects = random_effects(logs, pair.instance);
    effects.between_sd = std::max(kLeastBetweenSd, *effects.between_sd);
    fewest = std::min(fewest, best_values_per_instance(effects, open_s, round_s));
  }
  return fewest;
}

std::size_t InstancedRounds::next_rounds(double seconds_left) const {
  const InstanceSize& size = plan_.size;
  if (count() == 0) return std::clamp(kFirstRounds, size.least, size.most);
  const double open_s = expected_s(0), round_s = std::max(expected_s(1) - open_s, 1e-9);
  double rounds = paying_rounds(open_s, round_s);
  if (!std::isfinite(rounds)) rounds = std::sqrt(open_s / round_s);  // as if both scattered alike
  const std::size_t done = instances_.size();
  const auto wanted = static_cast<double>(size.instances > done ? size.instances - done : 1);
  rounds = std::min(rounds, (seconds_left / wanted - open_s) / round_s);
  return static_cast<std::size_t>(
      std::clamp(rounds, static_cast<double>(size.least), static_cast<double>(size.most)));
}

}  // namespace tamis
