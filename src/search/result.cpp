#include "search/result.h"

#include <fmt/format.h>

#include <set>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/version.h"
#include "machine/core_speed.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

Json accuracy_json(const Candidate& c, const SearchContext& context) {
  if (!c.judgement) return Json();
  const Judgement& j = *c.judgement;
  Json json{{"metric", context.plan.task->metric},
            {"value", j.value.value},
            {"low", j.value.interval.low},
            {"high", j.value.interval.high},
            {"baseline", j.baseline},
            {"items", j.items},
            {"seen", j.seen},
            {"figures", j.figures}};
  bool relative =
      !context.plan.request.gates.max_drop || context.plan.request.gates.max_drop->relative;
  json["drop"] = j.drop ? Json(j.drop->drop) : Json();
  json["drop_low"] = j.drop ? Json(j.drop->low) : Json();
  json["drop_high"] = j.drop ? Json(j.drop->high) : Json();
  json["drop_kind"] = relative ? "relative" : "absolute";
  json["confidence"] = context.plan.request.confidence;
  json["probability"] = j.probability;
  return json;
}

/// Baseline's time / this one's: its verdict, of the baseline, would be read the wrong way round.
Json speedup_json(const RatioEstimate& speedup) {
  Json json = to_json(speedup);
  json.erase("verdict");
  return json;
}

Json timing_json(const Candidate& c, Which which) {
  if (c.samples.empty()) return Json();
  return to_json(summarise(c.samples, which, 0.95));
}

/// Under load: the whole machine's, and what was in flight.
Json rate_json(const Candidate& c) {
  const auto rate = summarise_rate(c.samples, 0.95);
  if (!rate || !c.opened) return Json();
  Json json = to_json(*rate);
  json["in_flight"] = c.opened->info.in_flight;
  json["batch"] = c.variant.settings.batch.value_or(1);
  return json;
}

std::string state_of(const Candidate& c) {
  if (c.failure) return "failed";
  if (!c.ratio) return "planned";
  if (c.timed_in != to_text(Phase::screening)) return "raced";
  return c.screened_out ? "screened_out" : "measured";
}

/// Which layers an INT8 variant has in FP32 so that it may keep its accuracy, and why these.
Json layers_in_fp32_json(const Candidate& c, const std::string& from) {
  if (c.layers_in_fp32.empty()) return Json();
  Json layers = Json::array();
  for (const LayerSensitivity& layer : c.layers_in_fp32)
    layers.push_back(
        {{"node", layer.node},
         {"gain_db", layer.gain_db},
         {"together", layer.together},
         {"only_together", layer.only_together},
         {"gain_closeness", layer.gain_closeness ? Json(*layer.gain_closeness) : Json()},
         {"extra_ms", layer.extra_us ? Json(*layer.extra_us / 1000) : Json()},
         {"reason", "kept in FP32: " + to_text(layer)}});
  return {{"from", from}, {"layers", layers}, {"of", c.layers}};
}

void add_gate(Json& json, const Candidate& c) {
  GateOutcome gate = c.gate();
  json["gate"] = c.judgement || c.hard == GateOutcome::missed ? Json(to_text(gate)) : Json();
  std::string reason = c.hard_reason;
  if (reason.empty() && c.judgement) reason = c.judgement->reason;
  if (reason.empty() && c.screened_out)
    reason = "accuracy not evaluated: clearly slower than a variant that meets the gates";
  json["gate_reason"] = reason;
}

Json variant_json(const Candidate& c, const SearchContext& context, bool is_baseline) {
  Json json{{"id", c.variant.id},
            {"name", variant_name(c.variant)},
            {"recipe", step_texts(c.variant.recipe)},
            {"settings", to_json(c.variant.settings)},
            {"state", state_of(c)}};
  json["settings"].erase("library");
  json["settings"].erase("extra");
  add_gate(json, c);
  json["latency_ms"] = timing_json(c, Which::total);
  json["images_per_s"] = rate_json(c);
  json["timed_in"] = c.samples.empty() ? Json() : Json(c.timed_in);
  json["inference_ms"] = timing_json(c, Which::inference);
  json["prepare_ms"] = context.plan.from_pixels() ? timing_json(c, Which::prepare) : Json();
  json["from_file_ms"] =
      c.from_file_ns.empty() ? Json() : to_json(summarise_times(c.from_file_ns, 0.95));
  const OpenedInfo* info = c.opened ? &c.opened->info : nullptr;
  json["load_ms"] = info ? Json(info->load_ms) : Json();
  json["compile_ms"] = info ? Json(info->compile_ms) : Json();
  json["first_ms"] = info ? Json(info->first_ms) : Json();
  json["peak_memory_bytes"] = info ? Json(info->peak_memory_bytes) : Json();
  json["size_bytes"] = c.artefact ? Json(c.artefact->info.size_bytes) : Json();
  json["accuracy"] = accuracy_json(c, context);
  const bool compared = c.speedup && !is_baseline;
  const bool timed = compared && c.speedup->has_interval();
  json["speedup"] = compared ? speedup_json(*c.speedup) : Json();
  // A speed-up above 1 is a time below the baseline's.
  json["verdict"] = !timed ? Json()
                           : Json(c.speedup->low > 1    ? "faster"
                                  : c.speedup->high < 1 ? "slower"
                                                        : "not_distinguishable");
  json["effective"] = info ? info->effective : Json::object();
  json["failure"] = c.failure ? Json{{"code", to_text(c.failure->code)},
                                     {"text", c.failure->text},
                                     {"command", c.failure->command}}
                              : Json();
  return json;
}

Json data_json(const SearchContext& c) {
  const DataSpec& calibration = c.plan.request.calibration.value_or(c.plan.request.data);
  Json json{{"evaluation",
             {{"path", c.plan.request.data.path.string()},
              {"split", c.plan.data.evaluation.split},
              {"items", c.plan.data.evaluation.items.size()}}},
            {"about", c.plan.data.about},
            {"notes", c.plan.data.notes},
            {"truth", c.plan.agreement == nullptr ? "labels" : "baseline"},
            {"caveat", c.plan.agreement == nullptr ? "" : agreement_caveat(*c.plan.agreement)},
            {"skipped", c.skipped}};
  json["calibration"] = c.plan.data.calibration.items.empty()
                            ? Json()
                            : Json{{"path", calibration.path.string()},
                                   {"split", c.plan.data.calibration.split},
                                   {"items", c.plan.data.calibration.items.size()}};
  return json;
}

Json counts_json(const std::vector<Candidate>& candidates) {
  std::size_t measured = 0, evaluated = 0, failed = 0;
  for (const Candidate& c : candidates) {
    measured += c.ratio ? 1 : 0;
    evaluated += c.judgement ? 1 : 0;
    failed += c.failure ? 1 : 0;
  }
  return Json{{"variants", candidates.size()},
              {"measured", measured},
              {"evaluated", evaluated},
              {"failed", failed}};
}

Json environment_json(const SearchContext& c) {
  Json environment = environment_json(c.place.machine);
  environment["runtimes"] = Json::object();
  for (const Availability& a : c.place.known)
    environment["runtimes"][a.backend] = a.ok() ? a.version : "not usable: " + a.reason();
  return environment;
}

Json model_json(const SearchContext& c) {
  const Json& d = c.parent.model.description;
  return Json{{"path", c.parent.model.named.string()},
              {"name", c.parent.model.named.stem().string()},
              {"hash", c.parent.model.hash},
              {"size_bytes", d.value("file_bytes", 0)},
              {"task", to_text(c.parent.card().task)},
              {"metric", c.plan.task->metric},
              {"input_size", {c.parent.card().input_size.height, c.parent.card().input_size.width}},
              {"parameters", d.value("parameters", 0)},
              {"macs", d.value("macs", 0)}};
}

/// What building found about card and calibration pictures, each line once.
void add_calibration_warnings(const std::vector<Candidate>& candidates, Json& warnings) {
  std::set<std::string> said;
  for (const Candidate& c : candidates) {
    if (!c.artefact) continue;
    for (const Json& step : c.artefact->info.steps)
      for (const Json& text : step.at("report").value("warnings", Json::array()))
        if (said.insert(text.get<std::string>()).second) warnings.push_back({{"text", text}});
  }
}

/// What --allow-bad let pass.
void add_skipped_warning(const SearchContext& context, Json& warnings) {
  constexpr std::size_t kNamed = 5;
  if (context.skipped.empty() || context.skipped.size() > context.plan.request.allow_bad) return;
  std::string text;
  std::size_t named = 0;
  for (const std::string& one : context.skipped)
    if (named++ < kNamed) text += (text.empty() ? "" : ", ") + one;
  if (named > kNamed) text += fmt::format(" and {} more", named - kNamed);
  warnings.push_back(
      {{"text", fmt::format("{} of the images could not be used and were skipped (--allow-bad): {}",
                            named, text)},
       {"remedy", "repair or remove them"}});
}

}  // namespace

Json caller_changes(const Card& parent, const Json& parent_io, const Card& own, const Json& io) {
  Json changes = Json::array();
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

Json make_result(const SearchContext& context, const SearchRun& run, const SearchOutcome& outcome,
                 double wall_s) {
  const auto& candidates = run.candidates();
  auto id = [&](const std::optional<std::size_t>& i) {
    return i ? Json(candidates[*i].variant.id) : Json();
  };
  Json json{{"schema", "tamis/result/1"},
            {"status", outcome.status},
            {"command", context.plan.request.command},
            {"created", utc_now_text()},
            {"wall_s", wall_s},
            {"tamis_version", kVersion},
            {"model", model_json(context)},
            {"card", to_json(context.parent.card(), true)},
            {"data", data_json(context)},
            {"gates", gates_json(context.plan.request.gates, std::string(context.plan.task->metric),
                                 context.plan.under_load())},
            {"confidence", context.plan.request.confidence},
            {"objective", to_text(context.plan.request.objective)},
            {"latency_from", context.plan.from_pixels() ? "pixels" : "tensor"},
            {"baseline", candidates[kBaseline].variant.id}};
  bool settled = outcome.status == "met" || candidates[outcome.pick].gate() == GateOutcome::met;
  json["pick"] = settled && outcome.status != "nearest_miss"
                     ? Json(candidates[outcome.pick].variant.id)
                     : Json();
  json["runner_up"] = id(outcome.runner_up);
  json["fastest_estimated"] = nullptr;
  if (outcome.fastest_estimated) {
    const Judgement& j = *candidates[*outcome.fastest_estimated].judgement;
    json["fastest_estimated"] = {{"id", id(outcome.fastest_estimated)},
                                 {"probability", j.probability}};
    json["fastest_estimated"]["items_needed"] = j.items_needed ? Json(*j.items_needed) : Json();
  }
  json["nearest_miss"] = nullptr;
  if (outcome.nearest_miss)
    json["nearest_miss"] = {{"id", id(outcome.nearest_miss)}, {"text", outcome.nearest_miss_text}};
  json["reasons"] = outcome.reasons;
  json["counterfactuals"] = outcome.counterfactuals;
  json["caller_changes"] = Json::array();
  if (const auto& picked = candidates[outcome.pick].artefact; picked && settled)
    json["caller_changes"] = caller_changes(context.parent.card(), context.parent.model.description,
                                            picked->card, picked->info.io);
  json["counts"] = counts_json(candidates);
  json["variants"] = Json::array();
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& c = candidates[i];
    Json row = variant_json(c, context, i == kBaseline);
    row["given_back"] = layers_in_fp32_json(c, c.from ? candidates[*c.from].variant.id : "");
    json["variants"].push_back(std::move(row));
  }
  json["comparisons"] = outcome.comparisons;
  json["changes"] = outcome.changes;
  json["explain"] = outcome.explained;
  json["environment"] = environment_json(context);
  json["warnings"] = json["environment"]["warnings"];
  add_calibration_warnings(candidates, json["warnings"]);
  add_skipped_warning(context, json["warnings"]);
  for (const Json& warning : to_json(hidden_neighbour_warning(run.disturbed_share())))
    json["warnings"].push_back(warning);
  return json;
}

namespace {

const Json& variant_of(const Json& result, const std::string& id) {
  for (const Json& v : result.at("variants"))
    if (v.at("id") == id) return v;
  return result.at("variants").at(kBaseline);
}

Json latency_of(const Json& v) {
  Json json = Json::object();
  if (v.at("latency_ms").is_null()) return Json();
  for (const char* key : {"median", "low", "high", "p95"})
    json[key] = v.at("latency_ms").value(key, Json());
  return json;
}

Json picked_json(const Json& v, const Json& model) {
  Json json{{"id", v.at("id")},
            {"name", v.at("name")},
            {"recipe", v.at("recipe")},
            {"settings", v.at("settings")},
            {"model", model},
            {"latency_ms", latency_of(v)},
            {"images_per_s", v.value("images_per_s", Json())},
            {"speedup", v.at("speedup")},
            {"accuracy", nullptr},
            {"size_bytes", v.at("size_bytes")},
            {"peak_memory_bytes", v.at("peak_memory_bytes")}};
  // The baseline against itself: nothing was compared, the ratio is 1 by definition.
  if (json["speedup"].is_null()) json["speedup"] = {{"ratio", 1.0}, {"low", 1.0}, {"high", 1.0}};
  const Json& a = v.at("accuracy");
  if (!a.is_null())
    json["accuracy"] = {{"metric", a.at("metric")},
                        {"value", a.at("value")},
                        {"baseline", a.at("baseline")},
                        {"drop", a.at("drop")},
                        {"low", a.at("drop_low")},
                        {"high", a.at("drop_high")},
                        {"drop_kind", a.at("drop_kind")},
                        {"confidence", a.at("confidence")},
                        {"gate", v.at("gate")}};
  return json;
}

}  // namespace

std::string handed_over_id(const Json& result) {
  return result.at("pick").is_null() ? result.at("baseline") : result.at("pick");
}

Json make_decision(const Json& result, const std::filesystem::path&) {
  std::string handed = handed_over_id(result);
  Json json{{"schema", "tamis/optimize/1"}, {"status", result.at("status")}};
  json["pick"] = picked_json(variant_of(result, handed), "model.onnx");
  json["fastest_estimated"] = nullptr;
  if (const Json& e = result.at("fastest_estimated"); !e.is_null()) {
    json["fastest_estimated"] = picked_json(variant_of(result, e.at("id")), nullptr);
    json["fastest_estimated"]["items_needed"] = e.at("items_needed");
    json["fastest_estimated"]["probability"] = e.at("probability");
  }
  for (const char* key :
       {"runner_up", "nearest_miss", "reasons", "counterfactuals", "counts", "wall_s"})
    json[key] = result.at(key);
  return json;
}

namespace {

/// What was in flight when the variant was measured under load; null where it was not.
Json load_of(const Json& result, const std::string& id) {
  const Json rate = variant_of(result, id).value("images_per_s", Json());
  if (rate.is_null()) return Json();
  return {{"in_flight", rate.at("in_flight")},
          {"batch", rate.at("batch")},
          {"images_per_s", rate.at("median")}};
}

}  // namespace

namespace {

constexpr const char* kModel = "model.onnx";

Json run_json(const SearchContext& context, const Variant& variant, const Artefact& artefact,
              const Json& result) {
  const ModelInfo& parent = context.parent_of(variant).model;
  Json settings = to_json(variant.settings);
  settings.erase("library");
  settings.erase("extra");
  return {{"schema", "tamis/run/1"},
          {"model", kModel},
          {"name", variant_name(variant)},
          {"recipe", to_json(variant.recipe)},
          {"settings", settings},
          {"load", load_of(result, variant.id)},
          {"card", to_json(artefact.card, false)},
          {"io", artefact.info.io},
          {"parent", {{"path", parent.named.string()}, {"hash", parent.hash}}},
          {"tamis_version", kVersion}};
}

/// The first file of the folder that is not what was handed over; empty where all are.
std::string other_file(const fs::path& out, const Json& files) {
  for (const auto& [name, file] : files.items()) {
    std::error_code error;
    const bool same_size = fs::file_size(out / name, error) == file.at("bytes");
    if (error || !same_size || hash_file(out / name) != file.at("hash")) return name;
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

}  // namespace

void hand_over(const SearchContext& context, const Variant& variant, const Artefact& artefact,
               Json& result) {
  const fs::path& out = context.plan.request.out;
  fs::remove(out / "result.json");  // until all is written, nothing is handed over
  const FileContent judged = content_of(artefact.model);
  copy_file_atomically(artefact.model, out / kModel);
  save_file(out / "model.card.yaml", to_yaml(artefact.card));
  save_json(out / "run.json", run_json(context, variant, artefact, result));
  FolderContent files;
  for (const char* name : {kModel, "model.card.yaml", "run.json"})
    files[name] = content_of(out / name);
  const bool measured = artefact.key == context.parent_of(variant).model.hash ||
                        artefact.content.empty() ||
                        context.cache->content(artefact.key).at(kModel) == files.at(kModel);
  if (files.at(kModel) != judged || !measured)
    throw Error(ErrorCode::corrupt_data,
                fmt::format("hand over {}: the file changed after it was judged; run the same "
                            "command again",
                            artefact.model.string()));
  result["files"] = to_json(files);
  save_json(out / "decision.json", make_decision(result, out));
  save_json(out / "result.json", result);
}

std::string not_handed_over(const SearchContext& context, const Json& result) {
  const fs::path& out = context.plan.request.out;
  if (std::string other = other_file(out, result.at("files")); !other.empty()) return other;
  if (!holds(out / "decision.json", make_decision(result, out))) return "decision.json";
  return holds(out / "result.json", result) ? "" : "result.json";  // written last
}

bool is_what_was_judged(const Artefact& artefact, const Json& result) {
  const Json& file = result.at("files").at(kModel);
  const FileContent content = content_of(artefact.model);
  return content.bytes == file.at("bytes") && content.hash == file.at("hash");
}

Json checked_result(const Json& json) {
  if (json.at("schema") != "tamis/result/1")
    throw Error(ErrorCode::corrupt_data, "result: is of another kind");
  make_decision(json, {});
  json.at("files").at(kModel).at("hash").get<std::string>();
  json.at("counts").at("failed").get<int>();
  return json;
}

}  // namespace tamis
