#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/units.h"
#include "cli/console.h"
#include "data/bad_items.h"
#include "predict/predict.h"
#include "result/keys.h"

namespace tamis {
namespace {

struct PredictArguments {
  ExecuteOptions run;
  std::vector<std::string> inputs;
  std::string out, compare;
  std::string formats = "images,jsonl";
  double min_score = 0.25;
  std::size_t most = 0;
};

/// What the model's outputs are, where nothing is known that reads them.
[[noreturn]] void refuse_without_decoder(const ModelInfo& info) {
  std::vector<std::string> outputs;
  for (const Json& output : info.description.at("outputs"))
    outputs.push_back(fmt::format("{} {} {}", output.at("name").get<std::string>(),
                                  output.at("type").get<std::string>(), output.at("shape").dump()));
  throw Error(ErrorCode::unsupported,
              fmt::format("predict {}: nothing is known that reads its outputs: {}; name what "
                          "reads them with --task and --decoder",
                          info.named.string(), fmt::join(outputs, ", ")));
}

PredictingModel predicting_model(Place& place, const std::string& model, const ExecuteOptions& run,
                                 Progress& progress) {
  const ModelInfo info = inspect_in_worker(place, model, run.card);
  const Card& card = info.required_card();
  if (card.task == TaskKind::none) refuse_without_decoder(info);
  info.require_runnable();
  say_notes(info, progress);
  return {model,
          ExecuteRequest{info.file, card, run_settings(place, model, run), false, run.engine_cache},
          info.hash};
}

/// The other model, with its own card and the same way to run it unless it is a folder that says.
PredictingModel other_model(Place& place, const PredictArguments& a, Progress& progress) {
  ExecuteOptions run = a.run;
  run.card = {};
  return predicting_model(place, a.compare, run, progress);
}

Json compare_json(const PredictPlan& plan, const PredictResult& result) {
  if (!result.changes) return Json();
  std::size_t changed = 0;
  std::map<std::string, std::size_t> objects;
  Json images = Json::array();
  for (const ItemChange& item : result.changes->items) {
    for (const ObjectChange& object : item.objects) ++objects[std::string(to_text(object.kind))];
    if (!item.changed) continue;
    ++changed;
    images.push_back({{"image", result.changes->before[item.index].item}, {"amount", item.amount}});
  }
  return {{"model", plan.other->name},
          {"images", result.changes->items.size()},
          {"changed", changed},
          {"objects", objects},
          {keys::inference_ms,
           *result.other_inference_s * 1e3 /
               static_cast<double>(std::max<std::size_t>(1, result.changes->items.size()))},
          {"worst", images}};
}

Json to_document(const PredictPlan& plan, const PredictResult& result) {
  const std::size_t images = result.predictions.size();
  Json bad = Json::array();
  for (const BadItem& item : result.bad)
    bad.push_back({{"image", item.item}, {"reason", item.reason}});
  const auto per_image = [&](double seconds) {
    return images == 0 ? Json() : Json(seconds * 1e3 / static_cast<double>(images));
  };
  Json files = Json::array();
  for (const PredictionFormat* format : plan.formats)
    files.push_back((plan.out / format->place).string());
  return {{"schema", "tamis/predict/1"},
          {"model", plan.model.name},
          {"task", to_text(plan.model.request.card->task)},
          {"images", images},
          {"complete", result.complete},
          {"min_score", plan.min_score},
          {"wall_s", result.wall_s},
          {keys::images_per_s,
           images == 0 ? Json() : Json(static_cast<double>(images) / result.wall_s)},
          {keys::inference_ms, per_image(result.inference_s)},
          {"bad", bad},
          {"files", files},
          {"compare", compare_json(plan, result)},
          {"predictions", result.predictions}};
}

std::string change_text(const Json& compare) {
  std::vector<std::string> parts;
  for (const char* kind : {"lost", "gained", "relabelled"})
    if (compare.at("objects").contains(kind))
      parts.push_back(
          fmt::format("{} {}", compare.at("objects").at(kind).get<std::size_t>(), kind));
  return parts.empty() ? "" : fmt::format(" (objects: {})", fmt::join(parts, ", "));
}

std::string images_text(std::size_t count) {
  return fmt::format("{} {}", count, count == 1 ? "image" : "images");
}

void print_summary(const Json& d) {
  if (!d.at(keys::images_per_s).is_null())
    say("{} in {}: {:.4g} images/s, {} each in the runtime\n",
        images_text(d.at("images").get<std::size_t>()), duration_text(d.at("wall_s")),
        d.at(keys::images_per_s).get<double>(), milliseconds_text(d.at(keys::inference_ms)));
  if (const Json& c = d.at("compare"); !c.is_null())
    say("{}: differs in {} of {} images{}; {} each in the runtime\n",
        c.at("model").get<std::string>(), c.at("changed").get<std::size_t>(),
        c.at("images").get<std::size_t>(), change_text(c),
        milliseconds_text(c.at(keys::inference_ms)));
  if (const std::size_t bad = d.at("bad").size(); bad > 0)
    say("{} could not be used\n", images_text(bad));
  for (const Json& file : d.at("files")) say("written: {}\n", file.get<std::string>());
}

/// "a,b" → a, b.
std::vector<std::string> names_in(const std::string& list) {
  std::vector<std::string> names(1);
  for (const char c : list)
    if (c == ',')
      names.emplace_back();
    else
      names.back() += c;
  return names;
}

PredictListener listener_for(const Console& console, Progress& progress) {
  PredictListener listener;
  listener.go_on = [] { return !interrupt_asked(); };
  listener.predicted = [&console, &progress](const std::string& image,
                                             const std::vector<std::string>& said) {
    if (console.json || console.quiet)
      progress.advance(1);
    else  // these lines are the progress
      say("{}: {}\n", image, fmt::format("{}", fmt::join(said, " | ")));
  };
  listener.unusable = [&progress](const BadItem& bad) {
    progress.line(fmt::format("warning: {}", bad.reason));
  };
  return listener;
}

int run_predict(const PredictArguments& a, const Console& console) {
  install_interrupt_handler();
  if (a.min_score < 0 || a.min_score > 1)
    throw Error(ErrorCode::invalid_argument,
                fmt::format("--min-score {}: give a value from 0 to 1", a.min_score));
  auto progress = make_progress(console);
  Place& place = *console.place;
  const NamedImages images = find_images(a.inputs, a.run.split);
  PredictPlan plan{predicting_model(place, a.run.model, a.run, *progress)};
  if (!a.compare.empty()) plan.other = other_model(place, a, *progress);
  plan.most = a.most;
  plan.min_score = a.min_score;
  if (!a.out.empty()) {
    plan.formats = formats_named(names_in(a.formats), plan.model.request.card->task);
    plan.out = a.out;
    make_writable_folder(plan.out);
  }
  progress->line(images.about);
  const auto lock = wait_for_machine(place);  // it would falsify the times of what is measured
  if (console.json)
    progress->begin("predicting", a.most == 0 ? images.dataset->items().size()
                                              : std::min(a.most, images.dataset->items().size()));
  const PredictResult result = predict(place, images, plan, listener_for(console, *progress));
  progress->finish();
  if (result.predictions.empty() && !result.bad.empty())
    throw Error(ErrorCode::corrupt_data, "predict: no image could be used");
  const Json document = to_document(plan, result);
  if (console.json)
    print_json(document);
  else
    print_summary(document);
  return result.complete ? 0 : kExitInterrupted;
}

std::string format_names() {
  std::vector<std::string> names;
  for (const PredictionFormat& format : prediction_formats()) names.emplace_back(format.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

std::function<int()> make_predict(CLI::App& app, Console& console) {
  auto a = std::make_shared<PredictArguments>();
  add_model_option(app, a->run);
  app.add_option("images", a->inputs, "Image files, or a folder, dataset or list of images")
      ->required()
      ->type_name("IMAGES");
  app.add_option("-o,--out", a->out, "Folder for the files; without it nothing is written");
  app.add_option("--format", a->formats,
                 "What is written: " + format_names() + "; several with commas")
      ->type_name("NAMES");
  app.add_option("--min-score", a->min_score, "Objects below this score are left out");
  app.add_option("--compare", a->compare, "Another model of the same task, shown beside it")
      ->type_name("MODEL");
  app.add_option("--limit", a->most, "The first N images only")->type_name("N")->default_str("");
  app.add_option("--split", a->run.split,
                 "Which split, where the images are a dataset (default: val if there is one)");
  add_run_options(app, a->run);
  add_card_options(app, a->run);
  add_console_options(app, console);
  return [a, &console] { return run_predict(*a, console); };
}

}  // namespace tamis
