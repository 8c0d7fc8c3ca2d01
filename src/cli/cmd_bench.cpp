#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/number.h"
#include "base/units.h"
#include "cli/console.h"
#include "cli/other_names.h"
#include "machine/core_speed.h"
#include "measure/bench.h"
#include "measure/dump.h"
#include "measure/summary.h"
#include "stats/percentile.h"

namespace tamis {
namespace {

constexpr std::size_t kInstances = 20;

struct BenchOptions {
  ExecuteOptions common;
  std::vector<std::string> models;
  std::size_t rounds = 400, instances = kInstances;
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
  const std::optional<int> count = parse_number<int>(value);
  if (!count || *count < 1 || *count > 4096)
    throw Error(ErrorCode::invalid_argument,
                fmt::format("bench {}: {}={}: give a number from 1 to 4096", entry, key, value));
  return *count;
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
      own.*row.text = own_value(key, value);
    else
      own.*row.count = parse_count(entry, key, value);
    return;
  }
  throw Error(ErrorCode::invalid_argument,
              fmt::format("bench {}: unknown setting '{}'; {}", entry, key, suggest(key, names)));
}

bool is_entry_key(const std::string& key) {
  return std::any_of(std::begin(kEntryKeys), std::end(kEntryKeys),
                     [&](const EntryKey& row) { return key == row.name; });
}

/// Where the settings of MODEL@key=value begin: at an @ behind a file that is there, or before a
/// key that is known; any other belongs to the path. npos: there are none.
std::size_t settings_at(const std::string& text) {
  const auto exists = [](const std::string& path) {
    std::error_code too_long;
    return std::filesystem::exists(path, too_long);
  };
  if (exists(text)) return std::string::npos;
  for (std::size_t at = text.find('@'); at != std::string::npos; at = text.find('@', at + 1)) {
    const std::string key = text.substr(at + 1, text.find('=', at) - at - 1);
    const bool behind_file = key.find('/') == std::string::npos && exists(text.substr(0, at));
    if (behind_file || is_entry_key(key)) return at;
  }
  return std::string::npos;
}

Entry parse_entry(Place& place, const std::string& text, const ExecuteOptions& common) {
  const std::size_t at = settings_at(text);
  Entry entry{text, text.substr(0, at), {}};
  ExecuteOptions own = common;
  std::string rest = at == std::string::npos ? "" : text.substr(at + 1);
  while (!rest.empty()) {
    std::size_t comma = rest.find(',');
    std::string pair = rest.substr(0, comma);
    rest = comma == std::string::npos ? "" : rest.substr(comma + 1);
    std::size_t equals = pair.find('=');
    std::string key = pair.substr(0, equals),
                value = equals == std::string::npos ? "" : pair.substr(equals + 1);
    if (value.empty())
      throw Error(ErrorCode::invalid_argument,
                  fmt::format("bench {}: '{}' has no value; write {}=VALUE", text, key, key));
    set_entry_key(own, text, key, value);
  }
  entry.settings = run_settings(place, entry.model, own);
  return entry;
}

/// Says what the data hold; null without data.
Json describe_data(const ExecuteOptions& options, Progress& progress) {
  if (options.data.empty()) return Json();
  EvaluationPlan plan = plan_evaluation({options.data, options.split}, {});
  for (const std::string& note : plan.notes) progress.line(note);
  return plan.about;
}

InputSpec measuring_inputs(const ExecuteOptions& options, const ModelInfo& model, int batch) {
  if (options.data.empty()) return {};
  EvaluationPlan plan = plan_evaluation({options.data, options.split}, model.calibration_hashes);
  return {DataSpec{options.data, plan.evaluation.split},
          measuring_items(seeded_order(plan.evaluation.dataset->items(), 1),
                          model.card ? &*model.card : nullptr, batch)};
}

/// A model without a card is measured without decoding, on noise; one that takes more than the
/// image cannot be fed at all.
void check_card(const Entry& entry, const ModelInfo& info, const BenchOptions& options,
                Progress& progress) {
  if (info.card) return;
  // Only an image can be made up.
  if (info.description.at("inputs").size() != 1)
    throw Error(info.card_error->code(),
                fmt::format("bench {}: {}", entry.name, info.card_error->what()));
  if (!options.common.data.empty()) info.required_card();
  progress.line(fmt::format("{}: no card ({}); measuring inference only, without decoding",
                            entry.name, info.card_error->what()));
}

ContestantSpecs inspect_all(Place& place, const std::vector<Entry>& entries,
                            const BenchOptions& options, Progress& progress) {
  ContestantSpecs specs;
  progress.begin("inspecting", entries.size());
  for (const Entry& entry : entries) {
    if (interrupt_asked()) break;
    progress.working_on(entry.name);
    ModelInfo info = inspect_in_worker(place, entry.model, options.common.card);
    info.require_runnable();
    say_notes(info, progress);
    check_card(entry, info, options, progress);
    const std::string id = fmt::format("{:04}", specs.size());
    specs[id] = {id,
                 {info.file, info.card, entry.settings, false, options.common.engine_cache, {}},
                 measuring_inputs(options.common, info, entry.settings.batch.value_or(1)),
                 options.under_load(),
                 info.hash};
    specs[id].request.input_shapes = info.open_inputs;
    progress.advance();
  }
  return specs;
}

/// "01-yolov8n": a folder of its own for each model.
void dump_models(Place& place, const std::vector<Entry>& entries, const BenchOptions& options,
                 Progress& progress) {
  if (options.dump.empty()) return;
  progress.begin("writing what the runtimes make of the models", entries.size());
  for (std::size_t i = 0; i < entries.size() && !interrupt_asked(); ++i) {
    const Entry& entry = entries[i];
    const ModelInfo info = inspect_in_worker(place, entry.model, options.common.card);
    const auto folder = std::filesystem::path(options.dump) /
                        fmt::format("{:02}-{}", i + 1, info.file.stem().string());
    ExecuteRequest request{info.file, info.card, entry.settings, true, {}, {}};
    request.input_shapes = info.open_inputs;
    dump_runtime_model(place, request, folder);
    progress.line(fmt::format("{}: {}", entry.name, folder.string()));
    progress.advance();
  }
}

BenchPlan bench_plan(const BenchOptions& options) {
  return {options.rounds, options.instances, parse_seconds(options.budget, "--budget"),
          options.seed, !options.under_load()};
}

/// Ids are the models' places among those that were named.
BenchListener bench_listener(const BenchOptions& options, Progress& progress) {
  return {[] { return !interrupt_asked(); },
          [&](const std::string& id) {
            progress.working_on("opening " + options.models.at(std::stoul(id)));
          },
          [&] { progress.advance(); },
          [&](double seconds) {
            progress.working_on("");
            progress.expect(seconds);
          }};
}

Json latency_json(const LatencySummary& s) {
  Json json = to_json(s);
  if (!json.contains("p95")) json["p95"] = nullptr;
  return json;
}

/// What opening cost, in the middle of the instances; memory as the hungriest took.
Json opened_json(const std::vector<OpenedInfo>& instances) {
  const auto middle = [&](double OpenedInfo::*member) {
    std::vector<double> values;
    for (const OpenedInfo& info : instances) values.push_back(info.*member);
    return median(values);
  };
  std::uint64_t memory = 0;
  for (const OpenedInfo& info : instances) memory = std::max(memory, info.peak_memory_bytes);
  return {{"load_ms", middle(&OpenedInfo::load_ms)},
          {"compile_ms", middle(&OpenedInfo::compile_ms)},
          {"first_ms", middle(&OpenedInfo::first_ms)},
          {"peak_memory_bytes", memory},
          {"effective", instances.front().effective}};
}

Json variant_json(const std::string& name, const std::string& id, const Bench& run,
                  double confidence) {
  auto samples = run.table().samples(id);
  LatencySummary total = summarise(samples, Which::total, confidence);
  Json json{{"name", name},
            {"latency_ms", latency_json(total)},
            {"inference_ms", latency_json(summarise(samples, Which::inference, confidence))},
            {"samples", total.inferences}};
  json["images_per_s"] = nullptr;
  if (auto rate = summarise_rate(samples, confidence)) {
    json["images_per_s"] = to_json(*rate);
    json["in_flight"] = run.opened(id).front().in_flight;
  }
  json["from_file_ms"] = nullptr;
  const std::vector<double> times = run.from_file_ns(id);
  if (!times.empty()) json["from_file_ms"] = latency_json(summarise_times(times, confidence));
  json.update(opened_json(run.opened(id)));
  return json;
}

Json comparisons_json(const std::vector<std::string>& names, const Bench& run,
                      const PairedStopping& stopping) {
  Json all = Json::array();
  const std::vector<std::string> ids = run.ids();
  for (std::size_t a = 0; a < ids.size(); ++a)
    for (std::size_t b = a + 1; b < ids.size(); ++b) {
      const PairedSamples pair = run.table().pair(ids[a], ids[b]);
      if (pair.size() == 0) continue;
      all.push_back(comparison_json(names[a], names[b], stopping.finish(pair).estimate));
    }
  return all;
}

std::string optional_ms(const Json& value) {
  return value.is_null() ? "–" : fmt::format("{:.3f}", value.get<double>());
}

/// "0.817 – 0.843 ms", over instances; "–" where there are too few of them.
std::string span_text(const Json& value, int decimals, const char* unit) {
  if (value.at("low").is_null()) return "–";
  return fmt::format("{:.{}f} – {:.{}f}{}", value.at("low").get<double>(), decimals,
                     value.at("high").get<double>(), decimals, unit);
}

void print_latencies(const Json& json) {
  say("{:<44} {:>10} {:>21} {:>9} {:>10} {:>9} {:>9}\n", "variant", "median", "95 % interval",
      "p95", "inference", "compile", "memory");
  for (const Json& v : json.at("variants")) {
    const Json& l = v.at("latency_ms");
    say("{:<44} {:>7.3f} ms {:>21} {:>9} {:>7.3f} ms {:>6.0f} ms {:>9}\n",
        v.at("name").get<std::string>(), l.at("median").get<double>(), span_text(l, 3, " ms"),
        optional_ms(l.at("p95")), v.at("inference_ms").at("median").get<double>(),
        v.at("compile_ms").get<double>(), bytes_text(v.at("peak_memory_bytes")));
  }
}

void print_rates(const Json& json) {
  say("{:<44} {:>10} {:>17} {:>9} {:>15} {:>9} {:>9}\n", "variant", "images/s", "95 % interval",
      "in flight", "latency (load)", "p95", "memory");
  for (const Json& v : json.at("variants")) {
    const Json &r = v.at("images_per_s"), &l = v.at("latency_ms");
    say("{:<44} {:>10.2f} {:>17} {:>9} {:>12.3f} ms {:>9} {:>9}\n", v.at("name").get<std::string>(),
        r.at("median").get<double>(), span_text(r, 2, ""), v.at("in_flight").get<int>(),
        l.at("median").get<double>(), optional_ms(l.at("p95")),
        bytes_text(v.at("peak_memory_bytes")));
  }
}

/// "1.0312 [1.0102, 1.0530]", or why there is no interval. Under load the ratio is of images/s.
std::string ratio_text(const Json& c, bool under_load) {
  const double ratio = c.at("ratio");
  std::string text = fmt::format("{:.4f}", under_load ? 1 / ratio : ratio);
  if (c.at("low").is_null())
    return text + fmt::format(" (no interval: {})", c.at("no_interval").get<std::string>());
  const double low = c.at("low"), high = c.at("high");
  return text + (under_load ? fmt::format(" [{:.4f}, {:.4f}]", 1 / high, 1 / low)
                            : fmt::format(" [{:.4f}, {:.4f}]", low, high));
}

/// "; 12 instances differ by 2.1 %, within one ± 0.4 %".
std::string instances_text(const Json& c) {
  std::string text = fmt::format("; {} instance{}", c.at("instances").get<int>(),
                                 c.at("instances") == 1 ? "" : "s");
  if (!c.at("instances_differ").is_null())
    text += fmt::format(" differ by {:.1f} %", c.at("instances_differ").get<double>() * 100);
  if (!c.at("within_low").is_null())
    text +=
        fmt::format(", within one ±{:.1f} %",
                    (c.at("within_high").get<double>() / c.at("ratio").get<double>() - 1) * 100);
  return text;
}

void print_comparison(const Json& c, bool under_load) {
  say("{} against {}: {} × the {}, {}{}\n", c.at("a").get<std::string>(),
      c.at("b").get<std::string>(), ratio_text(c, under_load), under_load ? "images/s" : "time",
      c.at("verdict").get<std::string>(), instances_text(c));
}

void print_table(const Json& json) {
  const bool under_load = json.at("objective") == "throughput";
  if (under_load)
    print_rates(json);
  else
    print_latencies(json);
  for (const Json& c : json.at("comparisons")) print_comparison(c, under_load);
  for (const Json& w : json.at("environment").at("warnings"))
    say("warning: {}; {}\n", w.at("text").get<std::string>(), w.at("remedy").get<std::string>());
}

void check_options(const BenchOptions& options) {
  parse_seconds(options.budget, "--budget");  // refused before anything is opened
  if (options.objective != "latency" && options.objective != "throughput")
    throw Error(ErrorCode::invalid_argument,
                fmt::format("--objective: unknown value '{}'; {}", options.objective,
                            suggest(options.objective, {"latency", "throughput"})));
  if (options.common.in_flight > 0 && !options.under_load())
    throw Error(ErrorCode::invalid_argument,
                "--in-flight: only --objective throughput keeps several requests in flight");
}

/// No interval exists with fewer instances than the method needs: then no look either.
StoppingPlan stopping_plan(const BenchOptions& options) {
  return {parse_fraction(options.confidence, "--confidence"), kLeastInstances,
          std::max(kLeastInstances, options.instances),
          parse_fraction(options.resolution, "--resolution")};
}

int bench(const BenchOptions& options, const Console& console) {
  check_options(options);
  install_interrupt_handler();
  const PairedStopping stopping(stopping_plan(options));
  Place& place = *console.place;
  std::vector<Entry> entries;
  for (const std::string& text : options.models)
    entries.push_back(parse_entry(place, text, options.common));
  auto progress = make_progress(console);
  const auto lock = wait_for_machine(place);
  Json environment = environment_json(place.fingerprint());
  Json data = describe_data(options.common, *progress);
  Bench run(place, inspect_all(place, entries, options, *progress), bench_plan(options), stopping,
            bench_listener(options, *progress));
  progress->begin("measuring", options.instances);
  run.run();
  if (run.table().size() > 0) dump_models(place, entries, options, *progress);
  progress->finish();
  if (run.table().size() == 0) return kExitInterrupted;
  const double confidence = stopping.plan().confidence;
  Json json{{"schema", "tamis/bench/1"},    {"objective", options.objective},
            {"rounds", run.table().size()}, {"instances", run.instances()},
            {"confidence", confidence},     {"variants", Json::array()}};
  const std::vector<std::string> ids = run.ids();
  for (std::size_t i = 0; i < ids.size(); ++i)
    json["variants"].push_back(variant_json(options.models[i], ids[i], run, confidence));
  json["data"] = data;
  json["comparisons"] = comparisons_json(options.models, run, stopping);
  for (const Json& w : to_json(hidden_neighbour_warning(run.disturbed_share())))
    environment["warnings"].push_back(w);
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
                 "ONNX files, or folders that tamis optimize wrote; "
                 "MODEL@backend=openvino,threads=1 gives one its own settings")
      ->required()
      ->default_str("")
      ->type_name("MODEL…");
  add_data_options(app, o->common);
  add_run_options(app, o->common);
  add_card_options(app, o->common);
  app.add_option("--objective", o->objective,
                 "latency (one request at a time), or throughput (images per second of the whole "
                 "machine with several requests in flight, and the latency under that load)");
  app.add_option("--instances", o->instances,
                 "Maximum number of instances of each model: fresh workers, opened again and again")
      ->check(CLI::Range(1, 10000));
  app.add_option("--rounds", o->rounds, "Maximum number of rounds over all instances")
      ->check(CLI::Range(2, 100000));
  app.add_option("--budget", o->budget, "Time for opening models and for rounds");
  app.add_option("--confidence", o->confidence, "Confidence of the intervals");
  app.add_option("--resolution", o->resolution, "Stop when all intervals are narrower than this");
  app.add_option("--seed", o->seed, "Seed of the order within rounds");
  app.add_option("--dump", o->dump,
                 "Folder for what each runtime makes of its model: the optimised graph or the "
                 "compiled model, and the layers that it executes");
  add_console_options(app, console);
  return [o, &console] { return bench(*o, console); };
}

}  // namespace tamis
