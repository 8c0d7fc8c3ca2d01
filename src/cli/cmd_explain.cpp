#include <fmt/format.h>

#include <memory>

#include "base/error.h"
#include "base/files.h"
#include "cli/console.h"
#include "explain/explain.h"
#include "machine/fingerprint.h"
#include "machine/peak.h"
#include "search/explain_files.h"

namespace tamis {
namespace {

struct ExplainArguments {
  ExecuteOptions execute;
  std::string against, out;
  int runs = 30;
  bool all = false, roof = true;
};

/// A file quantised by another tool has no card of its own: its parent's fits.
void share_cards(std::vector<ExplainedFile>& files) {
  for (ExplainedFile& file : files)
    for (const ExplainedFile& other : files)
      if (!file.card) file.card = other.card;
}

/// `about` gets what the data hold.
InputSpec choose_inputs(const ExplainArguments& a, const ModelInfo& info, Json& about,
                        Progress& progress) {
  if (a.execute.data.empty()) return {};
  EvaluationPlan plan = plan_evaluation({a.execute.data, a.execute.split}, info.calibration_hashes);
  for (const std::string& note : plan.notes) progress.line(note);
  about = plan.about;
  std::vector<std::size_t> items = seeded_order(plan.evaluation.dataset->items(), 1);
  if (items.size() > 4) items.resize(4);
  return {DataSpec{a.execute.data, plan.evaluation.split}, items};
}

void write_reports(const std::filesystem::path& folder, const Json& document) {
  save_json(folder / "explain.json", document);
  save_file(folder / "explain.md", std::string_view(explain_text(document, {true, true})));
}

Json make_document(Place& place, const ExplainArguments& a, Progress& progress) {
  const auto lock = wait_for_machine(place);
  RunSettings settings = run_settings(place, a.execute.model, a.execute);
  std::vector<ModelInfo> infos{inspect_in_worker(place, a.execute.model, a.execute.card)};
  if (!a.against.empty()) infos.push_back(inspect_in_worker(place, a.against, a.execute.card));
  ExplainPlan plan;
  for (const ModelInfo& info : infos) {
    info.require_runnable();
    say_notes(info, progress);
  }
  for (const ModelInfo& info : infos)
    plan.files.push_back({info.file, info.card, settings, info.hash});
  share_cards(plan.files);
  if (!a.execute.data.empty() && !plan.files[0].card) infos[0].required_card();
  Json about;
  plan.inputs = choose_inputs(a, infos[0], about, progress);
  plan.runs = a.runs;
  plan.engine_cache = a.execute.engine_cache;
  if (a.roof) {
    const int cores = usable_cores(place.fingerprint());
    plan.peak = to_json(place.measure_peak(settings.threads.value_or(cores)));
  }
  Json document = explain_files(place, plan, make_listener(progress));
  document["data"] = about;
  return document;
}

int explain_model(const ExplainArguments& a, const Console& console) {
  install_interrupt_handler();
  if (!a.out.empty()) make_writable_folder(a.out);
  auto progress = make_progress(console);
  Json document = make_document(*console.place, a, *progress);
  progress->finish();
  if (!a.out.empty()) write_reports(a.out, document);
  if (console.json)
    print_json(document);
  else
    print_lines(explain_text(printable_document(document), {a.all, false}));
  return 0;
}

}  // namespace

std::function<int()> make_explain(CLI::App& app, Console& console) {
  auto a = std::make_shared<ExplainArguments>();
  add_model_option(app, a->execute);
  app.add_option("--against", a->against,
                 "The file that MODEL was made from: shows both side by side, in the same settings")
      ->type_name("PARENT");
  app.add_flag("--all", a->all, "List every layer, not only the slowest ones");
  app.add_flag("!--no-roof", a->roof, "Do not measure this machine's peak first");
  app.add_option("--runs", a->runs, "Profiled inferences")->check(CLI::Range(6, 10000));
  app.add_option("-o,--out", a->out, "Folder for explain.json and explain.md");
  add_data_options(app, a->execute);
  add_run_options(app, a->execute);
  add_card_options(app, a->execute);
  add_console_options(app, console);
  return [a, &console] { return explain_model(*a, console); };
}

}  // namespace tamis
