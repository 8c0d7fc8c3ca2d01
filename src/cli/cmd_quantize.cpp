#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/units.h"
#include "cli/console.h"
#include "execute/worker.h"
#include "quantize/quantize.h"
#include "recipe/build.h"

namespace tamis {
namespace {

struct QuantizeArguments {
  ExecuteOptions execute;
  std::string calibration, out, target = "portable", method = "min_max";
  std::string concat_scale;
  bool standard_ops = false;
  std::vector<std::string> keep_float;
  std::size_t float_layers = 0;
  std::size_t items = kCalibrationItems;
  std::uint64_t seed = 1;  // as optimize, so that both set the same pictures aside
};

/// Only what differs from the defaults, so that the same recipe has one key.
Json int8_parameters(const QuantizeArguments& a) {
  Json parameters = {{"for", a.target}, {"method", a.method}};
  if (!a.concat_scale.empty()) parameters["concat_scale"] = a.concat_scale;
  if (a.standard_ops) parameters["standard_ops"] = true;
  if (!a.keep_float.empty()) parameters["keep_float"] = a.keep_float;
  if (a.float_layers > 0) parameters["float_layers"] = a.float_layers;
  return parameters;
}

CalibrationItems calibration_items(const QuantizeArguments& a, Progress& progress) {
  CalibrationRequest request;
  if (a.execute.data.empty() && a.calibration.empty())
    throw Error(ErrorCode::invalid_argument,
                "quantize: needs pictures to calibrate on; give --data or --calibration");
  request.data = {a.execute.data.empty() ? a.calibration : a.execute.data, a.execute.split};
  if (!a.calibration.empty()) request.calibration = DataSpec{a.calibration, ""};
  request.max_items = a.items;
  request.seed = a.seed;
  CalibrationPlan plan = plan_quantize_calibration(request);
  for (const std::string& note : plan.notes) progress.line(note);
  return {{a.calibration.empty() ? a.execute.data : a.calibration, plan.calibration.split},
          plan.calibration.items,
          plan.calibration_hashes};
}

BuildRequest build_request(const QuantizeArguments& a, const ModelInfo& info,
                           const std::filesystem::path& out, Progress& progress) {
  BuildRequest request;
  request.parent = info.file;
  request.card = info.required_card();
  request.recipe = {{"simplify", Json::object()}, {"int8-static", int8_parameters(a)}};
  request.calibration = calibration_items(a, progress);
  for (const Availability& backend : probe_backends({}, false))
    if (backend.ok() && backend.backend != "fake") request.backends.push_back(backend.backend);
  request.settings = run_settings("", a.execute);
  if (!request.backends.empty()) request.settings.backend = request.backends.front();
  request.out = out;
  return request;
}

Json to_document(const ArtefactInfo& info, const std::filesystem::path& out, double wall_s) {
  const Json& report = info.steps.back().at("report");
  return Json{{"schema", "tamis/quantize/1"},
              {"model", out.string()},
              {"kept_in_float", report.at("kept_in_float")},
              {"quantised_nodes", report.value("quantised_nodes", 0)},
              {"calibrated_on", info.calibration_hashes.size()},
              {"refused", info.refused},
              {"checks", report.value("checks", Json::array())},
              {"size_bytes", info.size_bytes},
              {"wall_s", wall_s},
              {"peak_memory_bytes", info.peak_memory_bytes}};
}

void print_text(const Json& d) {
  fmt::print("{}: {}, {} nodes in INT8, calibrated on {} pictures in {}\n",
             d.at("model").get<std::string>(), bytes_text(d.at("size_bytes")),
             d.at("quantised_nodes").get<int>(), d.at("calibrated_on").get<int>(),
             duration_text(d.at("wall_s")));
  std::map<std::string, std::vector<std::string>> by_reason;
  for (const Json& k : d.at("kept_in_float")) by_reason[k.at("reason")].push_back(k.at("node"));
  for (const auto& [reason, nodes] : by_reason) {
    constexpr std::size_t kNamed = 4;
    std::size_t named = std::min(kNamed, nodes.size());
    fmt::print("  in float: {} ({}{}): {}\n", nodes.size(),
               fmt::join(nodes.begin(), nodes.begin() + static_cast<std::ptrdiff_t>(named), ", "),
               nodes.size() > named ? ", …" : "", reason);
  }
  for (const Json& r : d.at("refused"))
    fmt::print("  do not use in {}: {}\n", r.at("runtime").get<std::string>(),
               r.at("reason").get<std::string>());
}

ArtefactInfo build(const QuantizeArguments& a, const std::filesystem::path& out,
                   Progress& progress) {
  ModelInfo model = inspect_in_worker(a.execute.model, a.execute.card);
  BuildRequest request = build_request(a, model, out, progress);
  Patience patience = patience_to_build(request.calibration->items.size(),
                                        guessed_inference_s(model.description.value("macs", 0.0)));
  Json head = to_json(request);
  head["op"] = "build";
  MachineLock lock = wait_for_machine();  // it keeps all cores busy
  progress.begin("quantising", std::nullopt);
  Worker worker;
  return parse_artefact_info(
      worker.request(head, patience, [] { return !interrupt_asked(); }).head);
}

int quantize(const QuantizeArguments& a, const Console& console) {
  install_interrupt_handler();
  parse_quantize_target(a.target);
  if (a.method != "min_max" && a.method != "percentile")
    throw Error(ErrorCode::invalid_argument,
                fmt::format("--method: unknown value '{}'; {}", a.method,
                            suggest(a.method, {"min_max", "percentile"})));
  std::filesystem::path out = a.out;
  if (out.extension() != ".onnx")
    throw Error(ErrorCode::invalid_argument,
                fmt::format("--out {}: give the name of an .onnx file", a.out));
  if (std::filesystem::weakly_canonical(out) ==
      std::filesystem::weakly_canonical(model_file(a.execute.model)))
    throw Error(ErrorCode::invalid_argument,
                fmt::format("--out {}: is the model itself; give another name", a.out));
  make_writable_folder(out.has_parent_path() ? out.parent_path() : ".");
  auto progress = make_progress(console);
  std::int64_t start = now_ns();
  TemporaryFolder folder("tamis-quantize");
  ArtefactInfo info = build(a, folder.path(), *progress);
  copy_file_atomically(folder.path() / "model.onnx", out);
  copy_file_atomically(folder.path() / "model.card.yaml",
                       std::filesystem::path(out).replace_extension(".card.yaml"));
  progress->finish();
  Json document = to_document(info, out, seconds_since(start));
  if (console.json)
    print_json(document);
  else
    print_text(document);
  return 0;
}

}  // namespace

std::function<int()> make_quantize(CLI::App& app, Console& console) {
  auto a = std::make_shared<QuantizeArguments>();
  add_model_option(app, a->execute);
  add_data_options(app, a->execute);
  app.add_option("--calibration", a->calibration,
                 "Pictures to calibrate on, where they are not those of --data");
  app.add_option("--items", a->items, "At most so many pictures")->check(CLI::Range(1, 100000));
  app.add_option("--for", a->target, "portable, ort or openvino: where the file is to be fastest");
  app.add_option("--concat-scale", a->concat_scale,
                 "Of the inputs of a Concat: shared (faster) or own (more accurate); otherwise "
                 "chosen by --for")
      ->check(CLI::IsMember({"shared", "own"}));
  app.add_flag("--standard-ops", a->standard_ops,
               "Only operators of ONNX itself: slower, where a target knows others");
  app.add_option("--keep-float", a->keep_float, "Names of nodes that stay in FP32")
      ->default_str("")
      ->delimiter(',');
  app.add_option("--float-layers", a->float_layers,
                 "Give so many layers back to FP32: those whose error counts most at the output");
  app.add_option("--method", a->method, "Ranges: min_max or percentile");
  app.add_option("--seed", a->seed, "Of the choice of pictures");
  app.add_option("--threads", a->execute.threads,
                 "Threads for calibrating (default: all usable cores)")
      ->default_str("")
      ->check(CLI::Range(1, 4096));
  app.add_option("--out", a->out, "The .onnx file to write; its card goes beside it")->required();
  add_card_options(app, a->execute);
  add_console_options(app, console);
  return [a, &console] { return quantize(*a, console); };
}

}  // namespace tamis
