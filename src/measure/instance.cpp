#include "measure/instance.h"

#include <algorithm>
#include <numeric>

#include "base/clock.h"
#include "place/worker.h"
#include "stats/random.h"

namespace tamis {
namespace {

bool names(const std::vector<RoundFailure>& failures, const std::string& id) {
  return std::any_of(failures.begin(), failures.end(),
                     [&](const RoundFailure& f) { return f.id == id; });
}

void require_own_failure(const Error& error) {
  if (error.code() == ErrorCode::io) throw Error(error);
}

/// What came of opening, visiting and closing once.
struct Once {
  InstanceRecord record;
  /// Those that were killed from outside in a visit; not among the record's failures.
  std::vector<RoundFailure> killed{};

  bool failed(const std::string& id) const { return names(record.failures, id); }
};

class OneInstance {
 public:
  OneInstance(const InstancePlan& plan, const InstanceHooks& hooks) : plan_(plan), hooks_(hooks) {}

  Once run() {
    once_.record.number = plan_.number;
    open_all();
    visit_all();
    if (hooks_.closing && once_.killed.empty() && !open_.empty()) hooks_.closing(contestants());
    return std::move(once_);
  }

 private:
  void open_all() {
    const std::int64_t start = now_ns();
    for (std::size_t place : opening_order(plan_.ids.size(), plan_.seed, plan_.number)) {
      const std::string& id = plan_.ids[place];
      if (hooks_.opening && !hooks_.opening(id)) break;
      open(id);
      if (once_.failed(plan_.reference)) break;
    }
    once_.record.open_s = seconds_since(start);
  }

  void open(const std::string& id) {
    try {
      open_.push_back(open_again_if_killed(id));
      once_.record.opened[id] = open_.back()->info();
    } catch (const Error& e) {
      require_own_failure(e);
      once_.record.failures.push_back(round_failure(id, e));
    }
  }

  std::unique_ptr<Contestant> open_again_if_killed(const std::string& id) {
    try {
      return hooks_.open(id);
    } catch (const WorkerKilled&) {
      if (hooks_.once_more && !hooks_.once_more()) throw;
    }
    return hooks_.open(id);
  }

  void visit_all() {
    const std::int64_t start = now_ns();
    for (std::size_t done = 0; done < plan_.rounds && is_worth_a_round(); ++done) {
      if (hooks_.visiting && !hooks_.visiting(open_ids(), done)) break;
      visit(plan_.first_round + done);
      if (hooks_.round_done) hooks_.round_done();
    }
    once_.record.rounds_s = seconds_since(start);
  }

  bool is_worth_a_round() const {
    if (!has_reference()) return !open_.empty() && once_.killed.empty();
    const std::vector<std::string> ids = open_ids();
    return ids.size() >= needed() &&
           std::find(ids.begin(), ids.end(), plan_.reference) != ids.end();
  }

  void visit(std::size_t number) {
    std::vector<RoundFailure> failures;
    Round round = run_round(contestants(), plan_.seed, number, failures, plan_.block);
    round.instance = plan_.number;
    for (RoundFailure& f : failures) {
      require_own_failure(f.error);
      std::erase_if(open_, [&](const auto& contestant) { return contestant->id() == f.id; });
      (f.killed ? once_.killed : once_.record.failures).push_back(std::move(f));
    }
    if (counts(round)) once_.record.rounds.push_back(std::move(round));
  }

  bool counts(const Round& round) const {
    return round.samples.size() >= needed() &&
           (!has_reference() || round.samples.count(plan_.reference) != 0);
  }

  bool has_reference() const { return !plan_.reference.empty(); }
  std::size_t needed() const { return has_reference() && plan_.ids.size() > 1 ? 2 : 1; }

  std::vector<Contestant*> contestants() const {
    std::vector<Contestant*> all;
    for (const auto& contestant : open_) all.push_back(contestant.get());
    return all;
  }

  std::vector<std::string> open_ids() const {
    std::vector<std::string> ids;
    for (const auto& contestant : open_) ids.push_back(contestant->id());
    return ids;
  }

  const InstancePlan& plan_;
  const InstanceHooks& hooks_;
  std::vector<std::unique_ptr<Contestant>> open_;
  Once once_;
};

/// The instance that makes up for what was killed.
InstancePlan making_up_for(const Once& first, const InstancePlan& plan) {
  InstancePlan again = plan;
  if (plan.reference.empty()) return again;
  const bool all = names(first.killed, plan.reference);
  std::erase_if(again.ids, [&](const std::string& id) {
    return first.failed(id) || (!all && id != plan.reference && !names(first.killed, id));
  });
  again.number += first.record.rounds.empty() ? 0 : 1;
  again.first_round += plan.rounds;
  return again;
}

/// With the kills that are not made up for as failures.
InstanceRecord settled(Once once) {
  auto& failures = once.record.failures;
  failures.insert(failures.end(), once.killed.begin(), once.killed.end());
  return std::move(once.record);
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

void measure_instance(const InstancePlan& plan, const InstanceHooks& hooks) {
  Once first = OneInstance(plan, hooks).run();
  if (first.failed(plan.reference)) return hooks.measured(std::move(first.record));
  const bool again = !first.killed.empty() && (!hooks.once_more || hooks.once_more());
  if (!again) return hooks.measured(settled(std::move(first)));
  const InstancePlan next = making_up_for(first, plan);
  if (!plan.reference.empty()) hooks.measured(std::move(first.record));
  hooks.measured(settled(OneInstance(next, hooks).run()));
}

}  // namespace tamis
