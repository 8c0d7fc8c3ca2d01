#pragma once

#include <memory>
#include <optional>

#include "card/card.h"
#include "runtime/backend.h"

namespace tamis {

/// Opens a model that a step has written while the artefact is being built. Its picture gets the
/// card's size where it is dynamic. Where the card has a set of sizes, the model, still of one
/// size, is freed and opened for each, so that a session takes every picture in its own shape.
/// Other models (folded subgraphs) are opened as they are; without a card, a dynamic batch as 1.
/// `size` stands for the picture's open sides where there is no card.
/// Throws with_fixed_inputs()'s error where another dimension is dynamic, and what free_shapes()
/// and Backend::open throw.
std::unique_ptr<Session> open_with_card(const OpenRequest& request, const std::optional<Card>& card,
                                        std::optional<Size> size = std::nullopt);

}  // namespace tamis
