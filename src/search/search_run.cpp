#include "search/search_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "search/failures.h"
#include "search/screening.h"
#include "search/shares.h"

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

/// One that could not be measured has the answer that its relatives are judged for.
std::string SearchRun::predictions_key_of(const Candidate& c) const {
  const RunSettings& s = c.variant.settings;
  if (c.opened && c.artefact)
    return answer_key(context_, c.variant, *c.artefact, c.opened->output_hash);
  return canonical_text(to_json(c.variant.recipe)) + s.backend + s.device +
         s.inference_precision.value_or("");
}

/// The different answers among those that may come to be judged and picked. Known before any
/// accuracy is, so that the error can be shared among them.
std::set<std::string> SearchRun::predictions_to_judge() const {
  const bool baseline_may_miss =
      context_.plan.request.gates.min_accuracy || field_.baseline().hard != GateOutcome::met;
  std::set<std::string> answers;
  for (std::size_t i : field_.all_but_baseline()) {
    const Candidate& c = field_[i];
    if (c.failure && may_keep_layers_in_fp32(c)) answers.insert(predictions_key_of(c));
    if (!field_.usable(i) || c.hard == GateOutcome::missed) continue;
    if (!baseline_may_miss && field_.clearly_behind(i, kBaseline)) continue;
    answers.insert(predictions_key_of(c));
  }
  return answers;
}

bool SearchRun::every_variant_is_known() const {
  const auto& all = field_.candidates();
  return std::all_of(all.begin(), all.end(),
                     [](const Candidate& c) { return c.failure || c.ratio; });
}

/// A first variant that meets its gates is worth more than a race.
double SearchRun::judging_share() const {
  for (std::size_t i : field_.all_but_baseline())
    if (stands(i)) return kJudgingShare;
  return kFirstLeaderShare;
}

/// True where the gates are met. A judgement that the budget cut short is none.
bool SearchRun::judge(std::size_t index, bool full) {
  Candidate& c = field_[index];
  if (!field_.usable(index) || c.hard == GateOutcome::missed) return false;
  const bool settled = c.judgement && c.judgement->outcome != GateOutcome::undecided;
  if (settled && (!full || c.judgement->seen == c.judgement->items))
    return c.gate() == GateOutcome::met;
  context_.tell(UnitBegan{UnitKind::accuracy, field_.label(index), 1, judged_++});
  try {
    Judgement judgement =
        judge_->judge(c.variant, c.opened->output_hash, full, full ? 1 : judging_share());
    const bool cut_short =
        judgement.outcome == GateOutcome::undecided || (full && judgement.seen < judgement.items);
    outcome_.budget_ended = outcome_.budget_ended || cut_short;
    if (judgement.seen > 0) c.judgement = std::move(judgement);
  } catch (const Error& e) {
    // Unusable pictures concern every variant: that is the user's to settle, not a variant's
    // failure.
    if (index == kBaseline || e.code() == ErrorCode::corrupt_data ||
        e.code() == ErrorCode::invalid_argument || e.code() == ErrorCode::io)
      throw;
    c.failure = Failure{e.code(), e.what(), eval_command(context_, c.variant, *c.artefact)};
    return false;
  }
  return c.gate() == GateOutcome::met;
}

/// Whether the gates are met. The baseline loses nothing against itself, whether it was looked at
/// or not.
bool SearchRun::stands(std::size_t i) const {
  const Candidate& c = field_[i];
  if (c.failure) return false;
  if (c.gate() == GateOutcome::met) return true;
  return i == kBaseline && c.hard == GateOutcome::met &&
         !context_.plan.request.gates.min_accuracy && c.gate() == GateOutcome::undecided;
}

/// Those that were not judged yet and may be faster than the leaders.
std::vector<std::size_t> SearchRun::may_lead(const std::vector<std::size_t>& leaders) const {
  std::vector<std::size_t> open;
  for (std::size_t i : field_.all_but_baseline()) {
    const Candidate& c = field_[i];
    // A relative's turn is over (mixed_precision.h).
    if (!field_.usable(i) || c.judgement || c.from || c.hard == GateOutcome::missed) continue;
    if (!field_.behind_any(i, leaders)) open.push_back(i);
  }
  return open;
}

/// In the order of the objective. False where nothing could be judged any more.
bool SearchRun::judge_front(const std::vector<std::size_t>& front,
                            std::vector<std::size_t>& leaders) {
  bool any = false;
  for (std::size_t i : front) {
    if (field_.behind_any(i, leaders)) continue;
    const bool met = judge(i, false);
    any = any || field_[i].judgement || field_[i].failure;
    if (met) leaders.push_back(i);
  }
  return any;
}

/// All that meet their gates and are not clearly behind another that does.
std::vector<std::size_t> SearchRun::find_leaders() {
  judged_ = 0;
  context_.tell(PhaseBegan{SearchPhase::accuracy, field_.size()});
  judge(0, context_.plan.request.exhaustive);
  if (context_.plan.request.exhaustive)
    for (std::size_t i : field_.by_objective()) judge(i, true);
  std::vector<std::size_t> leaders;
  for (std::size_t i = 0; i < field_.size(); ++i)
    if (stands(i)) leaders.push_back(i);
  for (;;) {
    const std::vector<std::size_t> open = may_lead(leaders);
    if (open.empty()) break;
    const Front front = refine(context_, field_, open);
    outcome_.budget_ended = outcome_.budget_ended || !front.complete;
    if (!judge_front(front.members, leaders)) break;
  }
  return try_mixed_precision(std::move(leaders));
}

std::optional<std::size_t> SearchRun::second_to(std::size_t pick) const {
  for (std::size_t i : field_.by_objective())
    if (i != pick && stands(i)) return i;
  return std::nullopt;
}

/// Settles the accuracy on all items and the gain in fresh instances, as far as the budget goes.
/// False when the candidate turns out not to meet its gates.
bool SearchRun::holds(std::size_t pick) {
  if (pick != kBaseline) judge(pick, true);
  judge(kBaseline, true);  // the baseline's own figure then rests on the same items
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
    return judge_->more_accurate(a, b);
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

/// What was measured says of the pick, the second and all that raced with them.
void SearchRun::add_comparisons() {
  const auto add = [&](std::size_t a, std::size_t b) {
    if (!field_[a].ratio || !field_[b].ratio) return;
    const auto ratio = field_.look(a, b, kPairConfidence);
    if (!ratio || !ratio->has_interval()) return;
    outcome_.comparisons.push_back(
        compared_pair(field_[a].variant.id, field_[b].variant.id, *ratio));
  };
  std::vector<std::size_t> raced;
  for (std::size_t i : field_.all_but_baseline()) {
    Candidate& c = field_[i];
    if (!c.ratio) continue;
    if (const auto against = field_.look(i, kBaseline, kPairConfidence))
      c.speedup = against->inverse();
    if (field_.timings().instances(c.key, Phase::race) > 0) raced.push_back(i);
  }
  for (std::size_t a = 0; a < raced.size(); ++a)
    for (std::size_t b = a + 1; b < raced.size(); ++b) add(raced[a], raced[b]);
  for (const auto& one : {std::optional(outcome_.pick), outcome_.runner_up})
    if (one && *one != kBaseline) add(*one, kBaseline);
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

SearchOutcome SearchRun::run() {
  const bool complete = context_.plan.request.exhaustive ? measure_all(context_, field_)
                                                         : screen_all(context_, field_);
  outcome_.budget_ended = !complete;
  judge_ = std::make_unique<AccuracyJudge>(context_, field_.baseline().variant,
                                           field_.baseline().opened->output_hash);
  judge_->divide_error(predictions_to_judge(), !every_variant_is_known());
  reserve_error_for_mixed_precision();
  decide();
  add_comparisons();
  time_from_file();
  find_estimated();
  if (outcome_.status == ResultStatus::nearest_miss) find_nearest_miss();
  if (context_.interrupted()) outcome_.status = ResultStatus::interrupted;
  explain();
  explain_handed_over();
  find_changes_of_predictions();
  return outcome_;
}

}  // namespace tamis
