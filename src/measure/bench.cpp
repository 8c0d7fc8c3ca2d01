#include "measure/bench.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "measure/calm.h"

namespace tamis {

Bench::Bench(Place& place, ContestantSpecs specs, const BenchPlan& plan,
             const PairedStopping& stopping, BenchListener listener)
    : place_(place),
      calm_(calm_of(place)),
      specs_(std::move(specs)),
      plan_(plan),
      stopping_(stopping),
      listener_(std::move(listener)),
      rounds_(
          ids(),
          [this](const std::string& id) {
            return in_calm(std::make_unique<WorkerContestant>(place_, specs_.at(id)), calm_);
          },
          series_plan()) {}

void Bench::run() {
  start_ns_ = now_ns();
  while (rounds_.instances().size() < plan_.instances && listener_.go_on()) {
    const std::size_t left = plan_.rounds - std::min(plan_.rounds, table().size());
    const std::size_t next = std::min(left, rounds_.next_rounds(seconds_left()));
    if (rounds_.disturbed_beyond(plan_.instances, plan_.rounds)) break;
    if (next == 0 || rounds_.expected_s(std::min<std::size_t>(next, 2)) > seconds_left()) break;
    const InstanceRecord& record = rounds_.run_instance(next);
    if (!record.failures.empty()) throw Error(record.failures.front().error);
    listener_.instance_done();
    tell_time_left();
    if (specs_.size() > 1 && stopping_.is_look(instances()) && is_settled()) break;
  }
  rounds_.settle_for_disturbed();
}

std::vector<std::string> Bench::ids() const {
  std::vector<std::string> all;
  for (const auto& [id, spec] : specs_) all.push_back(id);
  return all;
}

std::vector<OpenedInfo> Bench::opened(const std::string& id) const {
  std::vector<OpenedInfo> all;
  for (const InstanceRecord& record : rounds_.instances())
    if (const auto at = record.opened.find(id); at != record.opened.end())
      all.push_back(at->second);
  return all;
}

std::vector<double> Bench::from_file_ns(const std::string& id) const {
  const auto at = from_file_ns_.find(id);
  return at == from_file_ns_.end() ? std::vector<double>() : at->second;
}

SeriesPlan Bench::series_plan() {
  SeriesPlan plan;
  plan.seed = plan_.seed;
  plan.go_on = [this] { return listener_.go_on() && (!measured_ || seconds_left() > reserve()); };
  plan.opening = [this](const std::string& id) { listener_.opening(id); };
  plan.round_done = [this] {
    measured_ = true;
    tell_time_left();
  };
  plan.closing = [this](const std::vector<Contestant*>& open) { time_from_files(open); };
  return plan;
}

double Bench::seconds_left() const { return plan_.budget_s - seconds_since(start_ns_); }

/// The time that the first instance leaves, so that there can be as many as an interval needs.
double Bench::reserve() const {
  const bool first = rounds_.instances().empty() && plan_.instances >= kLeastInstances;
  return first ? plan_.budget_s * (1 - 1.0 / static_cast<double>(kLeastInstances)) : 0;
}

void Bench::tell_time_left() {
  const std::size_t done = rounds_.instances().size();
  const double each_s = rounds_.expected_s(rounds_.next_rounds(seconds_left()));
  const double all_s =
      done == 0 ? plan_.budget_s : each_s * static_cast<double>(plan_.instances - done);
  listener_.time_left(std::clamp(seconds_left(), 0.0, all_s));
}

void Bench::time_from_files(const std::vector<Contestant*>& open) {
  constexpr std::size_t kInstancesTimed = 3;
  if (!plan_.from_files || !listener_.go_on()) return;
  if (rounds_.instances().size() >= kInstancesTimed) return;
  for (Contestant* contestant : open)
    for (double t : contestant->time_from_file(1)) from_file_ns_[contestant->id()].push_back(t);
}

/// Whether no pair needs more rounds.
bool Bench::is_settled() const {
  const std::vector<std::string> all = ids();
  for (std::size_t a = 0; a < all.size(); ++a)
    for (std::size_t b = a + 1; b < all.size(); ++b)
      if (!stopping_.look(table().pair(all[a], all[b])).stop) return false;
  return true;
}

}  // namespace tamis
