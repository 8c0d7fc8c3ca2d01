#include "predict/worker_annotator.h"

#include <utility>

namespace tamis {
namespace {

constexpr double kUsual_s = 0.2;  // for the largest of usual images

}  // namespace

WorkerAnnotator::WorkerAnnotator(Place& place, const AnnotationSpec& spec,
                                 std::function<bool()> go_on)
    : worker_(place), go_on_(std::move(go_on)) {
  Json request = to_json(spec);
  request["op"] = "annotate_begin";
  worker_.request(request, patience_to_open(), {go_on_, nullptr});
}

AnnotatedImage WorkerAnnotator::annotate(std::size_t item, const std::vector<ItemRecord>& records) {
  Json request{{"op", "annotate"}, {"item", item}, {"records", Json::array()}};
  for (const ItemRecord& record : records) request["records"].push_back(to_json(record));
  Frame reply = worker_.request(request, patience_for_items(1, kUsual_s), {go_on_, nullptr});
  return {std::move(reply.block), {reply.head.at("height"), reply.head.at("width")}};
}

}  // namespace tamis
