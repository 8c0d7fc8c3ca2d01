#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/units.h"
#include "cli/building.h"
#include "cli/console.h"
#include "grid/resolutions.h"
#include "recipe/build.h"
#include "result/command_documents.h"

namespace tamis {
namespace {

struct ApplyArguments {
  ExecuteOptions execute;
  std::vector<std::string> steps;
  std::string target = "all", resolution, out;
};

/// Steps that this command applies: those that need no pictures.
std::vector<std::string> known_steps() {
  std::vector<std::string> names;
  for (const StepKind& kind : step_kinds())
    if (kind.traits.pictures != Pictures::required) names.emplace_back(kind.name);
  return names;
}

Recipe recipe_of(const ApplyArguments& a) {
  Recipe recipe;
  for (const std::string& name : a.steps) {
    if (find_step_kind(name).traits.pictures == Pictures::required)
      throw Error(ErrorCode::invalid_argument,
                  fmt::format("--step {}: needs images to calibrate on; use tamis quantize", name));
    recipe.push_back({name, Json::object()});
    if (name == "rewrites") recipe.back().params["for"] = a.target;
    if (name != "resolution") continue;
    if (a.resolution.empty())
      throw Error(ErrorCode::invalid_argument,
                  "--step resolution: needs a size; give --resolution 480x640");
    recipe.back().params = resolution_params(parse_resolution(a.resolution));
  }
  free_sets_of_shapes(recipe);
  return recipe;
}

BuildRequest build_request(Place& place, const ApplyArguments& a, const ModelInfo& info,
                           const std::filesystem::path& out) {
  for (const Step& step : recipe_of(a))
    if (find_step_kind(step.name).traits.needs_card) info.required_card();
  BuildRequest request = request_for_original(place, a.execute, info, out);
  if (!info.card) request.input_size = given_input_size(a.execute.card);
  request.check_exact = true;
  return request;
}

void print_applied(const ApplyDocument& d) {
  say("{}: {} in {}\n", d.model, bytes_text(d.built.size_bytes), duration_text(d.built.wall_s));
  for (const Json& step : d.steps) {
    const Json& report = step.at("report");
    say("  {}{}\n", step.at("name").get<std::string>(),
        report.contains("how") ? ": " + report.at("how").get<std::string>() : "");
    for (const Json& check : report.value("checks", Json::array()))
      if (check.contains("note")) say("  {}\n", check.at("note").get<std::string>());
  }
  for (const Json& r : d.refused)
    say("  not to be run in {}: {}\n", r.at("runtime").get<std::string>(),
        r.at("reason").get<std::string>());
  for (const char* side : {"inputs", "outputs"})
    for (const Json& value : d.io.at(side))
      say("  {}: {} {} {}\n", std::string_view(side).substr(0, std::string_view(side).size() - 1),
          value.at("name").get<std::string>(), value.at("type").get<std::string>(),
          value.at("shape").dump());
}

int apply(const ApplyArguments& a, const Console& console) {
  install_interrupt_handler();
  recipe_of(a);  // before anything is written
  const std::filesystem::path out =
      writable_model_file(a.out, model_file(a.execute.model), "model");
  const ModelInfo model = inspect_in_worker(*console.place, a.execute.model, a.execute.card);
  model.require_runnable();
  const auto progress = make_progress(console);
  say_notes(model, *progress);
  const std::int64_t start = now_ns();
  TemporaryFolder folder("tamis-apply");
  const BuildRequest request = build_request(*console.place, a, model, folder.path());
  const ArtefactInfo info =
      build_in_workers(*console.place, {request, recipe_of(a), model}, *progress);
  copy_model_with_card(folder.path(), out);
  ApplyDocument document;
  document.model = out.string();
  document.steps = info.steps;
  document.io = info.io;
  document.card = info.card;
  document.refused = info.refused;
  document.built = {info.size_bytes, seconds_since(start), info.peak_memory_bytes};
  console.json ? print_json(write_document(document)) : print_applied(document);
  return 0;
}

}  // namespace

std::function<int()> make_apply(CLI::App& app, Console& console) {
  auto a = std::make_shared<ApplyArguments>();
  add_model_option(app, a->execute);
  app.add_option("--step", a->steps,
                 fmt::format("Steps, applied in this order: {}", fmt::join(known_steps(), ", ")))
      ->default_str("")
      ->delimiter(',')
      ->required();
  app.add_option("--for", a->target, "For the step rewrites: ort, or all runtimes")
      ->check(CLI::IsMember({"ort", "all"}));
  app.add_option("--resolution", a->resolution,
                 "For the step resolution (after simplify): height x width, or a set of shapes")
      ->type_name("HxW");
  app.add_option("-o,--out", a->out, "The .onnx file to write; its card goes next to it")
      ->required();
  add_card_options(app, a->execute);
  add_console_options(app, console);
  return [a, &console] { return apply(*a, console); };
}

}  // namespace tamis
