#include <fmt/format.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/units.h"
#include "cli/console.h"
#include "data/bad_items.h"
#include "execute/worker.h"
#include "measure/contestant.h"
#include "tasks/paired_scores.h"

namespace tamis {
namespace {

constexpr double kTimeout_s = 3600;
constexpr std::size_t kChunk = 64;

struct Evaluated {
  std::vector<ItemRecord> records;
  double load_s = 0, inference_s = 0, wall_s = 0;
};

/// Adds the unusable items of a reply; throws when there are now too many.
void note_bad(const Json& bad, BadItems& all) {
  for (const Json& b : bad) all.add(b.at("item"), Error(ErrorCode::corrupt_data, b.at("reason")));
}

Evaluated evaluate_all(const ExecuteRequest& request, const InputSpec& items, std::size_t allow_bad,
                       Progress& progress) {
  Evaluated result;
  BadItems bad(allow_bad);
  Worker worker;
  std::int64_t start = now_ns();
  Json open = to_json(request);
  open["op"] = "open";
  open["warm_up"] = false;
  worker.request(open, kTimeout_s);
  result.load_s = seconds_since(start);
  start = now_ns();
  worker.request({{"op", "evaluate_begin"}, {"data", to_json(items)}}, kTimeout_s);
  progress.begin("evaluating", items.items.size());
  for (bool done = false; !done;) {
    if (interrupt_asked()) throw Error(ErrorCode::unavailable, "eval: interrupted");
    Frame reply = worker.request({{"op", "evaluate_next"}, {"count", kChunk}}, kTimeout_s);
    note_bad(reply.head.at("bad"), bad);
    result.inference_s += reply.head.at("inference_s").get<double>();
    Json records = Json::from_msgpack(reply.block);
    for (const Json& record : records) result.records.push_back(parse_item_record(record));
    progress.advance(records.size());
    done = reply.head.at("done");
  }
  progress.finish();
  if (bad.count() > 0) progress.line(bad.summary());
  result.wall_s = seconds_since(start);
  return result;
}

int evaluate(const ExecuteOptions& options, const Console& console) {
  install_interrupt_handler();
  auto progress = make_progress(console);
  std::int64_t start = now_ns();
  ModelInfo info = inspect_in_worker(options.model, options.card);
  const Task& task = find_task(info.required_card().task);
  EvaluationPlan plan = plan_evaluation({options.data, options.split}, info.calibration_hashes);
  for (const std::string& note : plan.notes) progress->line(note);
  InputSpec items{DataSpec{options.data, plan.evaluation.split}, plan.evaluation.items};
  ExecuteRequest request{info.file, info.required_card(), run_settings(options.model, options),
                         false, options.engine_cache};
  Evaluated found = evaluate_all(request, items, options.allow_bad, *progress);
  if (found.records.empty()) throw Error(ErrorCode::corrupt_data, "eval: no item could be used");
  Estimate estimate = estimate_metric(task, found.records, 0.95);
  Json json{{"schema", "tamis/eval/1"},
            {"metric", task.metric},
            {"value", estimate.value},
            {"low", estimate.interval.low},
            {"high", estimate.interval.high},
            {"confidence", 0.95},
            {"metrics", task.figures(found.records)},
            {"items", found.records.size()},
            {"load_s", found.load_s},
            {"inference_s", found.inference_s},
            {"evaluate_s", found.wall_s},
            {"wall_s", seconds_since(start)}};
  if (console.json) {
    print_json(json);
    return 0;
  }
  fmt::print("{} {:.4f} [{:.4f}, {:.4f}] on {} items\n", task.metric, estimate.value,
             estimate.interval.low, estimate.interval.high, found.records.size());
  for (const auto& [name, value] : json["metrics"].items())
    if (value.is_number()) fmt::print("  {:<12} {:.4f}\n", name, value.get<double>());
  fmt::print("  {:.1f} s in the runtime of {:.1f} s\n", found.inference_s, found.wall_s);
  return 0;
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
