#include "cli/console.h"

#include <fmt/format.h>

#include <atomic>
#include <cstdio>

#include "base/error.h"
#include "base/files.h"
#include "base/process.h"
#include "base/terminal.h"
#include "base/units.h"
#include "base/version.h"
#include "cli/config_file.h"
#include "machine/fingerprint.h"
#include "report/search_progress.h"

namespace tamis {
namespace {

std::atomic<int> interrupts{0};
static_assert(std::atomic<int>::is_always_lock_free);

void on_interrupt(int) {
  if (interrupts.fetch_add(1) > 0) end_at_once(130);
}

RunSettings settings_of_folder(const std::filesystem::path& folder) {
  if (!std::filesystem::exists(folder / "run.json"))
    throw Error(ErrorCode::not_found,
                fmt::format("{}: has no run.json; give an ONNX file, or a folder that tamis "
                            "optimize wrote",
                            folder.string()));
  Json run = load_json(folder / "run.json");
  if (!run.is_object() || !run.contains("settings"))
    throw Error(ErrorCode::corrupt_data,
                fmt::format("{}: has no settings; make the folder again with tamis optimize",
                            (folder / "run.json").string()));
  return parse_run_settings(run.at("settings"));
}

}  // namespace

void add_console_options(CLI::App& app, Console& console) {
  add_config_option(app);
  app.add_flag(
      "--json", console.json,
      "Print one JSON document to standard output (docs/json.md); the rest goes to standard error");
  app.add_flag("-q,--quiet", console.quiet, "No progress");
}

int print_versions(const Console& console) {
  Json json{{"tamis", kVersion}};
  for (const Availability& a : probe_backends(*console.place, {}, false))
    json[a.backend] = a.ok() ? Json(a.version) : Json("not usable: " + a.reason());
  if (console.json) {
    print_json(json);
    return 0;
  }
  for (const auto& [name, version] : json.items()) say("{} {}\n", name, version.get<std::string>());
  return 0;
}

int terminal_columns() { return terminal_columns(kStandardOutput).value_or(120); }

std::unique_ptr<Progress> make_progress(const Console& console) {
  Progress::Options options;
  const bool terminal = is_terminal(kStandardError);
  options.style = console.quiet ? Progress::Style::quiet
                  : terminal    ? Progress::Style::bar
                                : Progress::Style::lines;
  if (auto columns = terminal_columns(kStandardError)) options.columns = *columns;
  options.write = [](std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
  };
  return std::make_unique<Progress>(options);
}

bool interrupt_asked() { return interrupts.load() > 0; }

void install_interrupt_handler() { on_stop_signals(on_interrupt); }

std::unique_ptr<PlaceLock> wait_for_machine(Place& place) {
  constexpr double kMost_s = 600;
  return place.lock({true, kMost_s, [] { return !interrupt_asked(); }});
}

SearchListener make_listener(Progress& progress) {
  return {show_on(progress), [] { return interrupt_asked(); }};
}

void add_model_option(CLI::App& app, ExecuteOptions& options) {
  app.add_option("model", options.model, "An ONNX file, or a folder that tamis optimize wrote")
      ->required()
      ->type_name("MODEL");
}

void say_notes(const ModelInfo& model, Progress& progress) {
  for (const Json& note : model.description.value("notes", Json::array()))
    progress.line(fmt::format("{}: {}", model.named.string(), note.get<std::string>()));
}

void add_card_options(CLI::App& app, ExecuteOptions& options) {
  for (const CardOption& row : card_options()) {
    std::string name(row.name);
    CLI::Option* option = app.add_option_function<std::string>(
        "--" + name, [&options, name](const std::string& text) { options.card.given[name] = text; },
        std::string(row.help));
    option->type_name(std::string(row.value_name))->group("What the graph does not say");
    if (row.repeated) option->join(';');
  }
}

namespace {

/// Those that matter where several requests are in flight, or to a provider.
void add_load_settings(CLI::App& app, ExecuteOptions& options) {
  const char* group = "How it is run";
  const auto add_count = [&](const char* name, int& value, const char* help) {
    app.add_option(name, value, help)->default_str("")->group(group)->check(CLI::Range(1, 4096));
  };
  add_count("--streams", options.streams,
            "Requests that the runtime runs in parallel; they share the threads (default: 1)");
  add_count("--in-flight", options.in_flight,
            "Requests kept in flight under load (default: what the runtime says is best)");
  add_count("--batch", options.batch, "Images in one request (default: 1)");
  app.add_option("--hint", options.hint,
                 "openvino: latency, or throughput (it then chooses the streams)")
      ->group(group);
  app.add_option(
         "--provider", options.provider,
         "ort: cpu, openvino, dnnl, xnnpack, cuda, tensorrt, if the library has it (default: cpu)")
      ->group(group);
  app.add_option("--pinning", options.pinning,
                 "off, on (each thread has its own core), performance (a fast core)")
      ->group(group);
}

}  // namespace

void add_run_options(CLI::App& app, ExecuteOptions& options) {
  const char* group = "How it is run";
  app.add_option("--backend", options.backend, "ort or openvino (default: ort)")->group(group);
  app.add_option("--device", options.device, "CPU, GPU, NPU, AUTO (default: CPU)")->group(group);
  app.add_option("--inference-precision", options.inference_precision,
                 "f32, bf16 or f16 (default: f32)")
      ->group(group);
  app.add_option("--graph-level", options.graph_level,
                 "ort: disable, basic, extended, all (default: all)")
      ->group(group);
  app.add_option("--threads", options.threads, "Threads of the runtime (default: all usable cores)")
      ->default_str("")
      ->group(group)
      ->check(CLI::Range(1, 4096));
  add_load_settings(app, options);
  app.add_option("--engine-cache", options.engine_cache,
                 "Folder in which the runtime may keep compiled models (openvino)")
      ->group(group);
  app.add_option("--library", options.library,
                 "The runtime's library to load, instead of the one found")
      ->group(group);
}

void add_data_options(CLI::App& app, ExecuteOptions& options) {
  app.add_option("--data", options.data,
                 "Images with their truth: a folder, data.yaml, COCO JSON, list …");
  app.add_option("--split", options.split, "Which split of --data (default: val if there is one)");
  app.add_option("--allow-bad", options.allow_bad, "Continue with up to N unusable images")
      ->type_name("N");
}

RunSettings run_settings(Place& place, const std::string& model, const ExecuteOptions& o) {
  bool folder = std::filesystem::is_directory(model);
  RunSettings settings;
  if (folder) settings = settings_of_folder(model);
  bool other_backend = !o.backend.empty() && o.backend != settings.backend;
  if (!folder || other_backend) {
    settings = RunSettings();
    settings.inference_precision = "f32";
    settings.threads = usable_cores(place.fingerprint());
  }
  if (!o.backend.empty()) settings.backend = o.backend;
  find_backend(settings.backend);
  if (!o.device.empty()) settings.device = o.device;
  if (!o.inference_precision.empty()) settings.inference_precision = o.inference_precision;
  if (!o.graph_level.empty()) settings.graph_level = o.graph_level;
  if (settings.backend == "ort" && !settings.graph_level) settings.graph_level = "all";
  if (!o.provider.empty()) settings.provider = o.provider;
  if (!o.hint.empty()) settings.hint = o.hint;
  if (!o.pinning.empty()) settings.pinning = o.pinning;
  if (o.threads > 0) settings.threads = o.threads;
  if (o.streams > 0) settings.streams = o.streams;
  if (o.in_flight > 0) settings.in_flight = o.in_flight;
  if (o.batch > 0) settings.batch = o.batch;
  settings.library = o.library;
  return parse_run_settings(to_json(settings));  // checks values, with suggestions
}

std::filesystem::path writable_model_file(const std::string& out,
                                          const std::filesystem::path& source, const char* what) {
  std::filesystem::path file = out;
  if (file.extension() != ".onnx")
    throw Error(ErrorCode::invalid_argument,
                fmt::format("--out {}: give the name of an .onnx file", out));
  if (std::filesystem::weakly_canonical(file) == std::filesystem::weakly_canonical(source))
    throw Error(ErrorCode::invalid_argument,
                fmt::format("--out {}: is the {} itself; give another name", out, what));
  make_writable_folder(file.has_parent_path() ? file.parent_path() : ".");
  return file;
}

void copy_model_with_card(const std::filesystem::path& folder, const std::filesystem::path& out) {
  copy_file_atomically(folder / "model.onnx", out);
  if (std::filesystem::exists(folder / "model.card.yaml"))
    copy_file_atomically(folder / "model.card.yaml",
                         std::filesystem::path(out).replace_extension(".card.yaml"));
}

}  // namespace tamis
