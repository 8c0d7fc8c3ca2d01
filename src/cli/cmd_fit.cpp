#include <fmt/format.h>

#include <limits>

#include "base/error.h"
#include "base/files.h"
#include "base/units.h"
#include "cli/building.h"
#include "cli/console.h"
#include "recipe/build.h"
#include "result/command_documents.h"

namespace tamis {
namespace {

struct FitArguments {
  ExecuteOptions execute;  // model is the backbone
  std::string out, false_alarms = "5%";
  std::vector<std::string> layers;
  std::size_t features = 100;
  std::optional<std::size_t> items;
  std::uint64_t seed = 1;
};

/// The good pictures: all of the train split, where the data has one.
CalibrationItems good_pictures(const FitArguments& a, Json& about, Progress& progress) {
  CalibrationRequest request;
  request.data = {a.execute.data, a.execute.split};
  request.max_items = a.items.value_or(std::numeric_limits<std::size_t>::max());
  request.seed = a.seed;
  CalibrationPlan plan = plan_quantize_calibration(request);
  for (std::size_t i : plan.calibration.items) {
    const Item& item = plan.calibration.dataset->items()[i];
    const Truth& truth = item.truth;
    if (truth.label || truth.boxes)
      throw Error(ErrorCode::invalid_argument,
                  fmt::format("fit anomaly: {} holds labelled images; give a folder of good ones, "
                              "or MVTec AD's layout with train/good",
                              a.execute.data));
    if (truth.anomaly && truth.anomaly->defective())
      throw Error(
          ErrorCode::invalid_argument,
          fmt::format("fit anomaly: {} is defective; omit --split to use the good images of train",
                      item.id));
  }
  for (const std::string& note : plan.notes)
    if (note.rfind("Calibration:", 0) != 0) progress.line(note);
  about = plan.about;
  return {
      {a.execute.data, plan.calibration.split}, plan.calibration.items, plan.calibration_hashes};
}

/// The whole picture is looked at: a classifier's crop would leave its border out.
Card whole_picture(Card card) {
  const auto source = card.sources.find("input.resize");
  const bool asked = source != card.sources.end() && source->second.rfind("option", 0) == 0;
  if (asked || card.resize != ResizeRule::center_crop) return card;
  card.resize = ResizeRule::stretch;
  card.short_side.reset();
  return card;
}

Recipe recipe_of(const FitArguments& a) {
  Json params{{"features", a.features},
              {"seed", a.seed},
              {"false_alarms", parse_fraction(a.false_alarms, "--false-alarms")}};
  if (!a.layers.empty()) params["layers"] = a.layers;
  return {{"padim", params}};
}

FitDocument fit_document(const ArtefactInfo& info, const std::filesystem::path& out,
                         const Json& about) {
  FitDocument document;
  document.model = out.string();
  document.built = {info.size_bytes, info.wall_s, info.peak_memory_bytes};
  document.fitted = read_document<FittedRow>(info.steps.back().at("report"), "report of the step");
  document.data = about;
  return document;
}

void print_fitted(const FitDocument& d) {
  const FittedRow& fitted = d.fitted;
  say("{}: {}, from {} good images in {}, at most {} of memory\n", d.model,
      bytes_text(d.built.size_bytes), fitted.fitted + fitted.held_out,
      duration_text(d.built.wall_s), bytes_text(d.built.peak_memory_bytes));
  for (const Json& layer : fitted.layers)
    say("  layer      {}: {} channels, {} x {}, stride {}\n", layer.at("value").get<std::string>(),
        layer.at("channels").get<int>(), layer.at("size")[0].get<int>(),
        layer.at("size")[1].get<int>(), layer.at("stride").get<int>());
  say("  features   {} of their channels\n", fitted.channels.size());
  say("  threshold  {:.4g}, from {} good images that did not make the Gaussians\n",
      fitted.threshold, fitted.held_out);
  for (const std::string& note : fitted.notes) say("  {}\n", note);
}

struct FittedFile {
  ArtefactInfo info;
  Json about;  ///< of the data
};

FittedFile fit_file(Place& place, const FitArguments& a, const std::filesystem::path& folder,
                    Progress& progress) {
  FittedFile built;
  ModelInfo backbone = inspect_in_worker(place, a.execute.model, a.execute.card);
  backbone.require_runnable();
  BuildRequest request = request_for_original(place, a.execute, backbone, folder);
  request.card = whole_picture(backbone.required_card());
  request.calibration = good_pictures(a, built.about, progress);
  const auto lock = wait_for_machine(place);  // it keeps all cores busy
  progress.begin("fitting", std::nullopt);
  built.info = build_in_workers(place, {request, recipe_of(a), backbone}, progress);
  return built;
}

int fit_anomaly(const FitArguments& a, const Console& console) {
  install_interrupt_handler();
  const std::filesystem::path out =
      writable_model_file(a.out, model_file(a.execute.model), "backbone");
  auto progress = make_progress(console);
  TemporaryFolder folder("tamis-fit");
  const FittedFile built = fit_file(*console.place, a, folder.path(), *progress);
  copy_model_with_card(folder.path(), out);
  progress->finish();
  const FitDocument document = fit_document(built.info, out, built.about);
  if (console.json)
    print_json(write_document(document));
  else
    print_fitted(document);
  return 0;
}

}  // namespace

std::function<int()> make_fit(CLI::App& app, Console& console) {
  app.require_subcommand(1);
  CLI::App& anomaly = *app.add_subcommand(
      "anomaly", "An anomaly detector from good images and a backbone's features (PaDiM)");
  auto a = std::make_shared<FitArguments>();
  anomaly.add_option("--backbone", a->execute.model, "An ONNX file of a convolutional model")
      ->required()
      ->type_name("MODEL");
  anomaly
      .add_option("--data", a->execute.data,
                  "MVTec AD's layout (train/good is used), or a folder of good images")
      ->required();
  anomaly.add_option("--split", a->execute.split, "Another split of --data than train");
  anomaly.add_option("--items", a->items, "Maximum number of images (default: all)");
  anomaly
      .add_option("--layers", a->layers,
                  "Values or nodes of the backbone to take features from (default: at three "
                  "strides from 4 on)")
      ->delimiter(',')
      ->type_name("A,B,…");
  anomaly.add_option("--features", a->features,
                     "Channels to keep, of all layers together; the file grows with their square");
  anomaly.add_option("--false-alarms", a->false_alarms,
                     "Share of new good images that may exceed the threshold");
  anomaly.add_option("--seed", a->seed, "Seed of the choice of channels and images");
  anomaly
      .add_option("--threads", a->execute.threads,
                  "Threads for running the backbone (default: all usable cores)")
      ->default_str("")
      ->check(CLI::Range(1, 4096));
  anomaly.add_option("-o,--out", a->out, "The .onnx file to write; its card goes next to it")
      ->required();
  add_card_options(anomaly, a->execute);
  add_console_options(anomaly, console);
  return [a, &console] { return fit_anomaly(*a, console); };
}

}  // namespace tamis
