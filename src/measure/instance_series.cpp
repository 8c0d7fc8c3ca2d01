#include "measure/instance_series.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tamis {
namespace {

constexpr std::size_t kFirstRounds = 5;  // of the first instance: nothing is known yet
// Below this, instances differ by less than anybody asks for: no more rounds for its sake.
constexpr double kLeastBetweenSd = 0.002;

/// Whether it has rounds, and none in which all visits were undisturbed.
bool is_disturbed(const InstanceRecord& record) {
  return !record.rounds.empty() &&
         std::all_of(record.rounds.begin(), record.rounds.end(), [](const Round& round) {
           return std::any_of(round.samples.begin(), round.samples.end(),
                              [](const auto& sample) { return sample.second.disturbed; });
         });
}

}  // namespace

InstanceSeries::InstanceSeries(std::vector<std::string> ids, OpenContestant open, SeriesPlan plan)
    : running_(std::move(ids)), open_(std::move(open)), plan_(std::move(plan)) {}

InstanceHooks InstanceSeries::hooks() {
  InstanceHooks hooks;
  hooks.open = open_;
  hooks.opening = [this](const std::string& id) {
    if (!go_on()) return false;
    if (plan_.opening) plan_.opening(id);
    return true;
  };
  hooks.visiting = [this](const std::vector<std::string>&, std::size_t) { return go_on(); };
  hooks.round_done = plan_.round_done;
  hooks.once_more = [this] { return go_on(); };
  hooks.closing = plan_.closing;
  hooks.measured = [this](InstanceRecord record) { last_ = std::move(record); };
  return hooks;
}

const InstanceRecord& InstanceSeries::run_instance(std::size_t rounds) {
  measure_instance({.ids = running_,
                    .number = count(),
                    .first_round = table_.size(),
                    .rounds = rounds,
                    .seed = plan_.seed,
                    .block = plan_.block},
                   hooks());
  add(last_);
  return last_;
}

void InstanceSeries::add(InstanceRecord record) {
  for (const RoundFailure& f : record.failures) std::erase(running_, f.id);
  open_s_ = record.open_s;
  round_s_ = record.rounds_s / static_cast<double>(std::max<std::size_t>(1, record.rounds.size()));
  if (is_disturbed(record))
    aside_.push_back(std::move(record));
  else
    take(std::move(record));
}

void InstanceSeries::take(InstanceRecord record) {
  for (const Round& round : record.rounds) table_.add(round);
  instances_.push_back(std::move(record));
}

void InstanceSeries::settle_for_disturbed() {
  if (instances_.size() >= kLeastInstances) return;
  for (InstanceRecord& record : aside_) take(std::move(record));
  aside_.clear();
}

bool InstanceSeries::disturbed_beyond(std::size_t instances, std::size_t rounds) const {
  std::size_t aside = 0;
  for (const InstanceRecord& record : aside_) aside += record.rounds.size();
  return aside_.size() > 2 * instances || aside > 2 * rounds;
}

double InstanceSeries::disturbed_share() const {
  RoundTable all = table_;
  for (const InstanceRecord& record : aside_)
    for (const Round& round : record.rounds) all.add(round);
  return all.disturbed_share();
}

double InstanceSeries::expected_s(std::size_t rounds) const {
  return open_s_ + round_s_ * static_cast<double>(rounds);
}

/// Of the pairs with the first that runs, the fewest: no pair then waits for another's rounds.
double InstanceSeries::paying_rounds(double open_s, double round_s) const {
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

std::size_t InstanceSeries::next_rounds(double seconds_left) const {
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
