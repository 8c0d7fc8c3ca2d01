#pragma once

#include <vector>

#include "base/tensor.h"
#include "quantize/quantize.h"
#include "runtime/backend.h"

namespace tamis {

/// The outputs of each sample's inputs, in the order of the samples. Throws what running throws.
std::vector<std::vector<Tensor>> run_all(Session& session,
                                         const std::vector<std::vector<Tensor>>& samples);

/// How far `values` are from `references` over all samples, for each f32 or f16 output of the
/// session (OutputCheck). Throws backend_failed where the shapes differ. Pure, thread safe.
std::vector<OutputCheck> compare_outputs(const Session& session,
                                         const std::vector<std::vector<Tensor>>& references,
                                         const std::vector<std::vector<Tensor>>& values);

}  // namespace tamis
