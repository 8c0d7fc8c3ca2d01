#include "measure/dump.h"

#include "base/files.h"
#include "place/patience.h"
#include "place/worker.h"

namespace tamis {

void dump_runtime_model(Place& place, ExecuteRequest request, const std::filesystem::path& folder) {
  constexpr int kDiscarded = 2;
  make_writable_folder(folder);
  request.profile = true;
  request.dump = std::filesystem::absolute(folder);
  request.engine_cache.clear();  // a cached engine would be nothing that is made now
  Worker worker(place);
  Json open = to_json(request);
  open["op"] = "open";
  open["inputs"] = nullptr;
  const Json info = worker.request(open, patience_to_open()).head;
  worker.request({{"op", "visit"}, {"input", 0}, {"discard", kDiscarded}, {"timed", 1}},
                 patience_to_open());
  const Json layers = worker.request({{"op", "profile"}}, patience_to_open()).head.at("layers");
  save_json(folder / "layers.json", {{"schema", "tamis/layers/1"},
                                     {"settings", to_json(request.settings)},
                                     {"effective", info.at("effective")},
                                     {"layers", layers}});
}

}  // namespace tamis
