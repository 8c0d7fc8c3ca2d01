#include <fmt/format.h>

#include <memory>

#include "base/error.h"
#include "base/files.h"
#include "cli/console.h"
#include "execute/worker.h"
#include "explain/explain.h"
#include "measure/interleave.h"
#include "measure/summary.h"
#include "stats/sequential.h"
#include "store/machine_lock.h"

namespace tamis {
namespace {

constexpr double kTimeout_s = 600, kConfidence = 0.95;
constexpr std::size_t kRounds = 40, kLeastRounds = 10;
constexpr int kRunsPerBlock = 3;

struct ExplainArguments {
  ExecuteOptions execute;
  std::string against, out;
  int runs = 30;
  bool all = false;
};

/// One of the two files, with how it is run.
struct Side {
  ModelInfo info;
  ExecuteRequest request;
};

Side make_side(const std::string& model, const ExplainArguments& a, const RunSettings& settings) {
  Side side;
  side.info = inspect_in_worker(model, a.execute.card);
  side.request = {side.info.file, side.info.card, settings, true, a.execute.engine_cache};
  return side;
}

/// A file quantised by another tool has no card of its own: its parent's fits.
void share_cards(std::vector<Side>& sides, bool required) {
  for (Side& side : sides)
    for (const Side& other : sides)
      if (!side.request.card) side.request.card = other.info.card;
  if (required && !sides[0].request.card) sides[0].info.required_card();
}

InputSpec choose_inputs(const ExplainArguments& a, const ModelInfo& info) {
  if (a.execute.data.empty()) return {};
  EvaluationPlan plan = plan_evaluation({a.execute.data, a.execute.split}, info.calibration_hashes);
  std::vector<std::size_t> items = seeded_order(plan.evaluation.dataset->items(), 1);
  if (items.size() > 4) items.resize(4);
  return {DataSpec{a.execute.data, plan.evaluation.split}, items};
}

std::unique_ptr<Worker> open_profiled(const Side& side, const InputSpec& inputs) {
  auto worker = std::make_unique<Worker>();
  Json open = to_json(side.request);
  open["op"] = "open";
  open["inputs"] = to_json(inputs);
  worker->request(open, kTimeout_s);
  worker->pause();
  return worker;
}

/// Both sides in turn, so that both see the same machine. Input 0 always: that of the values.
void run_profiled(const std::vector<Worker*>& workers, int runs, Progress& progress) {
  progress.begin("profiling", static_cast<std::size_t>(runs));
  for (int done = 0; done < runs; done += kRunsPerBlock) {
    if (interrupt_asked()) throw Error(ErrorCode::unavailable, "explain: interrupted");
    for (Worker* worker : workers) {
      worker->request({{"op", "visit"}, {"input", 0}, {"discard", 0}, {"timed", kRunsPerBlock}},
                      kTimeout_s);
      worker->pause();
    }
    progress.advance(kRunsPerBlock);
  }
}

Json span_json(const LatencySummary& s) {
  return {{"median", s.median}, {"low", s.low}, {"high", s.high}};
}

/// Inference alone, without the profile, in paired rounds.
Json measure_latency(const std::vector<Side>& sides, const InputSpec& inputs, Progress& progress) {
  std::vector<std::unique_ptr<Contestant>> contestants;
  std::vector<Contestant*> all;
  for (std::size_t i = 0; i < sides.size(); ++i) {
    ExecuteRequest request = sides[i].request;
    request.profile = false;
    contestants.push_back(
        std::make_unique<Contestant>(ContestantSpec{i == 0 ? "model" : "parent", request, inputs}));
    all.push_back(contestants.back().get());
  }
  PairedStopping stopping({kConfidence, kLeastRounds, kRounds, 0.01});
  RoundTable table;
  std::vector<double> a, b;
  progress.begin("measuring", kRounds);
  for (std::size_t r = 0; r < kRounds && !interrupt_asked(); ++r) {
    std::vector<RoundFailure> failures;
    Round round = run_round(all, 1, r, failures);
    if (!failures.empty())
      throw Error(parse_error_code(failures[0].error.at("code").get<std::string>()),
                  failures[0].error.at("text").get<std::string>());
    a.push_back(round.at("model").inference());
    if (sides.size() > 1) b.push_back(round.at("parent").inference());
    table.add(std::move(round));
    progress.advance();
    bool enough = sides.size() < 2 ? r + 1 >= kLeastRounds
                                   : stopping.is_look(r + 1) && stopping.look(a, b).stop;
    if (enough) break;
  }
  if (table.size() < 2) throw Error(ErrorCode::unavailable, "explain: interrupted");
  Json json{{"model", span_json(summarise(table.samples("model"), Which::inference, kConfidence))},
            {"against", nullptr},
            {"ratio", nullptr},
            {"low", nullptr},
            {"high", nullptr},
            {"verdict", nullptr}};
  if (sides.size() < 2) return json;
  RatioEstimate ratio = stopping.finish(a, b).estimate;
  json["against"] = span_json(summarise(table.samples("parent"), Which::inference, kConfidence));
  json["ratio"] = ratio.ratio;
  json["low"] = ratio.low;
  json["high"] = ratio.high;
  json["verdict"] = to_text(verdict(ratio));
  return json;
}

Json explain_in_worker(Worker& worker, const std::vector<Side>& sides,
                       const std::vector<Worker*>& workers, int runs) {
  Fingerprint machine = capture_fingerprint();
  ExplainRequest request;
  request.runs = static_cast<std::size_t>(runs);
  request.backend = sides[0].request.settings.backend;
  request.isa = machine.isa;
  request.architecture = machine.architecture;
  auto side = [&](std::size_t i) {
    Json reply = workers[i]->request({{"op", "profile"}}, kTimeout_s).head;
    return ExplainSide{sides[i].request.model, reply.at("layers")};
  };
  request.variant = side(0);
  if (sides.size() > 1) request.parent = side(1);
  Json head{{"op", "explain"},
            {"request", to_json(request)},
            {"settings", to_json(sides[0].request.settings)}};
  Json document = worker.request(head, kTimeout_s).head;
  document.erase("ok");
  return document;
}

void write_reports(const std::filesystem::path& folder, const Json& document) {
  save_json(folder / "explain.json", document);
  save_file(folder / "explain.md", std::string_view(explain_text(document, {true, true})));
}

Json make_document(const ExplainArguments& a, Progress& progress) {
  MachineLock lock = MachineLock::take(true, 600, [] { return !interrupt_asked(); });
  RunSettings settings = run_settings(a.execute.model, a.execute);
  std::vector<Side> sides{make_side(a.execute.model, a, settings)};
  if (!a.against.empty()) sides.push_back(make_side(a.against, a, settings));
  share_cards(sides, !a.execute.data.empty());
  InputSpec inputs = choose_inputs(a, sides[0].info);
  std::vector<std::unique_ptr<Worker>> owned;
  std::vector<Worker*> workers;
  for (const Side& side : sides) {
    owned.push_back(open_profiled(side, inputs));
    workers.push_back(owned.back().get());
  }
  run_profiled(workers, a.runs, progress);
  Json latency = measure_latency(sides, inputs, progress);
  Json found = explain_in_worker(*workers[0], sides, workers, a.runs);
  Json document{{"schema", "tamis/explain/1"},
                {"settings", to_json(settings)},
                {"settings_text", to_text(settings)},
                {"input", inputs.data ? "pictures of " + inputs.data->path.string() : "noise"},
                {"latency_ms", std::move(latency)}};
  document.update(found);
  return document;
}

int explain_model(const ExplainArguments& a, const Console& console) {
  install_interrupt_handler();
  if (!a.out.empty()) make_writable_folder(a.out);
  auto progress = make_progress(console);
  Json document = make_document(a, *progress);
  progress->finish();
  if (!a.out.empty()) write_reports(a.out, document);
  if (console.json)
    print_json(document);
  else
    fmt::print("{}", explain_text(document, {a.all, false}));
  return 0;
}

}  // namespace

std::function<int()> make_explain(CLI::App& app, Console& console) {
  auto a = std::make_shared<ExplainArguments>();
  add_model_option(app, a->execute);
  app.add_option("--against", a->against,
                 "The file it was made from: both side by side, in the same settings")
      ->type_name("PARENT");
  app.add_flag("--all", a->all, "Every layer, not only those that take longest");
  app.add_option("--runs", a->runs, "Profiled inferences")->check(CLI::Range(6, 10000));
  app.add_option("--out", a->out, "Folder for explain.json and explain.md");
  add_data_options(app, a->execute);
  add_run_options(app, a->execute);
  add_card_options(app, a->execute);
  add_console_options(app, console);
  return [a, &console] { return explain_model(*a, console); };
}

}  // namespace tamis
