#include "base/work_done.h"

namespace tamis {

Json to_json(const WorkDone& work) {
  return {{"what", work.what}, {"done", work.done}, {"of", work.of ? Json(*work.of) : Json()}};
}

WorkDone parse_work_done(const Json& json) {
  WorkDone work;
  work.what = json.value("what", "");
  work.done = json.value("done", std::size_t{0});
  if (const Json of = json.value("of", Json()); !of.is_null()) work.of = of.get<std::size_t>();
  return work;
}

std::string to_text(const WorkDone& work) {
  return work.what + ", " + std::to_string(work.done) +
         (work.of ? " of " + std::to_string(*work.of) : "");
}

}  // namespace tamis
