#pragma once

#include <string>

#include "base/json.h"

namespace tamis {

/// One of data/*.json: invented ones, and `run`, which a run wrote.
inline constexpr const char* kSamples[] = {"detector", "nearest_miss", "classifier", "segmenter",
                                           "run"};
inline Json sample(const std::string& name) {
  return load_json(std::string(TAMIS_SOURCE_DIR) + "/tests/report/data/" + name + ".json");
}

/// A document with nothing but what must be there.
inline Json empty_result() {
  return Json{{"schema", "tamis/result/1"},
              {"status", "interrupted"},
              {"model", {{"name", "m"}, {"metric", "top1"}}},
              {"objective", "latency"},
              {"baseline", ""},
              {"variants", Json::array()}};
}

}  // namespace tamis
