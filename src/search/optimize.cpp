#include "search/optimize.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/percent.h"
#include "base/version.h"
#include "result/words.h"
#include "search/context.h"
#include "search/failures.h"
#include "search/result.h"
#include "search/search_run.h"

namespace tamis {
namespace {

constexpr double kScreenSeconds =
    4;  // opening, warming up and sixteen brief rounds of a detector of about 30 ms

/// What a finished run is stored under: the same request on the same model, data and machine.
std::string run_key(const SearchContext& c) {
  std::string versions;
  for (const Availability& a : c.place.known) versions += a.version + (a.ok() ? "+" : "-");
  std::string calibration;
  for (const std::string& hash : c.plan.data.calibration_hashes) calibration += hash;
  return hash_text(canonical_text(identity(c.plan.request)) + kVersion +
                   canonical_text(to_json(c.parent.card(), false)) + c.parent.model.hash +
                   c.plan.data_hash + calibration + c.place.hash + versions);
}

void warn_if_too_few_items(const SearchContext& c) {
  if (!c.plan.request.gates.max_drop) return;
  const DropLimit& limit = *c.plan.request.gates.max_drop;
  AccuracyLimit asked{
      limit.relative ? AccuracyLimit::Kind::relative_drop : AccuracyLimit::Kind::absolute_drop,
      limit.value};
  if (limit.value <= 0 || c.plan.request.confidence <= 0.5) return;
  // The others' spread is measured first (AccuracyJudge).
  if (!c.plan.task->right({})) return;
  // A good INT8 variant changes its mind on about three items in a hundred.
  constexpr double kDiscordance = 0.03, kPower = 0.8, kTypicalBaseline = 0.8;
  std::size_t needed = items_to_plan(asked, c.plan.agreement == nullptr ? kTypicalBaseline : 1.0,
                                     kDiscordance, c.plan.request.confidence, kPower);
  std::size_t have = c.plan.evaluation_order.size();
  if (have < needed)
    c.note(
        fmt::format("{} evaluation items are few for {} at {} confidence: proving a variant that "
                    "loses nothing takes about {}; give more, or lower --confidence",
                    have, to_text(limit), exact_percent(c.plan.request.confidence), needed));
}

void announce(const SearchContext& c, const std::vector<Candidate>& candidates) {
  for (const EnvironmentWarning& w : suspicious_conditions(c.place.machine))
    c.note("warning: " + w.text + "; " + w.remedy);
  c.note(fmt::format("baseline: {}", variant_name(candidates[kBaseline].variant)));
  c.note(fmt::format("{} evaluation items, {} calibration items; {} variants",
                     c.plan.evaluation_order.size(), c.plan.data.calibration.items.size(),
                     candidates.size()));
}

/// The variant that was handed over. One that keeps layers in FP32 is not in the grid: it is the
/// one that it was made from, with those layers kept.
std::optional<Variant> handed_over_variant(const SearchContext& context,
                                           const ResultDocument& result) {
  const VariantRow& row = *result.handed_over();
  const std::string from = row.given_back ? row.given_back->from : row.id;
  for (Variant v : context.variants()) {
    if (v.id != from) continue;
    if (row.given_back)
      for (const Fp32Layer& layer : row.given_back->layers)
        v.recipe.at(find_step(v.recipe, "int8-static").value())
            .params["keep_float"]
            .push_back(layer.node);
    v.id = row.id;
    return v;
  }
  return std::nullopt;
}

/// The folder may hold another request's files by now, or damaged ones, or the process may have
/// died while writing them. False where what was judged cannot be had again: building it anew gave
/// another file.
bool hand_over_again(SearchContext& context, ResultDocument& result) {
  const std::string other = not_handed_over(context, result);
  if (other.empty()) return true;
  context.note(fmt::format("{}: differs from what was handed over; it is written again",
                           (context.plan.request.out / other).string()));
  const std::optional<Variant> variant = handed_over_variant(context, result);
  if (!variant) return false;
  const Artefact artefact = ensure_artefact(context, *variant);
  if (!is_what_was_judged(artefact, result)) {
    context.note(
        "the judged file is gone, and building it again gave another file: it is measured and "
        "judged again");
    return false;
  }
  hand_over(context, *variant, artefact, result);
  return true;
}

/// The stored result, unless some of it is to be tried again.
std::optional<ResultDocument> finished_before(const SearchContext& context,
                                              const std::string& key) {
  auto finished = context.store->find_as(Kind::decision, key, stored_result);
  const bool again = context.plan.request.retry_failed && finished && finished->counts->failed > 0;
  return again ? std::nullopt : finished;
}

/// The folder that a search of before left is another model's.
void dump_handed_over(SearchContext& context, const Candidate& handed) {
  const std::filesystem::path folder = context.plan.request.out / "runtime-model";
  std::filesystem::remove_all(folder);
  if (!context.plan.request.dump || handed.failure) return;
  ExecuteRequest request = contestant_spec(context, handed.variant, *handed.artefact).request;
  try {
    retried_if_killed(context, [&] { context.lab->dump(request, folder); });
  } catch (const Error& e) {
    if (e.code() == ErrorCode::io) throw;
    context.note(fmt::format("runtime-model is incomplete: {}", e.what()));
  }
}

bool gains(const ResultDocument& result) { return result.pick && *result.pick != result.baseline; }

/// What a search has proven to be a gain is kept under this.
std::string established_key(const std::string& key) { return "established:" + key; }

/// A run that ended early, before it came to what an earlier one had proven for the same request,
/// gives that one's result again.
ResultDocument best_known(SearchContext& context, const std::string& key, bool complete,
                          const ResultDocument& own) {
  if (complete || gains(own)) return own;
  auto before = context.store->find_as(Kind::decision, established_key(key), stored_result);
  if (!before) return own;
  context.note(
      "this run ended before it reached what an earlier run had proven; the earlier result stands");
  before->status = own.status == ResultStatus::interrupted ? own.status : ResultStatus::met;
  return *before;
}

}  // namespace

ResultDocument search_and_hand_over(SearchContext& context, const std::string& key) {
  SearchRun run(context);
  announce(context, run.candidates());
  SearchOutcome outcome = run.run();
  const bool complete = outcome.status != ResultStatus::interrupted && !outcome.budget_ended &&
                        context.unsettled.empty();
  if (!context.unsettled.empty() && !context.interrupted())
    context.note("not finished: " + context.unsettled.front() +
                 "; the same command tries it again");
  ResultDocument own = make_result(context, run, outcome, context.plan.budget.elapsed_s());
  ResultDocument result = best_known(context, key, complete, own);
  if (result.handed_over_id() != own.handed_over_id()) {
    if (hand_over_again(context, result)) return result;
    result = std::move(own);  // what was proven cannot be had again
  }
  const Candidate& handed = run.candidates()[outcome.pick];
  hand_over(context, handed.variant, *handed.artefact, result);
  dump_handed_over(context, handed);
  if (gains(result)) context.store->put(Kind::decision, established_key(key), write_result(result));
  if (complete) context.store->put(Kind::decision, key, write_result(result));
  return result;
}

SearchPlan plan_search(const SearchRequest& request, const SearchListener& listener, Place& place) {
  SearchRequest own = request;
  TemporaryFolder scratch("tamis-plan");
  own.out = scratch.path();
  SearchContext context = prepare_search(own, listener, place);
  SearchPlan plan;
  plan.variants = context.variants();
  if (request.axes.count("precision") == 0) plan.note = note_on_precisions(context.parent.facts);
  double macs = context.parent.model.description.value("macs", 0.0);
  // About 0.1 TOPS in f32 through a whole net on two threads of the machines this was tuned on.
  double per_item_s = macs * 2 / 1e11;
  double items = request.exhaustive ? static_cast<double>(context.plan.evaluation_order.size()) : 0;
  plan.estimated_s =
      static_cast<double>(plan.variants.size()) * (kScreenSeconds + items * per_item_s);
  plan.how =
      "rough estimate from the model's multiply-accumulates; the progress bar corrects itself";
  return plan;
}

ResultDocument optimize(const SearchRequest& request, const SearchListener& listener,
                        Place& place) {
  SearchContext context = prepare_search(request, listener, place);
  std::string key = run_key(context);
  if (auto finished = finished_before(context, key)) {
    context.note("a run with the same arguments has finished: showing its stored result");
    if (hand_over_again(context, *finished)) return *finished;
    context.store->remove(Kind::decision, key);
  }
  context.store->put(Kind::run, key,
                     {{"command", request.command}, {"identity", identity(request)}});
  const std::int64_t waiting_ns = context.lab->clock().ns();
  constexpr double kLeastWait_s = 3600;  // it has its place in the queue
  const auto lock = place.lock({true, std::max(request.budget_s, kLeastWait_s),
                                [&context] { return !context.interrupted(); }});
  context.plan.budget.exclude(context.lab->clock().seconds_since(waiting_ns));
  if (auto finished = finished_before(context, key))  // the run that was waited for did the same
    if (hand_over_again(context, *finished)) return *finished;
  if (request.retry_failed) forget_failures(*context.store);
  warn_if_too_few_items(context);
  return search_and_hand_over(context, key);
}

}  // namespace tamis
