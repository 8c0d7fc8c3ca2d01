#include "cli/building.h"

#include "base/files.h"
#include "place/worker.h"
#include "recipe/chain.h"

namespace tamis {

BuildRequest request_for_original(Place& place, const ExecuteOptions& options,
                                  const ModelInfo& info, const std::filesystem::path& out) {
  BuildRequest request;
  request.parent = info.file;
  request.parent_content = info.hash;
  request.card = info.card;
  for (const Availability& backend : probe_backends(place, {}, false)) {
    if (!backend.ok() || !backend.can.computes) continue;
    if (request.backends.empty()) request.reference_version = backend.version;
    request.backends.push_back(backend.backend);
  }
  request.settings = run_settings(place, "", options);
  if (!request.backends.empty()) request.settings.backend = request.backends.front();
  request.out = out;
  return request;
}

ArtefactInfo build_in_workers(Place& place, const Building& building, Progress& progress) {
  const Watch watch{[] { return !interrupt_asked(); },
                    [&](const WorkDone& work) { progress.working_on(to_text(work)); }};
  const double inference_s = guessed_inference_s(building.model.description.value("macs", 0.0));
  const TemporaryFolder steps("tamis-steps");
  const auto build = [&](const BuildRequest& one) {
    Json head = to_json(one);
    head["op"] = "build";
    head["parent"] = place.path_of({one.parent, one.parent_content}).string();
    const bool all = one.calibration && uses_calibration(*one.step);
    const std::size_t items = all ? one.calibration->items.size() : 0;
    Worker worker(place);
    return parse_artefact_info(
        worker.request(head, patience_to_build(items, inference_s), watch).head);
  };
  return build_chain(building.request, building.recipe, steps.path(), build);
}

}  // namespace tamis
