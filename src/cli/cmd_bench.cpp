#include <fmt/format.h>

#include <charconv>

#include "base/clock.h"
#include "base/error.h"
#include "base/units.h"
#include "cli/console.h"
#include "measure/interleave.h"
#include "measure/summary.h"
#include "stats/sequential.h"

namespace tamis {
namespace {

struct BenchOptions {
  ExecuteOptions common;
  std::vector<std::string> models;
  std::size_t rounds = 100;
  std::string budget = "60s", confidence = "95%", resolution = "1%";
  std::uint64_t seed = 1;
};

/// MODEL[@key=value,…]: settings of this one alone, on top of the common options.
struct Entry {
  std::string name;
  std::string model;
  RunSettings settings;
};

int parse_threads(const std::string& entry, const std::string& value) {
  int threads = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), threads);
  if (error != std::errc() || end != value.data() + value.size() || threads < 1 || threads > 4096)
    throw Error(ErrorCode::invalid_argument,
                fmt::format("bench {}: threads={}: give a number from 1 to 4096", entry, value));
  return threads;
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
    if (key == "backend")
      own.backend = value;
    else if (key == "device")
      own.device = value;
    else if (key == "inference-precision")
      own.inference_precision = value;
    else if (key == "graph-level")
      own.graph_level = value;
    else if (key == "library")
      own.library = value;
    else if (key == "threads")
      own.threads = parse_threads(text, value);
    else
      throw Error(ErrorCode::invalid_argument,
                  fmt::format("bench {}: unknown setting '{}'; {}", text, key,
                              suggest(key, {"backend", "device", "inference-precision",
                                            "graph-level", "threads", "library"})));
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
    if (!options.common.data.empty()) info.required_card();
    if (!info.card)
      progress.line(fmt::format("{}: no card ({}); measuring inference only, without decoding",
                                entry.name, info.card_error));
    ContestantSpec spec{fmt::format("{:04}", n++),
                        {info.file, info.card, entry.settings, false, options.common.engine_cache},
                        measuring_inputs(options.common, info.calibration_hashes)};
    contestants.push_back(std::make_unique<Contestant>(spec));
    progress.advance();
  }
  return contestants;
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
  json["from_file_ms"] = nullptr;
  std::vector<double> times = interrupt_asked() ? std::vector<double>() : c.time_from_file(3);
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

void print_table(const Json& json) {
  fmt::print("{:<44} {:>10} {:>21} {:>9} {:>10} {:>9} {:>9}\n", "variant", "median",
             "95 % interval", "p95", "inference", "compile", "memory");
  for (const Json& v : json.at("variants")) {
    const Json& l = v.at("latency_ms");
    fmt::print("{:<44} {:>7.3f} ms {:>9.3f} – {:>6.3f} ms {:>9} {:>7.3f} ms {:>6.0f} ms {:>9}\n",
               v.at("name").get<std::string>(), l.at("median").get<double>(),
               l.at("low").get<double>(), l.at("high").get<double>(),
               l.at("p95").is_null() ? "–" : fmt::format("{:.3f}", l.at("p95").get<double>()),
               v.at("inference_ms").at("median").get<double>(), v.at("compile_ms").get<double>(),
               bytes_text(v.at("peak_memory_bytes")));
  }
  for (const Json& c : json.at("comparisons"))
    fmt::print("{} against {}: {:.4f} [{:.4f}, {:.4f}] of its time: {}\n",
               c.at("a").get<std::string>(), c.at("b").get<std::string>(),
               c.at("ratio").get<double>(), c.at("low").get<double>(), c.at("high").get<double>(),
               c.at("verdict").get<std::string>());
  for (const Json& w : json.at("environment").at("warnings"))
    fmt::print("warning: {}; {}\n", w.at("text").get<std::string>(),
               w.at("remedy").get<std::string>());
}

int bench(const BenchOptions& options, const Console& console) {
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
  progress->finish();
  if (table.size() == 0) return kExitInterrupted;
  Json json{{"schema", "tamis/bench/1"},
            {"rounds", table.size()},
            {"confidence", confidence},
            {"variants", Json::array()},
            {"comparisons", Json::array()}};
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
  app.add_option("--rounds", o->rounds, "At most so many rounds")->check(CLI::Range(2, 100000));
  app.add_option("--budget", o->budget, "Time for the rounds");
  app.add_option("--confidence", o->confidence, "Of the intervals");
  app.add_option("--resolution", o->resolution, "Stop where all intervals are narrower than this");
  app.add_option("--seed", o->seed, "Of the order within rounds");
  add_console_options(app, console);
  return [o, &console] { return bench(*o, console); };
}

}  // namespace tamis
