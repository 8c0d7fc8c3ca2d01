#pragma once

#include <optional>

#include "tasks/task.h"

namespace tamis {

/// How near one model's boxes are to another's, in [0, 1] and 1 for equal ones: it moves with every
/// shift of a box or a score, where an agreement counts. Each box of at least the score .1 of
/// either side is compared with the box of its class on the other that makes
///
///   IoU * (1 - |difference of the scores|)
///
/// largest; the mean over the boxes of a side, then over both sides. Absent where neither finds a
/// box. Pure, thread safe.
std::optional<double> box_closeness(const Prediction& a, const Prediction& b);

}  // namespace tamis
