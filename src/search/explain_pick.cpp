#include "search/explain_pick.h"

#include "base/error.h"
#include "base/hash.h"
#include "machine/peak.h"
#include "search/explain_files.h"
#include "search/failures.h"

namespace tamis {
namespace {

constexpr int kRuns = 15;

/// The parent in the variant's settings.
ExplainedFile file_of(const Parent& parent, const RunSettings& settings) {
  return {parent.model.file, parent.card(), settings, parent.model.hash};
}

Json explained(SearchContext& context, const Variant& variant, const Artefact& artefact,
               bool new_peak) {
  const ContestantSpec spec = contestant_spec(context, variant, artefact);
  ExplainPlan plan;
  plan.files.push_back({artefact.model, artefact.card, spec.request.settings, artefact.content});
  if (!variant.recipe.empty())
    plan.files.push_back(file_of(context.parent_of(variant), spec.request.settings));
  plan.inputs = spec.inputs;
  plan.runs = kRuns;
  plan.with_latency = false;  // the race has measured it, in more rounds
  plan.peak =
      ensure_peak(context, variant.settings.threads.value_or(context.place.cores), new_peak);
  Json document = context.lab->explain(plan, context.listener);
  for (const char* side : {"model", "against"})
    if (Json& one = document[side]; !one.is_null()) {
      one.erase("layers");
      one["model"] = side == std::string("model")
                         ? "model.onnx"
                         : context.parent_of(variant).model.file.filename().string();
    }
  document["reason"] = nullptr;
  return document;
}

}  // namespace

Json ensure_peak(SearchContext& context, int threads, bool again) {
  const std::string key = hash_text("peak/1 " + std::to_string(threads) + " " + context.place.hash);
  auto checked = [](const Json& json) { return to_json(parse_machine_peak(json)); };
  const auto stored = context.store->find_as(Kind::measurement, key, checked);
  if (stored && !again) return *stored;
  MachinePeak peak = parse_machine_peak(context.lab->measure_peak(threads));
  if (stored) peak = higher_of(peak, parse_machine_peak(*stored));
  context.store->put(Kind::measurement, key, to_json(peak));
  return to_json(peak);
}

Json explain_pick(SearchContext& context, const Variant& variant, const Artefact& artefact) {
  const std::string key =
      hash_text("explain/3 " + variant_key(context, variant, artefact) + context.place.hash);
  auto checked = [](const Json& json) {
    json.at("reason");
    json.at("roof");
    return json;
  };
  if (auto stored = context.store->find_as(Kind::measurement, key, checked)) return *stored;
  try {
    Json document =
        retried_if_killed(context, [&] { return explained(context, variant, artefact, false); });
    // A peak that is exceeded is none: perhaps the machine was busy when it was measured.
    if (!document.at("roof").is_null() && !document.at("roof").at("beaten").empty())
      document = explained(context, variant, artefact, true);
    context.store->put(Kind::measurement, key, document);
    return document;
  } catch (const WorkerKilled& e) {
    if (!context.interrupted()) context.unsettled.push_back(e.what());
    return {{"reason", e.what()}};
  } catch (const Error& e) {
    if (e.code() == ErrorCode::io) throw;
    return {{"reason", e.what()}};
  }
}

}  // namespace tamis
