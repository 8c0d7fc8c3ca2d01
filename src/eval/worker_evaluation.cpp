#include "eval/worker_evaluation.h"

#include <utility>

#include "base/clock.h"
#include "execute/opened_info.h"

namespace tamis {

WorkerEvaluation::WorkerEvaluation(Place& place, const EvaluationSpec& spec,
                                   std::function<bool()> go_on)
    : worker_(place), go_on_(std::move(go_on)) {
  std::int64_t start = now_ns();
  Json open = to_json(spec.request);
  open["op"] = "open";
  open["model"] = place.path_of({spec.request.model, spec.content}).string();
  open["warm_up"] = false;
  first_ms_ =
      parse_opened_info(worker_.request(open, patience_to_open(), {go_on_, nullptr}).head).first_ms;
  load_s_ = seconds_since(start);
  start = now_ns();
  worker_.request(
      {{"op", "evaluate_begin"}, {"data", to_json(spec.items)}, {"labelled", spec.labelled}},
      patience_to_open(), {go_on_, nullptr});
  begin_s_ = seconds_since(start);
}

EvaluatedPart WorkerEvaluation::next(std::size_t count, const Patience& patience) {
  const Frame reply =
      worker_.request({{"op", "evaluate_next"}, {"count", count}}, patience, {go_on_, nullptr});
  EvaluatedPart part;
  part.records = Json::from_msgpack(reply.block);
  part.bad = reply.head.at("bad");
  part.inference_s = reply.head.at("inference_s");
  part.wall_s = reply.head.at("wall_s");
  part.done = reply.head.at("done");
  return part;
}

}  // namespace tamis
