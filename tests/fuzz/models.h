#pragma once

#include <string>
#include <vector>

#include "fuzz/mutate.h"

namespace tamis::fuzz {

/// Small models as serialised bytes: a convolution net, a detector's head, shape arithmetic, an
/// attention block, quantised layers, functions, a loop.
std::vector<std::string> model_seeds();

/// A model with a few changes inside: dimensions, ranks, indices and attributes to awkward numbers,
/// types, operators and names exchanged, data shortened; or, one time in three, of its bytes.
std::string mutate_model(const std::vector<std::string>& seeds, Random& random);

/// Everything that inspecting and the steps without a runtime do with a model. Throws Error.
void take_model(const std::string& bytes);

}  // namespace tamis::fuzz
