#pragma once

#include "card/card.h"
#include "quantize/quantize.h"

namespace tamis {

/// By what the card's task reads from a model's outputs; empty for a task without such a measure
/// and for outputs that no decoder reads. Thread safe.
Closeness prediction_closeness(const Card& card);

}  // namespace tamis
