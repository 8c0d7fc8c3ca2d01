#pragma once

#include <memory>
#include <vector>

#include "runtime/backend.h"

namespace tamis {

/// A model opened once for each of several input shapes, each compiled for its own, as one session:
/// a run goes to the one whose shape its (first) input has. Where there is one shape only, that
/// session itself. `shapes`: of the model's only input, at least one; request.input_shapes is not
/// looked at.
///
/// inputs() and outputs() are those of the first shape. run() takes an input of any of the shapes
/// and replaces output tensors of another shape by ones that fit; with fitting ones it allocates
/// nothing. Times add up over the shapes; profile() is of the shape that ran last. Between runs
/// threads do not spin, since the next run may be another session's. Throws what Backend::open
/// throws; run() throws invalid_argument for a shape that was not opened.
std::unique_ptr<Session> open_shapes(Backend& backend, OpenRequest request,
                                     const std::vector<Shape>& shapes);

}  // namespace tamis
