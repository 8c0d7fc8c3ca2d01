#pragma once

#include "card/card.h"
#include "quantize/compare.h"
#include "recipe/recipe.h"

namespace tamis {

/// How the card's task and decoder read a model's outputs: which channels are boxes and scores, and
/// how near two predictions are. Empty without a card or for outputs that no decoder reads. Thread
/// safe.
OutputReader output_reader(const Card& card);
OutputReader output_reader(const BuildState& state);

}  // namespace tamis
