#include "search/explain_pick.h"

#include "base/error.h"
#include "base/hash.h"
#include "machine/fingerprint.h"
#include "search/explain_files.h"

namespace tamis {
namespace {

constexpr int kRuns = 15;

ExplainedFile file_of(const ContestantSpec& spec, const std::filesystem::path& model) {
  return {model, spec.request.card, spec.request.settings};
}

Json explained(SearchContext& context, const Variant& variant, const Artefact& artefact) {
  const ContestantSpec spec = contestant_spec(context, variant, artefact);
  ExplainPlan plan;
  plan.files.push_back(file_of(spec, artefact.model));
  if (!variant.recipe.empty()) {
    plan.files.push_back(file_of(spec, context.model.file));
    plan.files.back().card = context.card();
  }
  plan.inputs = spec.inputs;
  plan.runs = kRuns;
  plan.with_latency = false;  // the race has measured it, in more rounds
  plan.peak =
      ensure_peak(context, variant.settings.threads.value_or(usable_cores(context.machine)));
  Json document = context.lab->explain(plan, context.listener);
  for (const char* side : {"model", "against"})
    if (Json& one = document[side]; !one.is_null()) {
      one.erase("layers");
      one["model"] =
          side == std::string("model") ? "model.onnx" : context.model.file.filename().string();
    }
  document["reason"] = nullptr;
  return document;
}

}  // namespace

Json ensure_peak(SearchContext& context, int threads) {
  const std::string key =
      hash_text("peak/1 " + std::to_string(threads) + " " + context.machine_hash);
  if (auto stored = context.store->find(Kind::measurement, key)) return *stored;
  Json peak = context.lab->measure_peak(threads);
  context.store->put(Kind::measurement, key, peak);
  return peak;
}

Json explain_pick(SearchContext& context, const Variant& variant, const Artefact& artefact) {
  const std::string key =
      hash_text("explain/2 " + variant_key(context, variant, artefact) + context.machine_hash);
  if (auto stored = context.store->find(Kind::measurement, key)) return *stored;
  try {
    Json document = explained(context, variant, artefact);
    context.store->put(Kind::measurement, key, document);
    return document;
  } catch (const Error& e) {
    if (e.code() == ErrorCode::io) throw;
    return {{"reason", e.what()}};
  }
}

}  // namespace tamis
