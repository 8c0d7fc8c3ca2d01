#include "search/result.h"

#include <fmt/format.h>

#include <set>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/version.h"
#include "machine/core_speed.h"
#include "measure/environment.h"
#include "recipe/float_layers.h"
#include "result/decision_document.h"
#include "result/run_document.h"
#include "result/words.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

constexpr double kShownConfidence = 0.95;

/// Without where a library lies and what else a backend was told.
Json shown_settings(const RunSettings& settings) {
  Json json = to_json(settings);
  json.erase("library");
  json.erase("extra");
  return json;
}

AccuracyRow accuracy_row(const Judgement& j, const SearchContext& context) {
  const auto& max_drop = context.plan.request.gates.max_drop;
  AccuracyRow row;
  row.metric = context.plan.task->metric;
  row.value = j.value.value;
  row.low = j.value.interval.low;
  row.high = j.value.interval.high;
  row.baseline = j.baseline;
  row.items = j.items;
  row.seen = j.seen;
  row.figures = j.figures;
  if (j.drop) {
    row.drop = j.drop->drop;
    row.drop_low = j.drop->low;
    row.drop_high = j.drop->high;
  }
  row.drop_kind = !max_drop || max_drop->relative ? DropKind::relative : DropKind::absolute;
  row.confidence = context.plan.request.confidence;
  row.probability = j.probability;
  return row;
}

std::optional<Timing> timing(const Candidate& c, Which which) {
  if (c.samples.empty()) return std::nullopt;
  return timing_of(summarise(c.samples, which, kShownConfidence));
}

/// Under load: the whole machine's, and what was in flight.
std::optional<Rate> rate(const Candidate& c) {
  const auto summary = summarise_rate(c.samples, kShownConfidence);
  if (!summary || !c.opened) return std::nullopt;
  Rate found = rate_of(*summary);
  found.in_flight = c.opened->info.in_flight;
  found.batch = c.variant.settings.batch.value_or(1);
  return found;
}

VariantState state_of(const Candidate& c) {
  if (c.failure) return VariantState::failed;
  if (!c.ratio) return VariantState::planned;
  if (c.timed_in != to_text(Phase::screening)) return VariantState::raced;
  return c.screened_out ? VariantState::screened_out : VariantState::measured;
}

/// Which layers an INT8 variant has in FP32 so that it may keep its accuracy, and why these.
std::optional<GivenBack> given_back(const Candidate& c, const std::string& from) {
  if (c.layers_in_fp32.empty()) return std::nullopt;
  GivenBack given{from, {}, c.layers};
  for (const LayerSensitivity& layer : c.layers_in_fp32) given.layers.push_back(fp32_layer(layer));
  return given;
}

void set_gate(VariantRow& row, const Candidate& c) {
  if (c.judgement || c.hard == GateOutcome::missed) row.gate = c.gate();
  row.gate_fact = c.hard_fact;
  if (!row.gate_fact && c.judgement) row.gate_fact = c.judgement->fact;
  if (!row.gate_fact && c.screened_out)
    row.gate_fact = GateFact{GateFactKind::clearly_slower, {}, {}, {}, {}};
}

void set_times(VariantRow& row, const Candidate& c, bool from_pixels) {
  row.latency_ms = timing(c, Which::total);
  row.images_per_s = rate(c);
  if (!c.samples.empty()) row.timed_in = c.timed_in;
  row.inference_ms = timing(c, Which::inference);
  if (from_pixels) row.prepare_ms = timing(c, Which::prepare);
  if (!c.from_file_ns.empty())
    row.from_file_ms = timing_of(summarise_times(c.from_file_ns, kShownConfidence));
  if (!c.opened) return;
  const OpenedInfo& info = c.opened->info;
  row.opening = {info.load_ms, info.compile_ms, info.first_ms, info.peak_memory_bytes};
  row.effective = info.effective;
}

/// A speed-up above 1 is a time below the baseline's.
Verdict verdict_of_speedup(const RatioEstimate& speedup) {
  if (speedup.low > 1) return Verdict::faster;
  return speedup.high < 1 ? Verdict::slower : Verdict::not_distinguishable;
}

VariantRow variant_row(const Candidate& c, const SearchContext& context, bool is_baseline) {
  VariantRow row;
  row.id = c.variant.id;
  row.name = variant_name(c.variant);
  row.recipe = step_texts(c.variant.recipe);
  row.settings = shown_settings(c.variant.settings);
  row.state = state_of(c);
  set_gate(row, c);
  set_times(row, c, context.plan.from_pixels());
  if (c.artefact) row.size_bytes = c.artefact->info.size_bytes;
  if (c.judgement) row.accuracy = accuracy_row(*c.judgement, context);
  if (c.speedup && !is_baseline) {
    row.speedup = ratio_of(*c.speedup);
    if (c.speedup->has_interval()) row.verdict = verdict_of_speedup(*c.speedup);
  }
  if (c.failure)
    row.failure =
        FailureRow{std::string(to_text(c.failure->code)), c.failure->text, c.failure->command};
  return row;
}

SplitRow split_row(const std::filesystem::path& path, const ItemSet& set) {
  return {path.string(), set.split, set.items.size()};
}

DataRow data_row(const SearchContext& c) {
  const DataSpec& calibration = c.plan.request.calibration.value_or(c.plan.request.data);
  DataRow row;
  row.evaluation = split_row(c.plan.request.data.path, c.plan.data.evaluation);
  row.about = c.plan.data.about;
  row.notes = c.plan.data.notes;
  row.truth = c.plan.agreement == nullptr ? "labels" : "baseline";
  if (c.plan.agreement != nullptr) row.caveat = agreement_caveat(*c.plan.agreement);
  row.skipped.assign(c.skipped.begin(), c.skipped.end());
  if (!c.plan.data.calibration.items.empty())
    row.calibration = split_row(calibration.path, c.plan.data.calibration);
  return row;
}

CountsRow counts_of(const std::vector<Candidate>& candidates) {
  CountsRow counts{candidates.size(), 0, 0, 0};
  for (const Candidate& c : candidates) {
    counts.measured += c.ratio ? 1 : 0;
    counts.evaluated += c.judgement ? 1 : 0;
    counts.failed += c.failure ? 1 : 0;
  }
  return counts;
}

EnvironmentRow environment_row(const SearchContext& c) {
  EnvironmentRow row = environment_row(c.place.machine);
  row.runtimes.emplace();
  for (const Availability& a : c.place.known)
    row.runtimes->emplace_back(a.backend, a.ok() ? a.version : "not usable: " + a.reason());
  return row;
}

ModelRow model_row(const SearchContext& c) {
  const Json& d = c.parent.model.description;
  const Card& card = c.parent.card();
  ModelRow row;
  row.path = c.parent.model.named.string();
  row.name = c.parent.model.named.stem().string();
  row.hash = c.parent.model.hash;
  row.size_bytes = d.value("file_bytes", std::uint64_t{0});
  row.task = to_text(card.task);
  row.metric = c.plan.task->metric;
  row.input_size = {card.input_size.height, card.input_size.width};
  row.parameters = d.value("parameters", std::uint64_t{0});
  row.macs = d.value("macs", std::uint64_t{0});
  return row;
}

/// What building found about card and calibration pictures, each line once.
void add_calibration_warnings(const std::vector<Candidate>& candidates,
                              std::vector<WarningRow>& warnings) {
  std::set<std::string> said;
  for (const Candidate& c : candidates) {
    if (!c.artefact) continue;
    for (const Json& step : c.artefact->info.steps)
      for (const Json& text : step.at("report").value("warnings", Json::array()))
        if (said.insert(text.get<std::string>()).second)
          warnings.push_back({text.get<std::string>(), ""});
  }
}

/// What --allow-bad let pass.
void add_skipped_warning(const SearchContext& context, std::vector<WarningRow>& warnings) {
  constexpr std::size_t kNamed = 5;
  if (context.skipped.empty() || context.skipped.size() > context.plan.request.allow_bad) return;
  std::string text;
  std::size_t named = 0;
  for (const std::string& one : context.skipped)
    if (named++ < kNamed) text += (text.empty() ? "" : ", ") + one;
  if (named > kNamed) text += fmt::format(" and {} more", named - kNamed);
  warnings.push_back(
      {fmt::format("{} of the images could not be used and were skipped (--allow-bad): {}", named,
                   text),
       "repair or remove them"});
}

}  // namespace

std::vector<std::string> caller_changes(const Card& parent, const Json& parent_io, const Card& own,
                                        const Json& io) {
  std::vector<std::string> changes;
  const auto side_text = [](const Json& values) {
    std::string text;
    for (const Json& v : values)
      text += fmt::format("{}{} {} {}", text.empty() ? "" : ", ", v.at("name").get<std::string>(),
                          v.at("type").get<std::string>(), v.at("shape").dump());
    return text;
  };
  for (const char* side : {"inputs", "outputs"})
    if (const std::string before = side_text(parent_io.at(side)), now = side_text(io.at(side));
        before != now)
      changes.push_back(fmt::format("{}: {}, instead of {}", side, now, before));
  const Json before = to_json(parent, false).flatten(), now = to_json(own, false).flatten();
  const auto value = [](const Json& card, const std::string& key) {
    return card.contains(key) ? card.at(key).dump() : std::string("nothing");
  };
  std::set<std::string> keys;
  for (const Json* card : {&before, &now})
    for (const auto& [key, unused] : card->items()) keys.insert(key);
  for (const std::string& key : keys)
    if (value(before, key) != value(now, key))
      changes.push_back(fmt::format("card: {}: {}, instead of {}", key.substr(1), value(now, key),
                                    value(before, key)));
  return changes;
}

namespace {

void set_decision(ResultDocument& result, const std::vector<Candidate>& candidates,
                  const SearchOutcome& outcome) {
  const auto id = [&](std::size_t i) { return candidates[i].variant.id; };
  if (outcome.runner_up) result.runner_up = id(*outcome.runner_up);
  if (outcome.fastest_estimated) {
    const Judgement& j = *candidates[*outcome.fastest_estimated].judgement;
    result.fastest_estimated =
        EstimatedRow{id(*outcome.fastest_estimated), j.probability, j.items_needed};
  }
  if (outcome.nearest_miss) result.nearest_miss = NearestMiss{id(*outcome.nearest_miss), ""};
  result.reason_facts = outcome.reasons;
  result.what_if_facts = outcome.what_if;
}

void set_request(ResultDocument& result, const SearchContext& context) {
  const SearchRequest& request = context.plan.request;
  result.command = request.command;
  result.model = model_row(context);
  result.card = to_json(context.parent.card(), true);
  result.data = data_row(context);
  result.gates = gate_rows(request.gates);
  result.confidence = request.confidence;
  result.objective = to_text(request.objective);
  result.latency_from = context.plan.from_pixels() ? "pixels" : "tensor";
}

}  // namespace

ResultDocument make_result(const SearchContext& context, const SearchRun& run,
                           const SearchOutcome& outcome, double wall_s) {
  const auto& candidates = run.candidates();
  const Candidate& picked = candidates[outcome.pick];
  ResultDocument result;
  result.status = outcome.status;
  result.created = utc_now_text();
  result.wall_s = wall_s;
  result.tamis_version = kVersion;
  set_request(result, context);
  result.baseline = candidates[kBaseline].variant.id;
  const bool settled = outcome.status == ResultStatus::met || picked.gate() == GateOutcome::met;
  if (settled && outcome.status != ResultStatus::nearest_miss) result.pick = picked.variant.id;
  set_decision(result, candidates, outcome);
  if (picked.artefact && settled)
    result.caller_changes = caller_changes(context.parent.card(), context.parent.model.description,
                                           picked.artefact->card, picked.artefact->info.io);
  result.counts = counts_of(candidates);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& c = candidates[i];
    result.variants.push_back(variant_row(c, context, i == kBaseline));
    result.variants.back().given_back = given_back(c, c.from ? candidates[*c.from].variant.id : "");
  }
  result.comparisons = outcome.comparisons;
  result.changes = outcome.changes;
  result.explain = outcome.explained;
  result.environment = environment_row(context);
  result.warnings = result.environment.warnings;
  add_calibration_warnings(candidates, result.warnings);
  add_skipped_warning(context, result.warnings);
  add_warnings(hidden_neighbour_warning(run.disturbed_share()), result.warnings);
  return result;
}

namespace {

const std::string kModel{kHandedModel};

/// What was in flight when the variant was measured under load.
std::optional<LoadRow> load_of(const VariantRow* row) {
  if (row == nullptr || !row->images_per_s) return std::nullopt;
  const Rate& rate = *row->images_per_s;
  return LoadRow{rate.in_flight.value_or(1), rate.batch.value_or(1), rate.median};
}

RunDocument run_document(const SearchContext& context, const Variant& variant,
                         const Artefact& artefact, const ResultDocument& result) {
  const ModelInfo& parent = context.parent_of(variant).model;
  RunDocument run;
  run.name = variant_name(variant);
  run.recipe = to_json(variant.recipe);
  run.settings = shown_settings(variant.settings);
  run.load = load_of(result.find(variant.id));
  run.card = to_json(artefact.card, false);
  run.io = artefact.info.io;
  run.parent = OriginalRow{parent.named.string(), parent.hash};
  run.tamis_version = kVersion;
  return run;
}

/// The first file of the folder that is not what was handed over; empty where all are.
std::string other_file(const fs::path& out, const TextMap<FileRow>& files) {
  for (const auto& [name, file] : files) {
    std::error_code error;
    const bool same_size = fs::file_size(out / name, error) == file.bytes;
    if (error || !same_size || hash_file(out / name) != file.hash) return name;
  }
  return "";
}

bool holds(const fs::path& file, const Json& document) {
  try {
    return canonical_text(load_json(file)) == canonical_text(document);
  } catch (const Error&) {
    return false;
  }
}

/// The model that was handed over; null where the result does not say.
const FileRow* handed_model(const ResultDocument& result) {
  if (!result.files) return nullptr;
  for (const auto& [name, file] : *result.files)
    if (name == kModel) return &file;
  return nullptr;
}

}  // namespace

void hand_over(const SearchContext& context, const Variant& variant, const Artefact& artefact,
               ResultDocument& result) {
  const fs::path& out = context.plan.request.out;
  fs::remove(out / "result.json");  // until all is written, nothing is handed over
  const FileContent judged = content_of(artefact.model);
  copy_file_atomically(artefact.model, out / kModel);
  save_file(out / "model.card.yaml", to_yaml(artefact.card));
  save_json(out / "run.json", write_document(run_document(context, variant, artefact, result)));
  FolderContent files;
  for (const std::string& name : {kModel, std::string("model.card.yaml"), std::string("run.json")})
    files[name] = content_of(out / name);
  const bool measured = artefact.key == context.parent_of(variant).model.hash ||
                        artefact.content.empty() ||
                        context.cache->content(artefact.key).at(kModel) == files.at(kModel);
  if (files.at(kModel) != judged || !measured)
    throw Error(ErrorCode::corrupt_data,
                fmt::format("hand over {}: the file changed after it was judged; run the same "
                            "command again",
                            artefact.model.string()));
  result.files.emplace();
  for (const auto& [name, content] : files)
    result.files->emplace_back(name, FileRow{content.bytes, content.hash});
  save_json(out / "decision.json", write_decision(result));
  save_json(out / "result.json", write_result(result));
}

std::string not_handed_over(const SearchContext& context, const ResultDocument& result) {
  const fs::path& out = context.plan.request.out;
  if (std::string other = other_file(out, *result.files); !other.empty()) return other;
  if (!holds(out / "decision.json", write_decision(result))) return "decision.json";
  return holds(out / "result.json", write_result(result)) ? "" : "result.json";  // written last
}

bool is_what_was_judged(const Artefact& artefact, const ResultDocument& result) {
  const FileRow& file = *handed_model(result);
  const FileContent content = content_of(artefact.model);
  return content.bytes == file.bytes && content.hash == file.hash;
}

ResultDocument stored_result(const Json& json) {
  ResultDocument result = read_result(json);
  make_decision(result);
  if (handed_model(result) == nullptr || !result.counts)
    throw Error(ErrorCode::corrupt_data, "result: does not say what was handed over");
  return result;
}

}  // namespace tamis
