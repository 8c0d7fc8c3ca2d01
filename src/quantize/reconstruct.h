#pragma once

#include <functional>
#include <vector>

#include "quantize/corrections.h"
#include "quantize/weight_row.h"

namespace tamis {

/// Calls `change` for each row of weights of the form whose layer's input was kept; whether it says
/// that it changed something. The bias of what changed is corrected anew. Returns the changed form
/// with the number of layers in which something changed, or nothing.
std::vector<Attempt> attempt_rows(const Form& form,
                                  const std::function<bool(const WeightRow&)>& change);

}  // namespace tamis
