#include <fmt/format.h>

#include <sstream>

#include "base/error.h"
#include "base/files.h"
#include "base/units.h"
#include "cli/console.h"
#include "deploy/usage.h"
#include "report/report.h"
#include "result/words.h"
#include "search/optimize.h"

namespace tamis {
namespace {

/// As typed, unparsed.
struct SearchOptions {
  ExecuteOptions execute;
  std::string max_drop, min_accuracy, max_latency, max_size, max_memory;
  std::string confidence = "95%", budget = "10m", objective = "latency", calibration, out, baseline;
  std::map<std::string, std::vector<std::string>> axes;
  std::vector<std::string> allow;
  std::uint64_t seed = 1;
  std::string ort_library, openvino_library;
  bool dry_run = false, retry_failed = false, dump = false;
};

void add_gate_options(CLI::App& app, SearchOptions& o) {
  const char* group = "Gates";
  app.add_option("--max-drop", o.max_drop,
                 "How much accuracy may fall: 1% of the baseline's, or 0.5pt (default: 1% if no "
                 "accuracy gate is given)")
      ->group(group);
  app.add_option("--min-accuracy", o.min_accuracy, "Lowest accuracy, as 0.7 or 70%")->group(group);
  app.add_option(
         "--max-latency", o.max_latency,
         "Highest median latency, such as 20ms; with --objective throughput, under that load")
      ->group(group);
  app.add_option("--max-size", o.max_size, "Largest file, such as 5MB")->group(group);
  app.add_option("--max-memory", o.max_memory, "Highest peak memory, such as 300MB")->group(group);
  app.add_option("--confidence", o.confidence, "How sure it must be that a gate is met")
      ->group(group);
  app.add_option("--objective", o.objective,
                 "latency, throughput (images per second of the whole machine), size or "
                 "memory")
      ->group(group);
}

/// "threads=1,2": the general form of --threads 1,2.
void add_axis_values(const std::string& text, SearchOptions& o) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos || equals + 1 == text.size())
    throw Error(ErrorCode::invalid_argument,
                fmt::format("--axis {}: give NAME=A,B,… such as threads=1,2", text));
  std::istringstream values(text.substr(equals + 1));
  for (std::string value; std::getline(values, value, ',');)
    o.axes[text.substr(0, equals)].push_back(value);
}

void add_axis_options(CLI::App& app, SearchOptions& o) {
  app.add_option_function<std::vector<std::string>>(
         "--axis",
         [&o](const std::vector<std::string>& all) {
           for (const std::string& text : all) add_axis_values(text, o);
         },
         "Values of any axis in this list, such as threads=1,2; once per axis")
      ->type_name("NAME=A,B,…")
      ->group("Axes (default: what is worth trying here)");
  for (const Axis& axis : axes()) {
    std::string name(axis.name);
    app.add_option_function<std::vector<std::string>>(
           "--" + name,
           [&o, name](const std::vector<std::string>& values) {
             o.axes[name].insert(o.axes[name].end(), values.begin(), values.end());
           },
           std::string(axis.help))
        ->delimiter(',')
        ->type_name("A,B,…")
        ->group("Axes (default: what is worth trying here)");
  }
}

void add_search_options(CLI::App& app, SearchOptions& o, Console& console) {
  add_model_option(app, o.execute);
  add_data_options(app, o.execute);
  app.get_option("--data")->required();
  app.add_option("--calibration", o.calibration,
                 "Images to calibrate on (default: train of --data, or a part that is set aside)");
  app.add_option("--budget", o.budget, "Time for the search, such as 10m");
  app.add_option("-o,--out", o.out, "Folder for the winner, the reports and the store")->required();
  app.add_option("--seed", o.seed, "Seed of every random choice");
  app.add_flag("--retry-failed", o.retry_failed,
               "Try again what failed in an earlier run on this folder");
  app.add_flag("--dump", o.dump,
               "Also write OUT/runtime-model: what the runtime makes of the winner");
  app.add_option(
      "--baseline", o.baseline,
      "What drops and speed-ups refer to: the original in other settings, such as openvino:bf16, "
      "or a variant of tamis sweep --dry-run, such as v07 (default: the original, ort:f32:all)");
  app.add_option("--allow", o.allow,
                 "Steps that change what a caller feeds or gets: resolution, head, input")
      ->default_str("")
      ->delimiter(',')
      ->type_name("A,B,…");
  app.add_option("--ort-library", o.ort_library, "ONNX Runtime's library to load");
  app.add_option("--openvino-library", o.openvino_library, "OpenVINO's C library to load");
  add_gate_options(app, o);
  add_axis_options(app, o);
  add_card_options(app, o.execute);
  add_console_options(app, console);
}

Gates parse_gates(const SearchOptions& o) {
  Gates gates;
  if (!o.max_drop.empty()) gates.max_drop = parse_drop(o.max_drop, "--max-drop");
  if (!o.min_accuracy.empty())
    gates.min_accuracy = parse_fraction(o.min_accuracy, "--min-accuracy");
  if (!o.max_latency.empty())
    gates.max_latency_ms = parse_seconds(o.max_latency, "--max-latency") * 1000;
  if (!o.max_size.empty()) gates.max_size_bytes = parse_bytes(o.max_size, "--max-size");
  if (!o.max_memory.empty()) gates.max_memory_bytes = parse_bytes(o.max_memory, "--max-memory");
  if (!gates.max_drop && !gates.min_accuracy) gates.max_drop = DropLimit{};
  return gates;
}

SearchRequest to_request(const SearchOptions& o, const Console& console, bool exhaustive) {
  SearchRequest r;
  r.model = o.execute.model;
  r.card_options = o.execute.card;
  r.data = {o.execute.data, o.execute.split};
  if (!o.calibration.empty()) r.calibration = DataSpec{o.calibration, ""};
  r.gates = parse_gates(o);
  r.confidence = parse_fraction(o.confidence, "--confidence");
  if (r.confidence < 0.5)
    throw Error(ErrorCode::invalid_argument,
                "--confidence: below 50% proves nothing; give 50% to 99.9%");
  r.objective = parse_objective(o.objective);
  r.axes = o.axes;
  r.allow = parse_allow(o.allow);
  r.exhaustive = exhaustive;
  r.allow_bad = o.execute.allow_bad;
  r.seed = o.seed;
  if (!o.ort_library.empty()) r.libraries["ort"] = o.ort_library;
  if (!o.openvino_library.empty()) r.libraries["openvino"] = o.openvino_library;
  r.baseline = o.baseline;
  r.budget_s = parse_seconds(o.budget, "--budget");
  r.retry_failed = o.retry_failed;
  r.dump = o.dump;
  r.out = o.out;
  r.command = console.command_line;
  return r;
}

int exit_of(ResultStatus status) {
  if (status == ResultStatus::interrupted) return kExitInterrupted;
  return status == ResultStatus::met ? 0 : kExitNearestMiss;
}

void write_files(const Json& result, const SearchRequest& request, Progress& progress) {
  progress.finish();
  for (const std::string& note : write_report(result, request.out).notes) progress.line(note);
  try {
    write_usage(load_json(request.out / "run.json"), request.out);
  } catch (const Error& e) {
    if (e.code() != ErrorCode::unsupported) throw;
    progress.line(e.what());
  }
}

/// The options of this run, so that it can be made again.
void save_config(const SearchRequest& request, const Console& console) {
  save_file(request.out / "run.yaml", console.config);
}

int search(const SearchOptions& options, const Console& console, bool exhaustive) {
  install_interrupt_handler();
  SearchRequest request = to_request(options, console, exhaustive);
  auto progress = make_progress(console);
  progress->limit(request.budget_s);
  const ResultDocument result = optimize(request, make_listener(*progress), *console.place);
  const Json document = write_result(result);
  write_files(document, request, *progress);
  save_config(request, console);
  if (console.json) {
    print_json(load_json(request.out / "decision.json"));
  } else {
    const Json shown = printable_document(document);
    print_lines(variants_table_text(shown, terminal_columns()) + "\n" + decision_text(shown));
    say("\nReport: {}\n", (request.out / "report.html").string());
  }
  if (result.status == ResultStatus::interrupted)
    say_error("interrupted: this is what is known so far; the same command continues from here\n");
  return exit_of(result.status);
}

int dry_run(const SearchOptions& options, const Console& console) {
  SearchRequest request = to_request(options, console, true);
  auto progress = make_progress(console);
  SearchPlan plan = plan_search(request, make_listener(*progress), *console.place);
  progress->finish();
  if (console.json) {
    Json json{{"expected_runs", plan.variants.size()},
              {"estimated_s", plan.estimated_s},
              {"note", plan.note},
              {"variants", Json::array()}};
    for (const Variant& v : plan.variants)
      json["variants"].push_back({{"id", v.id},
                                  {"name", variant_name(v)},
                                  {"settings", to_json(v.settings)},
                                  {"recipe", step_texts(v.recipe)}});
    print_json(json);
    return 0;
  }
  for (const Variant& v : plan.variants) say("{}  {}\n", v.id, variant_name(v));
  if (!plan.note.empty()) say("{}\n", plan.note);
  say("Expected runs: {}\nEstimated time: {} ({})\n", plan.variants.size(),
      duration_text(plan.estimated_s), plan.how);
  return 0;
}

}  // namespace

std::function<int()> make_optimize(CLI::App& app, Console& console) {
  auto options = std::make_shared<SearchOptions>();
  add_search_options(app, *options, console);
  return [options, &console] { return search(*options, console, false); };
}

std::function<int()> make_sweep(CLI::App& app, Console& console) {
  auto options = std::make_shared<SearchOptions>();
  options->budget = "12h";
  add_search_options(app, *options, console);
  app.get_option("--out")->required(false);
  app.add_flag("--dry-run", options->dry_run,
               "Print the variants and the estimated time, and measure nothing");
  return [options, &console] {
    if (options->dry_run) return dry_run(*options, console);
    if (options->out.empty())
      throw Error(ErrorCode::invalid_argument, "sweep: needs --out DIR, or --dry-run");
    return search(*options, console, true);
  };
}

}  // namespace tamis
