#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "base/units.h"
#include "cli/building.h"
#include "cli/console.h"
#include "quantize/quantize.h"
#include "recipe/build.h"
#include "result/command_documents.h"

namespace tamis {
namespace {

struct QuantizeArguments {
  ExecuteOptions execute;
  std::string calibration, out, target = "portable", method, weight_bits = "auto", corrections;
  std::optional<double> percentile;
  bool symmetric = false, trust_parent = false;
  std::string precision = "int8-static", concat_scale;
  std::size_t block = 32;
  bool standard_ops = false, for_is_given = false, block_is_given = false;
  std::vector<std::string> keep_float;
  std::size_t float_layers = 0;
  std::size_t items = kCalibrationItems;
  std::uint64_t seed = 1;  // as optimize, so that both set the same pictures aside
};

CalibrationItems calibration_items(const QuantizeArguments& a, const ModelInfo& info, Json& about,
                                   Progress& progress) {
  CalibrationRequest request;
  if (a.execute.data.empty() && a.calibration.empty())
    throw Error(ErrorCode::invalid_argument,
                "quantize: needs images to calibrate on; give --data or --calibration");
  // Classes are matched here too, since the order in which pictures are drawn follows them.
  request.data = {a.execute.data.empty() ? a.calibration : a.execute.data, a.execute.split,
                  TruthDetail::boxes, info.classes()};
  if (!a.calibration.empty())
    request.calibration = DataSpec{a.calibration, "", TruthDetail::boxes, info.classes()};
  request.max_items = a.items;
  request.seed = a.seed;
  CalibrationPlan plan = plan_quantize_calibration(request);
  for (const std::string& note : plan.notes) progress.line(note);
  about = plan.about;
  return {{a.calibration.empty() ? a.execute.data : a.calibration, plan.calibration.split},
          plan.calibration.items,
          plan.calibration_hashes};
}

/// Only what was asked for: the step knows its defaults.
Json step_parameters(const QuantizeArguments& a) {
  Json params{{"for", a.target}};
  if (!a.method.empty()) params["method"] = a.method;
  if (a.percentile) params["percentile"] = *a.percentile;
  if (a.symmetric) params["symmetric"] = true;
  if (!a.corrections.empty()) params["corrections"] = a.corrections;
  if (a.weight_bits != "auto") params["weight_bits"] = a.weight_bits;
  if (!a.concat_scale.empty()) params["concat_scale"] = a.concat_scale;
  if (a.standard_ops) params["standard_ops"] = true;
  if (!a.keep_float.empty()) params["keep_float"] = a.keep_float;
  if (a.float_layers > 0) params["float_layers"] = a.float_layers;
  return params;
}

/// The step that --precision names.
Step quantising_step(const QuantizeArguments& a) {
  if (a.precision == "int8-static") return {a.precision, step_parameters(a)};
  Json parameters = Json::object();
  if (a.block != QuantizeArguments().block) parameters["block"] = a.block;
  return {a.precision, parameters};
}

bool calibrates(const QuantizeArguments& a) {
  return find_step_kind(a.precision).traits.pictures != Pictures::none;
}

Recipe recipe_of(const QuantizeArguments& a) {
  return {{"simplify", Json::object()}, quantising_step(a)};
}

BuildRequest build_request(Place& place, const QuantizeArguments& a, const ModelInfo& info,
                           const std::filesystem::path& out) {
  if (find_step_kind(a.precision).traits.needs_card) info.required_card();
  BuildRequest request = request_for_original(place, a.execute, info, out);
  if (!request.card) request.input_size = given_input_size(a.execute.card);
  request.cache = place.artefact_folder();
  request.check_parent = !a.trust_parent;
  return request;
}

QuantizeDocument to_document(const ArtefactInfo& info, const std::filesystem::path& out,
                             const Json& about) {
  const Json& report = info.steps.back().at("report");
  QuantizeDocument document;
  document.model = out.string();
  document.precision = info.steps.back().at("name").get<std::string>();
  document.notes = report.value("notes", std::vector<std::string>());
  document.kept_in_float = report.at("kept_in_float");
  document.quantised_nodes = report.value("quantised_nodes", std::size_t{0});
  document.calibrated_on = info.calibration_hashes.size();
  document.data = about;
  document.refused = info.refused;
  document.checks = report.value("checks", Json::array());
  document.built = {info.size_bytes, info.wall_s, info.peak_memory_bytes};
  document.calibrated = read_document<CalibratedRow>(report, "report of the step");
  return document;
}

void print_text(const QuantizeDocument& d, bool for_tensorrt) {
  say("{}: {}, {} nodes in {}{} in {}\n", d.model, bytes_text(d.built.size_bytes),
      d.quantised_nodes, d.precision == "int8-static" ? "INT8" : d.precision,
      d.calibrated_on == 0 ? "" : fmt::format(", calibrated on {} images", d.calibrated_on),
      duration_text(d.built.wall_s));
  for (const std::string& note : d.notes) say("  {}\n", note);
  std::map<std::string, std::vector<std::string>> by_reason;
  for (const Json& k : d.kept_in_float) by_reason[k.at("reason")].push_back(k.at("node"));
  for (const auto& [reason, nodes] : by_reason) {
    constexpr std::size_t kNamed = 4;
    std::size_t named = std::min(kNamed, nodes.size());
    say("  in float: {} ({}{}): {}\n", nodes.size(),
        fmt::join(nodes.begin(), nodes.begin() + static_cast<std::ptrdiff_t>(named), ", "),
        nodes.size() > named ? ", …" : "", reason);
  }
  for (const Json& c : d.calibrated.corrections.value_or(Json::array()))
    say("  {}: {}, {}\n", c.at("name").get<std::string>(),
        c.at("kept").get<bool>() ? "kept" : "not kept", c.at("why").get<std::string>());
  for (const Json& w : d.calibrated.warnings.value_or(Json::array()))
    say("  warning: {}\n", w.get<std::string>());
  constexpr const char* kUsual = "s8, right on any CPU";
  if (const Json weights = d.calibrated.weights.value_or(kUsual); weights != kUsual)
    say("  weights: {}\n", weights.get<std::string>());
  for (const Json& r : d.refused)
    say("  do not use in {}: {}\n", r.at("runtime").get<std::string>(),
        r.at("reason").get<std::string>());
  if (for_tensorrt)
    say("  TensorRT was not run: the file's numbers were checked in ONNX Runtime\n");
}

struct Built {
  ArtefactInfo info;
  Json about;  ///< of the data; null where no pictures are read
};

Built build(Place& place, const QuantizeArguments& a, const std::filesystem::path& out,
            Progress& progress) {
  Built built;
  ModelInfo model = inspect_in_worker(place, a.execute.model, a.execute.card);
  model.require_runnable();
  say_notes(model, progress);
  BuildRequest request = build_request(place, a, model, out);
  if (calibrates(a)) request.calibration = calibration_items(a, model, built.about, progress);
  const auto lock = wait_for_machine(place);  // it keeps all cores busy
  progress.begin("quantising", std::nullopt);
  built.info = build_in_workers(place, {request, recipe_of(a), model}, progress);
  return built;
}

void check_arguments(const QuantizeArguments& a) {
  const std::vector<std::string> precisions{"int8-static", "int8-dynamic", "int8-weights",
                                            "int4-weights"};
  if (std::find(precisions.begin(), precisions.end(), a.precision) == precisions.end())
    throw Error(ErrorCode::invalid_argument,
                fmt::format("--precision: unknown value '{}'; {}", a.precision,
                            suggest(a.precision, precisions)));
  if (!calibrates(a) && a.for_is_given)
    throw Error(ErrorCode::invalid_argument,
                fmt::format("--for {}: {} has one form, for every runtime; leave --for out",
                            a.target, a.precision));
  if (a.block_is_given && a.precision.find("weights") == std::string::npos)
    throw Error(ErrorCode::invalid_argument,
                fmt::format("--block: {} has no blocks; it goes with int8-weights and int4-weights",
                            a.precision));
  parse_quantize_target(a.target);
  if (!a.method.empty()) parse_range_method(a.method);
  if (!a.corrections.empty()) parse_correction_level(a.corrections);
  if (a.percentile && a.method != "percentile")
    throw Error(ErrorCode::invalid_argument, "--percentile: goes with --method percentile only");
}

int quantize(const QuantizeArguments& a, const Console& console) {
  install_interrupt_handler();
  check_arguments(a);
  const std::filesystem::path out =
      writable_model_file(a.out, model_file(a.execute.model), "model");
  auto progress = make_progress(console);
  TemporaryFolder folder("tamis-quantize");
  const Built built = build(*console.place, a, folder.path(), *progress);
  copy_model_with_card(folder.path(), out);
  progress->finish();
  const QuantizeDocument document = to_document(built.info, out, built.about);
  if (console.json)
    print_json(write_document(document));
  else
    print_text(document, a.target == "tensorrt");
  return 0;
}

}  // namespace

std::function<int()> make_quantize(CLI::App& app, Console& console) {
  auto a = std::make_shared<QuantizeArguments>();
  add_model_option(app, a->execute);
  add_data_options(app, a->execute);
  app.add_option("--calibration", a->calibration, "Images to calibrate on, if not those of --data");
  app.add_option("--items", a->items, "Maximum number of images to calibrate on")
      ->check(CLI::Range(1, 100000));
  app.add_option("--precision", a->precision,
                 "int8-static; or, for matrix products only and without images: int8-dynamic, "
                 "int8-weights, int4-weights");
  app.add_option("--for", a->target,
                 "Runtime to make the file for: portable, ort, openvino or tensorrt");
  app.add_option("--block", a->block,
                 "Weights that share a scale, for int8-weights and int4-weights")
      ->check(CLI::IsMember({16, 32, 64, 128, 256}));
  app.add_option("--concat-scale", a->concat_scale,
                 "Scale of the inputs of a Concat: shared (faster) or own (more accurate); "
                 "default: chosen by --for")
      ->check(CLI::IsMember({"shared", "own"}));
  app.add_flag("--standard-ops", a->standard_ops,
               "Use only operators of ONNX itself; slower if a runtime has better ones");
  app.add_option("--keep-float", a->keep_float, "Names of nodes that stay in FP32")
      ->default_str("")
      ->delimiter(',')
      ->type_name("NAME,…");
  app.add_option("--float-layers", a->float_layers,
                 "Keep this many layers in FP32: those whose error counts most at the output");
  app.add_option("--method", a->method,
                 fmt::format("Ranges: {}", fmt::join(range_methods(), ", ")));
  app.add_option("--percentile", a->percentile, "For --method percentile, such as 99.99");
  app.add_flag("--symmetric", a->symmetric, "Activations with zero point 128");
  app.add_option("--corrections", a->corrections,
                 "Corrections of weights and biases, each kept only if it helps: fast (default), "
                 "all (takes minutes) or none");
  app.add_option("--weight-bits", a->weight_bits,
                 "8: all bits of every weight, for CPUs with VNNI only; auto or 7: fewer bits "
                 "where two products would overflow 16 bits, correct on any CPU");
  app.add_flag("--trust-model", a->trust_parent,
               "Do not measure the model itself on labelled images first");
  app.add_option("--seed", a->seed, "Seed of the choice of images");
  app.add_option("--threads", a->execute.threads,
                 "Threads for calibrating (default: all usable cores)")
      ->default_str("")
      ->check(CLI::Range(1, 4096));
  app.add_option("-o,--out", a->out, "The .onnx file to write; its card goes next to it")
      ->required();
  add_card_options(app, a->execute);
  add_console_options(app, console);
  return [a, &app, &console] {
    a->for_is_given = app.count("--for") > 0;
    a->block_is_given = app.count("--block") > 0;
    return quantize(*a, console);
  };
}

}  // namespace tamis
