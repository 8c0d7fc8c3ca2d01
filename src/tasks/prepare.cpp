#include "tasks/prepare.h"

#include <string>

#include "base/error.h"
#include "vision/preprocess.h"

namespace tamis {
namespace {

Picture lay_out(const Card& card, const Picture& picture, Placement& placement) {
  switch (card.resize) {
    case ResizeRule::letterbox:
      return card.anchor == Anchor::top_left
                 ? letterbox_top_left(picture, card.input_size, card.pad, placement)
                 : letterbox(picture, card.input_size, card.pad, placement);
    case ResizeRule::center_crop:
      if (!card.short_side)
        throw Error(ErrorCode::invalid_argument,
                    "prepare: center_crop needs the short side; give --short-side");
      return center_crop(picture, *card.short_side, card.input_size, placement);
    case ResizeRule::stretch:
      break;
  }
  return stretch(picture, card.input_size, placement);
}

}  // namespace

void prepare_picture(const Card& card, const Picture& picture, Tensor& input, int n,
                     Placement& placement) {
  const Shape& shape = input.shape();
  if (shape.size() != 4 || shape[1] != card.channels())
    throw Error(ErrorCode::invalid_argument,
                "prepare: the model's input is " + to_text(shape) + ", the card says " +
                    std::to_string(card.channels()) + " channels (" +
                    std::string(to_text(card.color)) + "); give --color");
  Normalisation how{card.color == ColorOrder::bgr, card.scale, card.mean, card.std};
  if (picture.channels == card.channels())
    normalise(lay_out(card, picture, placement), how, input, n);
  else
    normalise(lay_out(card, with_channels(picture, card.channels()), placement), how, input, n);
}

}  // namespace tamis
