#pragma once

#include <cstdint>

#include "recipe/build.h"

namespace tamis {

/// What height and width of the request's parent must be multiples of, once its picture size is
/// freed (passes/free_shapes.h). Its step and calibration items are not looked at. Runs in a
/// worker. Throws what free_shapes() throws where its size cannot be freed.
std::int64_t resolution_stride(const BuildRequest& request);
/// The same of state.graph, which it changes.
std::int64_t resolution_stride(BuildState& state);

}  // namespace tamis
