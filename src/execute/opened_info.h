#pragma once

#include <cstdint>

#include "base/json.h"

namespace tamis {

/// What opening a model cost, each in a process of its own.
struct OpenedInfo {
  double load_ms = 0;     ///< reading the file
  double compile_ms = 0;  ///< from file to ready
  double first_ms = 0;    ///< the first inference
  double warm_ms = 0;     ///< the shortest of a few inferences after warm-up: for planning only
  std::uint64_t peak_memory_bytes = 0;  ///< of the whole worker process after warm-up
  Json effective = Json::object();      ///< what the runtime says it did
  int in_flight = 1;                    ///< requests that visits keep in flight
};
Json to_json(const OpenedInfo& info);
OpenedInfo parse_opened_info(const Json& json);

}  // namespace tamis
