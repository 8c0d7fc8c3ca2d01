#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.h"
#include "base/number.h"
#include "base/units.h"
#include "cli/console.h"
#include "cli/other_names.h"
#include "machine/core_speed.h"
#include "measure/bench.h"
#include "measure/dump.h"
#include "measure/environment.h"
#include "measure/summary.h"
#include "result/command_documents.h"
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

/// What opening cost, in the middle of the instances; memory as the hungriest took.
OpeningRow opening_row(const std::vector<OpenedInfo>& instances) {
  const auto middle = [&](double OpenedInfo::*member) {
    std::vector<double> values;
    for (const OpenedInfo& info : instances) values.push_back(info.*member);
    return median(values);
  };
  std::uint64_t memory = 0;
  for (const OpenedInfo& info : instances) memory = std::max(memory, info.peak_memory_bytes);
  return {middle(&OpenedInfo::load_ms), middle(&OpenedInfo::compile_ms),
          middle(&OpenedInfo::first_ms), memory};
}

BenchVariant variant_row(const std::string& name, const std::string& id, const Bench& run,
                         double confidence) {
  const auto samples = run.table().samples(id);
  const LatencySummary total = summarise(samples, Which::total, confidence);
  BenchVariant row;
  row.name = name;
  row.latency_ms = timing_of(total);
  row.inference_ms = timing_of(summarise(samples, Which::inference, confidence));
  row.samples = total.inferences;
  if (const auto rate = summarise_rate(samples, confidence)) {
    row.images_per_s = rate_of(*rate);
    row.in_flight = run.opened(id).front().in_flight;
  }
  const std::vector<double> times = run.from_file_ns(id);
  if (!times.empty()) row.from_file_ms = timing_of(summarise_times(times, confidence));
  row.opening = opening_row(run.opened(id));
  row.effective = run.opened(id).front().effective;
  return row;
}

std::vector<ComparedPair> compared_pairs(const std::vector<std::string>& names, const Bench& run,
                                         const PairedStopping& stopping) {
  std::vector<ComparedPair> all;
  const std::vector<std::string> ids = run.ids();
  for (std::size_t a = 0; a < ids.size(); ++a)
    for (std::size_t b = a + 1; b < ids.size(); ++b) {
      const PairedSamples pair = run.table().pair(ids[a], ids[b]);
      if (pair.size() == 0) continue;
      all.push_back(compared_pair(names[a], names[b], stopping.finish(pair).estimate));
    }
  return all;
}

std::string optional_ms(const std::optional<double>& value) {
  return value ? fmt::format("{:.3f}", *value) : "–";
}

/// "0.817 – 0.843 ms", over instances; "–" where there are too few of them.
template <class Figure>
std::string span_text(const Figure& figure, int decimals, const char* unit) {
  if (!figure.low || !figure.high) return "–";
  return fmt::format("{:.{}f} – {:.{}f}{}", *figure.low, decimals, *figure.high, decimals, unit);
}

std::string memory_text(const BenchVariant& v) {
  return bytes_text(v.opening.peak_memory_bytes.value_or(0));
}

void print_latencies(const BenchDocument& d) {
  say("{:<44} {:>10} {:>21} {:>9} {:>10} {:>9} {:>9}\n", "variant", "median", "95 % interval",
      "p95", "inference", "compile", "memory");
  for (const BenchVariant& v : d.variants)
    say("{:<44} {:>7.3f} ms {:>21} {:>9} {:>7.3f} ms {:>6.0f} ms {:>9}\n", v.name,
        v.latency_ms.median, span_text(v.latency_ms, 3, " ms"), optional_ms(v.latency_ms.p95),
        v.inference_ms.median, v.opening.compile_ms.value_or(0), memory_text(v));
}

void print_rates(const BenchDocument& d) {
  say("{:<44} {:>10} {:>17} {:>9} {:>15} {:>9} {:>9}\n", "variant", "images/s", "95 % interval",
      "in flight", "latency (load)", "p95", "memory");
  for (const BenchVariant& v : d.variants) {
    const Rate rate = v.images_per_s.value_or(Rate());
    say("{:<44} {:>10.2f} {:>17} {:>9} {:>12.3f} ms {:>9} {:>9}\n", v.name, rate.median,
        span_text(rate, 2, ""), v.in_flight.value_or(1), v.latency_ms.median,
        optional_ms(v.latency_ms.p95), memory_text(v));
  }
}

/// "1.0312 [1.0102, 1.0530]", or why there is no interval. Under load the ratio is of images/s.
std::string ratio_text(const Ratio& r, bool under_load) {
  std::string text = fmt::format("{:.4f}", under_load ? 1 / r.ratio : r.ratio);
  if (!r.low || !r.high)
    return text + fmt::format(" (no interval: {})", r.no_interval.value_or("unknown"));
  return text + (under_load ? fmt::format(" [{:.4f}, {:.4f}]", 1 / *r.high, 1 / *r.low)
                            : fmt::format(" [{:.4f}, {:.4f}]", *r.low, *r.high));
}

/// "; 12 instances differ by 2.1 %, within one ± 0.4 %".
std::string instances_text(const Ratio& r) {
  const std::size_t instances = r.instances.value_or(0);
  std::string text = fmt::format("; {} instance{}", instances, instances == 1 ? "" : "s");
  if (r.instances_differ) text += fmt::format(" differ by {:.1f} %", *r.instances_differ * 100);
  if (r.within_high)
    text += fmt::format(", within one ±{:.1f} %", (*r.within_high / r.ratio - 1) * 100);
  return text;
}

/// The pair so that the ratio says how much more the first takes; a difference that is not
/// established keeps the order in which the models were given.
ComparedPair slower_first(ComparedPair c) {
  if (c.verdict != Verdict::faster) return c;
  std::swap(c.a, c.b);
  c.ratio.ratio = 1 / c.ratio.ratio;
  const auto inverse = [](const std::optional<double>& value) {
    return value ? std::optional(1 / *value) : std::nullopt;
  };
  const auto low = c.ratio.low, within_low = c.ratio.within_low;
  c.ratio.low = inverse(c.ratio.high);
  c.ratio.high = inverse(low);
  c.ratio.within_low = inverse(c.ratio.within_high);
  c.ratio.within_high = inverse(within_low);
  c.verdict = Verdict::slower;
  return c;
}

/// "b takes 1.58 [1.51, 1.66] × as long as a; 12 instances differ by …".
void print_comparison(const ComparedPair& given, bool under_load) {
  // Under load the ratio shown is that of images/s: the better first.
  const ComparedPair c = under_load ? given : slower_first(given);
  say("{} {} {} × as {} as {}{}{}\n", c.a, under_load ? "gives" : "takes",
      ratio_text(c.ratio, under_load), under_load ? "many images/s" : "long", c.b,
      c.verdict == Verdict::not_distinguishable ? ": the difference is not significant" : "",
      instances_text(c.ratio));
}

void print_table(const BenchDocument& d) {
  const bool under_load = d.objective == "throughput";
  if (under_load)
    print_rates(d);
  else
    print_latencies(d);
  for (const ComparedPair& c : d.comparisons) print_comparison(c, under_load);
  for (const WarningRow& w : d.environment.warnings) say("warning: {}; {}\n", w.text, w.remedy);
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
  BenchDocument document;
  document.environment = environment_row(place.fingerprint());
  document.data = describe_data(options.common, *progress);
  Bench run(place, inspect_all(place, entries, options, *progress), bench_plan(options), stopping,
            bench_listener(options, *progress));
  progress->begin("measuring", options.instances);
  run.run();
  if (run.table().size() > 0) dump_models(place, entries, options, *progress);
  progress->finish();
  if (run.table().size() == 0) return kExitInterrupted;
  document.objective = options.objective;
  document.rounds = run.table().size();
  document.instances = run.instances();
  document.confidence = stopping.plan().confidence;
  const std::vector<std::string> ids = run.ids();
  for (std::size_t i = 0; i < ids.size(); ++i)
    document.variants.push_back(variant_row(options.models[i], ids[i], run, document.confidence));
  document.comparisons = compared_pairs(options.models, run, stopping);
  add_warnings(hidden_neighbour_warning(run.disturbed_share()), document.environment.warnings);
  if (console.json)
    print_json(write_document(document));
  else
    print_table(document);
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
