#pragma once

#include "base/geometry.h"
#include "base/picture.h"
#include "base/tensor.h"
#include "card/card.h"

namespace tamis {

/// Resizes one picture by the card's rule and normalises it into image n of `input` (laid out as
/// the card says, f32, f16 or u8); the same for every task. Throws invalid_argument where the
/// tensor's shape does not fit the card. Safe from any thread. Apart from the rows of tasks/task.h,
/// so that a program that only scores links no resizing.
void prepare_picture(const Card& card, const Picture& picture, Tensor& input, int n,
                     Placement& placement);

/// The two halves of prepare_picture(): resizing by the card's rule, in the card's number of
/// channels, and the conversion of what came of it into image n of `input`.
Picture lay_out_picture(const Card& card, const Picture& picture, Placement& placement);
void fill_input(const Card& card, const Picture& laid_out, Tensor& input, int n);

/// Whether a laid-out picture's bytes are the input as they are: nothing is left to convert.
bool takes_pixels(const Card& card);

}  // namespace tamis
