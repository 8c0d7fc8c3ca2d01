#include <fmt/format.h>

#include <charconv>

#include "base/clock.h"
#include "base/error.h"
#include "base/units.h"
#include "cli/console.h"
#include "measure/dump.h"
#include "measure/interleave.h"
#include "measure/summary.h"
#include "stats/sequential.h"

namespace tamis {
namespace {

struct BenchOptions {
  ExecuteOptions common;
  std::vector<std::string> models;
  std::size_t rounds = 100;
  std::string budget = "60s", confidence = "95%", resolution = "1%", objective = "latency";
  std::string dump;
  std::uint64_t seed = 1;

  bool under_load() const { return objective == "throughput"; }
};

/// MODEL[@key=value,…]: settings of this one alone, on top of the common options.
struct Entry {
  std::string name;
  std::string model;
  RunSettings settings;
};

int parse_count(const std::string& entry, const std::string& key, const std::string& value) {
  int count = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), count);
  if (error != std::errc() || end != value.data() + value.size() || count < 1 || count > 4096)
    throw Error(ErrorCode::invalid_argument,
                fmt::format("bench {}: {}={}: give a number from 1 to 4096", entry, key, value));
  return count;
}

/// A key of MODEL@key=value: where its text or its number goes.
struct EntryKey {
  const char* name;
  std::string ExecuteOptions::*text;
  int ExecuteOptions::*count = nullptr;
};
constexpr EntryKey kEntryKeys[] = {{"backend", &ExecuteOptions::backend},
                                   {"device", &ExecuteOptions::device},
                                   {"inference-precision", &ExecuteOptions::inference_precision},
                                   {"graph-level", &ExecuteOptions::graph_level},
                                   {"provider", &ExecuteOptions::provider},
                                   {"threads", nullptr, &ExecuteOptions::threads},
                                   {"hint", &ExecuteOptions::hint},
                                   {"streams", nullptr, &ExecuteOptions::streams},
                                   {"in-flight", nullptr, &ExecuteOptions::in_flight},
                                   {"batch", nullptr, &ExecuteOptions::batch},
                                   {"pinning", &ExecuteOptions::pinning},
                                   {"library", &ExecuteOptions::library}};

void set_entry_key(ExecuteOptions& own, const std::string& entry, const std::string& key,
                   const std::string& value) {
  std::vector<std::string> names;
  for (const EntryKey& row : kEntryKeys) {
    names.emplace_back(row.name);
    if (key != row.name) continue;
    if (row.text != nullptr)
      own.*row.text = value;
    else
      own.*row.count = parse_count(entry, key, value);
    return;
  }
  throw Error(ErrorCode::invalid_argument,
              fmt::format("bench {}: unknown setting '{}'; {}", entry, key, suggest(key, names)));
}

Entry parse_entry(const std::string& text, const ExecuteOptions& common) {
  std::size_t at = text.rfind('@');
  bool has_settings = at != std::string::npos && !std::filesystem::exists(text);
  Entry entry{text, has_settings ? text.substr(0, at) : text, {}};
  ExecuteOptions own = common;
  std::string rest = has_settings ? text.substr(at + 1) : "";
  while (!rest.empty()) {
    std::size_t comma = rest.find(',');
    std::string pair = rest.substr(0, comma);
    rest = comma == std::string::npos ? "" : rest.substr(comma + 1);
    std::size_t equals = pair.find('=');
    std::string key = pair.substr(0, equals),
                value = equals == std::string::npos ? "" : pair.substr(equals + 1);
    set_entry_key(own, text, key, value);
  }
  entry.settings = run_settings(entry.model, own);
  return entry;
}

InputSpec measuring_inputs(const ExecuteOptions& options,
                           const std::vector<std::string>& excluded) {
  if (options.data.empty()) return {};
  EvaluationPlan plan = plan_evaluation({options.data, options.split}, excluded);
  std::vector<std::size_t> items = seeded_order(plan.evaluation.dataset->items(), 1);
  if (items.size() > 8) items.resize(8);
  return {DataSpec{options.data, plan.evaluation.split}, items};
}

std::vector<std::unique_ptr<Contestant>> open_all(const BenchOptions& options, Progress& progress) {
  std::vector<std::unique_ptr<Contestant>> contestants;
  progress.begin("opening", options.models.size());
  std::size_t n = 0;
  for (const std::string& text : options.models) {
    if (interrupt_asked()) break;
    Entry entry = parse_entry(text, options.common);
    progress.working_on(entry.name);
    ModelInfo info = inspect_in_worker(entry.model, options.common.card);
    info.require_fixed_shapes();
    say_notes(info, progress);
    if (!options.common.data.empty()) info.required_card();
    // Only a picture can be made up.
    if (!info.card && info.description.at("inputs").size() != 1)
      throw Error(info.card_error_code, fmt::format("bench {}: {}", entry.name, info.card_error));
    if (!info.card)
      progress.line(fmt::format("{}: no card ({}); measuring inference only, without decoding",
                                entry.name, info.card_error));
    ContestantSpec spec{
        fmt::format("{:04}", n++),
        {info.file, info.card, entry.settings, false, options.common.engine_cache, {}},
        measuring_inputs(options.common, info.calibration_hashes),
        options.under_load()};
    spec.request.input_shapes = info.open_inputs;
    contestants.push_back(std::make_unique<Contestant>(spec));
    progress.advance();
  }
  return contestants;
}

/// "01-yolov8n": a folder of its own for each model.
void dump_models(const BenchOptions& options, Progress& progress) {
  if (options.dump.empty()) return;
  progress.begin("writing what the runtimes make of the models", options.models.size());
  for (std::size_t i = 0; i < options.models.size() && !interrupt_asked(); ++i) {
    const Entry entry = parse_entry(options.models[i], options.common);
    const ModelInfo info = inspect_in_worker(entry.model, options.common.card);
    const auto folder = std::filesystem::path(options.dump) /
                        fmt::format("{:02}-{}", i + 1, info.file.stem().string());
    ExecuteRequest request{info.file, info.card, entry.settings, true, {}, {}};
    request.input_shapes = info.open_inputs;
    dump_runtime_model(request, folder);
    progress.line(fmt::format("{}: {}", entry.name, folder.string()));
    progress.advance();
  }
}

/// Whether every pair is settled, so that no more rounds are needed.
bool settled(const RoundTable& table, const std::vector<std::unique_ptr<Contestant>>& all,
             const PairedStopping& stopping) {
  for (std::size_t a = 0; a < all.size(); ++a)
    for (std::size_t b = a + 1; b < all.size(); ++b) {
      auto pair = table.pair(all[a]->id(), all[b]->id());
      Decision d = stopping.look(pair.a, pair.b);
      bool narrow = d.estimate.high / d.estimate.low <= 1 + stopping.plan().resolution_ratio;
      if (!narrow && !d.stop) return false;
    }
  return true;
}

void run_rounds(RoundTable& table, const std::vector<std::unique_ptr<Contestant>>& all,
                const BenchOptions& options, const PairedStopping& stopping, Progress& progress) {
  double budget_s = parse_seconds(options.budget, "--budget");
  std::int64_t start = now_ns();
  std::vector<Contestant*> contestants;
  for (const auto& c : all) contestants.push_back(c.get());
  progress.begin("measuring", options.rounds);
  for (std::size_t r = 0; r < options.rounds && !interrupt_asked(); ++r) {
    if (r >= 2 && seconds_since(start) > budget_s) break;
    std::vector<RoundFailure> failures;
    Round round = run_round(contestants, options.seed, r, failures);
    if (!failures.empty())
      throw Error(parse_error_code(failures[0].error.at("code").get<std::string>()),
                  failures[0].error.at("text").get<std::string>());
    table.add(std::move(round));
    progress.advance();
    if (all.size() > 1 && stopping.is_look(table.size()) && settled(table, all, stopping)) break;
  }
}

Json latency_json(const LatencySummary& s) {
  Json json = to_json(s);
  if (!json.contains("p95")) json["p95"] = nullptr;
  return json;
}

Json variant_json(const BenchOptions& options, std::size_t i, Contestant& c,
                  const RoundTable& table, double confidence) {
  auto samples = table.samples(c.id());
  LatencySummary total = summarise(samples, Which::total, confidence);
  Json json{{"name", options.models[i]},
            {"latency_ms", latency_json(total)},
            {"inference_ms", latency_json(summarise(samples, Which::inference, confidence))},
            {"samples", total.inferences}};
  json["images_per_s"] = nullptr;
  if (auto rate = summarise_rate(samples, confidence)) {
    json["images_per_s"] = to_json(*rate);
    json["in_flight"] = c.info().in_flight;
  }
  json["from_file_ms"] = nullptr;
  const bool skip = interrupt_asked() || options.under_load();
  std::vector<double> times = skip ? std::vector<double>() : c.time_from_file(3);
  if (!times.empty()) json["from_file_ms"] = latency_json(summarise_times(times, confidence));
  Json info = to_json(c.info());
  for (const char* key : {"load_ms", "compile_ms", "first_ms", "peak_memory_bytes", "effective"})
    json[key] = info.at(key);
  return json;
}

Json environment_json() {
  Fingerprint machine = capture_fingerprint();
  Json warnings = Json::array();
  for (const EnvironmentWarning& w : suspicious_conditions(machine))
    warnings.push_back({{"text", w.text}, {"remedy", w.remedy}});
  return Json{{"machine", to_json(machine)}, {"warnings", warnings}};
}

std::string optional_ms(const Json& value) {
  return value.is_null() ? "–" : fmt::format("{:.3f}", value.get<double>());
}

void print_latencies(const Json& json) {
  fmt::print("{:<44} {:>10} {:>21} {:>9} {:>10} {:>9} {:>9}\n", "variant", "median",
             "95 % interval", "p95", "inference", "compile", "memory");
  for (const Json& v : json.at("variants")) {
    const Json& l = v.at("latency_ms");
    fmt::print("{:<44} {:>7.3f} ms {:>9.3f} – {:>6.3f} ms {:>9} {:>7.3f} ms {:>6.0f} ms {:>9}\n",
               v.at("name").get<std::string>(), l.at("median").get<double>(),
               l.at("low").get<double>(), l.at("high").get<double>(), optional_ms(l.at("p95")),
               v.at("inference_ms").at("median").get<double>(), v.at("compile_ms").get<double>(),
               bytes_text(v.at("peak_memory_bytes")));
  }
}

void print_rates(const Json& json) {
  fmt::print("{:<44} {:>10} {:>17} {:>9} {:>15} {:>9} {:>9}\n", "variant", "images/s",
             "95 % interval", "in flight", "latency (load)", "p95", "memory");
  for (const Json& v : json.at("variants")) {
    const Json &r = v.at("images_per_s"), &l = v.at("latency_ms");
    fmt::print("{:<44} {:>10.2f} {:>7.2f} – {:>7.2f} {:>9} {:>12.3f} ms {:>9} {:>9}\n",
               v.at("name").get<std::string>(), r.at("median").get<double>(),
               r.at("low").get<double>(), r.at("high").get<double>(), v.at("in_flight").get<int>(),
               l.at("median").get<double>(), optional_ms(l.at("p95")),
               bytes_text(v.at("peak_memory_bytes")));
  }
}

/// Ratios are of times; under load the time is a picture's share of the machine's.
void print_comparison(const Json& c, bool under_load) {
  const double ratio = c.at("ratio"), low = c.at("low"), high = c.at("high");
  if (under_load)
    fmt::print("{} against {}: {:.4f} [{:.4f}, {:.4f}] of its images/s: {}\n",
               c.at("a").get<std::string>(), c.at("b").get<std::string>(), 1 / ratio, 1 / high,
               1 / low, c.at("verdict").get<std::string>());
  else
    fmt::print("{} against {}: {:.4f} [{:.4f}, {:.4f}] of its time: {}\n",
               c.at("a").get<std::string>(), c.at("b").get<std::string>(), ratio, low, high,
               c.at("verdict").get<std::string>());
}

void print_table(const Json& json) {
  const bool under_load = json.at("objective") == "throughput";
  if (under_load)
    print_rates(json);
  else
    print_latencies(json);
  for (const Json& c : json.at("comparisons")) print_comparison(c, under_load);
  for (const Json& w : json.at("environment").at("warnings"))
    fmt::print("warning: {}; {}\n", w.at("text").get<std::string>(),
               w.at("remedy").get<std::string>());
}

void check_objective(const BenchOptions& options) {
  if (options.objective != "latency" && options.objective != "throughput")
    throw Error(ErrorCode::invalid_argument,
                fmt::format("--objective: unknown value '{}'; {}", options.objective,
                            suggest(options.objective, {"latency", "throughput"})));
  if (options.common.in_flight > 0 && !options.under_load())
    throw Error(ErrorCode::invalid_argument,
                "--in-flight: several requests are in flight with --objective throughput only");
}

int bench(const BenchOptions& options, const Console& console) {
  check_objective(options);
  install_interrupt_handler();
  double confidence = parse_fraction(options.confidence, "--confidence");
  auto progress = make_progress(console);
  MachineLock lock = wait_for_machine();
  Json environment = environment_json();
  auto contestants = open_all(options, *progress);
  PairedStopping stopping({confidence,
                           std::min<std::size_t>(10, std::max<std::size_t>(2, options.rounds)),
                           std::max<std::size_t>(2, options.rounds),
                           parse_fraction(options.resolution, "--resolution")});
  RoundTable table;
  run_rounds(table, contestants, options, stopping, *progress);
  if (table.size() > 0) dump_models(options, *progress);
  progress->finish();
  if (table.size() == 0) return kExitInterrupted;
  Json json{{"schema", "tamis/bench/1"}, {"objective", options.objective},
            {"rounds", table.size()},    {"confidence", confidence},
            {"variants", Json::array()}, {"comparisons", Json::array()}};
  for (std::size_t i = 0; i < contestants.size(); ++i)
    json["variants"].push_back(variant_json(options, i, *contestants[i], table, confidence));
  for (std::size_t a = 0; a < contestants.size() && table.size() > 1; ++a)
    for (std::size_t b = a + 1; b < contestants.size(); ++b) {
      auto pair = table.pair(contestants[a]->id(), contestants[b]->id());
      RatioEstimate r = stopping.finish(pair.a, pair.b).estimate;
      json["comparisons"].push_back({{"a", options.models[a]},
                                     {"b", options.models[b]},
                                     {"ratio", r.ratio},
                                     {"low", r.low},
                                     {"high", r.high},
                                     {"rounds", r.rounds},
                                     {"verdict", to_text(verdict(r))}});
    }
  json["environment"] = environment;
  if (console.json)
    print_json(json);
  else
    print_table(json);
  return interrupt_asked() ? kExitInterrupted : 0;
}

}  // namespace

std::function<int()> make_bench(CLI::App& app, Console& console) {
  auto o = std::make_shared<BenchOptions>();
  app.add_option("models", o->models,
                 "ONNX files or folders that tamis optimize wrote; "
                 "MODEL@backend=openvino,threads=1 sets one apart")
      ->required()
      ->default_str("")
      ->type_name("MODEL…");
  add_data_options(app, o->common);
  add_run_options(app, o->common);
  add_card_options(app, o->common);
  app.add_option("--objective", o->objective,
                 "latency of one request at a time, or throughput: pictures per second of the "
                 "whole machine with several in flight, and the latency under that load");
  app.add_option("--rounds", o->rounds, "At most so many rounds")->check(CLI::Range(2, 100000));
  app.add_option("--budget", o->budget, "Time for the rounds");
  app.add_option("--confidence", o->confidence, "Of the intervals");
  app.add_option("--resolution", o->resolution, "Stop where all intervals are narrower than this");
  app.add_option("--seed", o->seed, "Of the order within rounds");
  app.add_option("--dump", o->dump,
                 "Folder for what each runtime makes of its model: the optimised graph or the "
                 "compiled model, and the layers that it executes");
  add_console_options(app, console);
  return [o, &console] { return bench(*o, console); };
}

}  // namespace tamis
