#include "search/search_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "search/account.h"
#include "search/failures.h"
#include "search/screening.h"

namespace tamis {
namespace {

constexpr double kPairConfidence = 0.95;

/// Why the baseline is the pick, among so many that cannot be told apart in speed.
Reason why_baseline(std::size_t equals) {
  if (equals < 2) return {ReasonKind::nothing_faster, {}, {}};
  return {ReasonKind::baseline_tied, equals, {}};
}

}  // namespace

SearchRun::SearchRun(SearchContext& context) : context_(context), field_(context) {}

std::vector<std::size_t> SearchRun::find_leaders() {
  return mixed_precision_->extend(judging_->find_leaders());
}

std::optional<std::size_t> SearchRun::second_to(std::size_t pick) const {
  for (std::size_t i : field_.by_objective())
    if (i != pick && stands(i)) return i;
  return std::nullopt;
}

/// Settles the accuracy on all items and the gain in fresh instances, as far as the budget goes.
/// False when the candidate turns out not to meet its gates.
bool SearchRun::holds(std::size_t pick) {
  if (pick != kBaseline) judging_->judge(pick, true);
  judging_->judge(kBaseline, true);  // the baseline's own figure then rests on the same items
  outcome_.runner_up = second_to(pick);
  if (!confirm(context_, field_, pick, outcome_.runner_up)) outcome_.budget_ended = true;
  return stands(pick);
}

void SearchRun::take(const Ranked& finalist) {
  const bool plain_baseline = finalist.candidate == kBaseline && !finalist.choice.more_accurate;
  outcome_.reasons = {plain_baseline ? why_baseline(finalist.equals) : finalist.choice.why};
  outcome_.pick = finalist.candidate;
  outcome_.runner_up = second_to(finalist.candidate);
  outcome_.status = ResultStatus::met;
}

/// The first that holds and gains; where none gains, the baseline if it stands, else the first that
/// holds. False where none holds.
bool SearchRun::decide_among(const std::vector<std::size_t>& leaders) {
  const auto more_accurate = [&](const std::string& a, const std::string& b) {
    return judging_->accuracy().more_accurate(a, b);
  };
  std::optional<Ranked> holding;
  for (const Ranked& finalist : rank_finalists(context_, field_, leaders, more_accurate)) {
    const std::size_t i = finalist.candidate;
    if (!holds(i)) continue;
    const bool gains = i != kBaseline && gained(field_, i);
    if (gains) field_.establish(i);
    const bool needs_no_gain =
        i == kBaseline || !by_time(context_.plan.request.objective) || !stands(kBaseline);
    if (gains || needs_no_gain) {
      take(finalist);
      return true;
    }
    if (!holding) holding = finalist;
  }
  if (!holding) return false;
  take(*holding);
  return true;
}

void SearchRun::decide() {
  std::set<std::vector<std::size_t>> tried;
  for (;;) {
    // Those that fail leave room for slower ones.
    const std::vector<std::size_t> leaders = find_leaders();
    if (leaders.empty() || !tried.insert(leaders).second) break;
    if (!race(context_, field_, leaders)) outcome_.budget_ended = true;
    std::vector<std::size_t> left;
    std::copy_if(leaders.begin(), leaders.end(), std::back_inserter(left),
                 [&](std::size_t i) { return stands(i); });
    if (decide_among(left)) return;
  }
  outcome_.pick = 0;
  outcome_.status = ResultStatus::nearest_miss;
}

void SearchRun::add_comparison(std::size_t a, std::size_t b) {
  if (!field_[a].ratio || !field_[b].ratio) return;
  const auto ratio = field_.look(a, b, kPairConfidence);
  if (!ratio || !ratio->has_interval()) return;
  outcome_.comparisons.push_back(compared_pair(field_[a].variant.id, field_[b].variant.id, *ratio));
}

/// What was measured says of the pick, the second and all that raced with them.
void SearchRun::add_comparisons() {
  std::vector<std::size_t> raced;
  for (std::size_t i : field_.all_but_baseline()) {
    Candidate& c = field_[i];
    if (!c.ratio) continue;
    if (const auto against = field_.look(i, kBaseline, kPairConfidence))
      c.speedup = against->inverse();
    if (field_.timings().instances(c.key, Phase::race) > 0) raced.push_back(i);
  }
  for (std::size_t a = 0; a < raced.size(); ++a)
    for (std::size_t b = a + 1; b < raced.size(); ++b) add_comparison(raced[a], raced[b]);
  for (const auto& one : {std::optional(outcome_.pick), outcome_.runner_up})
    if (one && *one != kBaseline) add_comparison(*one, kBaseline);
}

void SearchRun::time_from_file() {
  if (context_.interrupted() || context_.plan.under_load() || outcome_.pick == kBaseline) return;
  std::vector<std::size_t> members{0, outcome_.pick};
  if (outcome_.runner_up && *outcome_.runner_up != kBaseline)
    members.push_back(*outcome_.runner_up);
  std::vector<Entrant> entrants;
  for (std::size_t i : members)
    if (field_.usable(i))
      entrants.push_back({field_[i].key, field_[i].variant, *field_[i].artefact});
  try {
    const auto times = field_.timer().times_from_file(entrants);
    for (std::size_t i : members)
      if (auto at = times.find(field_[i].key); at != times.end())
        field_[i].from_file_ns = at->second;
  } catch (const Error& e) {
    if (e.code() == ErrorCode::io) throw;
    const bool killed = dynamic_cast<const WorkerKilled*>(&e) != nullptr;
    if (killed && !context_.interrupted()) context_.unsettled.push_back(e.what());
    context_.note(fmt::format("from-file times are absent: {}", e.what()));
  }
}

/// The first instances. False where the budget ended before.
bool SearchRun::screen() {
  return context_.plan.request.exhaustive ? measure_all(context_, field_)
                                          : screen_all(context_, field_);
}

bool SearchRun::budget_ended() const {
  return outcome_.budget_ended || judging_->budget_ended() || mixed_precision_->budget_ended();
}

SearchOutcome SearchRun::run() {
  outcome_.budget_ended = !screen();
  judging_ = std::make_unique<Judging>(context_, field_);
  mixed_precision_ = std::make_unique<MixedPrecision>(context_, field_, *judging_);
  decide();
  outcome_.budget_ended = budget_ended();
  add_comparisons();
  time_from_file();
  give_account(context_, field_, judging_->accuracy(), outcome_);
  return outcome_;
}

}  // namespace tamis
