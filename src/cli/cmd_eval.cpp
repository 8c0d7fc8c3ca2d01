#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <span>

#include "base/clock.h"
#include "base/error.h"
#include "base/units.h"
#include "cli/console.h"
#include "data/bad_items.h"
#include "data/facts.h"
#include "eval/worker_evaluation.h"
#include "result/command_documents.h"
#include "stats/random.h"
#include "tasks/paired_scores.h"

namespace tamis {
namespace {

constexpr std::size_t kChunk = 32;

struct Evaluated {
  std::vector<ItemRecord> records;
  double load_s = 0, inference_s = 0, wall_s = 0;
  bool complete = false;
};

/// Adds the unusable items of a reply; throws, naming all so far, when there are now too many.
void note_bad(const Json& bad, BadItems& all) {
  std::optional<Error> too_many;
  for (const Json& b : bad) {
    try {
      all.add(b.at("item"), Error(ErrorCode::corrupt_data, b.at("reason")));
    } catch (const Error& e) {
      too_many.emplace(e);
    }
  }
  if (too_many) throw Error(*too_many);
}

bool go_on() { return !interrupt_asked(); }

/// Evaluates to the end, or until Ctrl-C.
void evaluate_items(WorkerEvaluation& evaluation, std::size_t count, Evaluated& result,
                    BadItems& bad, Progress& progress) {
  progress.begin("evaluating", count);
  double item_s = evaluation.first_ms() * 1e-3;
  while (!result.complete && go_on()) {
    EvaluatedPart part;
    try {
      part = evaluation.next(kChunk, patience_for_items(kChunk, item_s));
    } catch (const Error&) {
      if (!go_on()) return;
      throw;
    }
    note_bad(part.bad, bad);
    result.inference_s += part.inference_s;
    item_s = std::max(item_s, part.wall_s / kChunk);
    for (const Json& record : part.records) result.records.push_back(parse_item_record(record));
    progress.advance(part.records.size());
    result.complete = part.done;
  }
}

Evaluated evaluate_all(Place& place, const EvaluationSpec& spec, std::size_t allow_bad,
                       Progress& progress) {
  Evaluated result;
  BadItems bad(allow_bad);
  WorkerEvaluation evaluation(place, spec, go_on);
  result.load_s = evaluation.load_s();
  const std::int64_t start = now_ns();
  evaluate_items(evaluation, spec.items.items.size(), result, bad, progress);
  progress.finish();
  if (bad.count() > 0) progress.line(bad.summary());
  result.wall_s = evaluation.begin_s() + seconds_since(start);
  return result;
}

/// The data's own order, on which the ranks of equal scores hang.
void restore_order(std::vector<ItemRecord>& records, const ItemSet& set) {
  std::map<std::string, std::size_t> places;
  for (std::size_t i : set.items) places.emplace(set.dataset->items()[i].id, i);
  std::stable_sort(records.begin(), records.end(), [&](const ItemRecord& a, const ItemRecord& b) {
    return places.at(a.item) < places.at(b.item);
  });
}

EvalDocument to_document(const Task& task, const Evaluated& found, const EvaluationPlan& plan,
                         double wall_s) {
  constexpr double kLevel = 0.95;
  const Estimate estimate = estimate_metric(task, found.records, kLevel);
  EvalDocument document;
  document.metric = task.metric;
  document.value = estimate.value;
  document.low = estimate.interval.low;
  document.high = estimate.interval.high;
  document.confidence = kLevel;
  document.metrics = task.figures(found.records);
  document.items = found.records.size();
  document.items_planned = plan.evaluation.items.size();
  document.data = plan.about;
  document.complete = found.complete;
  document.load_s = found.load_s;
  document.inference_s = found.inference_s;
  document.evaluate_s = found.wall_s;
  document.wall_s = wall_s;
  return document;
}

void print_evaluated(const EvalDocument& d) {
  say("{} {:.4f} [{:.4f}, {:.4f}] on {} items\n", d.metric, d.value, d.low, d.high, d.items);
  std::size_t width = 12;
  for (const auto& [name, value] : d.metrics.items())
    if (value.is_number()) width = std::max(width, name.size());
  for (const auto& [name, value] : d.metrics.items())
    if (value.is_number()) say("  {:<{}} {:.4f}\n", name, width, value.get<double>());
  say("  {:.1f} s in the runtime of {:.1f} s\n", d.inference_s, d.evaluate_s);
}

/// Without labels there is nothing to hold predictions against. Of another kind than the task's,
/// they are named where they are used.
void require_labels(const std::string& path, const Dataset& data) {
  const DataFacts facts = count_facts(data);
  if (facts.labelled > 0) return;
  throw Error(ErrorCode::invalid_argument,
              fmt::format("eval: {} of {} has no label{}; give data with labels",
                          data.items()[0].id, path, facts.looked_for_text()));
}

int evaluate(const ExecuteOptions& options, const Console& console) {
  install_interrupt_handler();
  auto progress = make_progress(console);
  std::int64_t start = now_ns();
  Place& place = *console.place;
  ModelInfo info = inspect_in_worker(place, options.model, options.card);
  const Task& task = task_that_reads(info.required_card().task);
  say_notes(info, *progress);
  EvaluationPlan plan = plan_evaluation(
      {options.data, options.split, task.truth_detail, info.classes()}, info.calibration_hashes);
  for (const std::string& note : plan.notes) progress->line(note);
  require_labels(options.data, *plan.evaluation.dataset);
  InputSpec items{DataSpec{options.data, plan.evaluation.split}, plan.evaluation.items};
  Random random(1, 7);  // any first part of it then stands for the whole
  shuffle(std::span<std::size_t>(items.items), random);
  ExecuteRequest request{info.file, info.required_card(),
                         run_settings(place, options.model, options), false, options.engine_cache};
  const auto lock = wait_for_machine(place);  // it reports times, and would falsify others'
  Evaluated found =
      evaluate_all(place, {request, items, true, info.hash}, options.allow_bad, *progress);
  if (found.records.empty() && interrupt_asked()) return kExitInterrupted;
  if (found.records.empty()) throw Error(ErrorCode::corrupt_data, "eval: no item could be used");
  restore_order(found.records, plan.evaluation);
  const EvalDocument document = to_document(task, found, plan, seconds_since(start));
  if (console.json)
    print_json(write_document(document));
  else
    print_evaluated(document);
  if (found.complete) return 0;
  say_error("interrupted: this is from the first {} of {} items\n", found.records.size(),
            items.items.size());
  return kExitInterrupted;
}

}  // namespace

std::function<int()> make_eval(CLI::App& app, Console& console) {
  auto options = std::make_shared<ExecuteOptions>();
  add_model_option(app, *options);
  add_data_options(app, *options);
  app.get_option("--data")->required();
  add_run_options(app, *options);
  add_card_options(app, *options);
  add_console_options(app, console);
  return [options, &console] { return evaluate(*options, console); };
}

}  // namespace tamis
