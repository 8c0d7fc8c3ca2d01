#pragma once

#include <memory>
#include <vector>

#include "runtime/backend.h"

namespace tamis {

/// A model opened once for each of several input shapes, each compiled for its own, as one session:
/// a run goes to the one whose shapes its inputs have. Where there is one shape only, that session
/// itself. `shapes`: of the pictures' input (runtime/tensor_info.h, input_for), at least one;
/// request.input_shapes is not looked at.
///
/// inputs() and outputs() are those of the first shape. run() takes an input of any of the shapes
/// and replaces output tensors of another shape by ones that fit; with fitting ones it allocates
/// nothing. Times add up over the shapes; the profile is of the shape that ran last, the engine
/// that is exported is the last shape's, and there are no asynchronous requests. Between runs
/// threads do not spin, since the next run may be another session's. Throws what Backend::open
/// throws; run() throws invalid_argument for a shape that was not opened.
std::unique_ptr<Session> open_shapes(Backend& backend, OpenRequest request,
                                     const std::vector<Shape>& shapes);

}  // namespace tamis
