#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/geometry.h"
#include "base/mask.h"
#include "base/picture.h"

namespace tamis {

// Drawing what a model says on a picture, for people. All functions work on RGB pictures, clip at
// their edges, and are safe from any thread for different pictures.

struct Colour {
  std::uint8_t r = 0, g = 0, b = 0;
};

/// A picture in RGB at the scale at which it just fits into `room` (larger ones by area averages,
/// smaller ones enlarged by whole pixels' nearest values, at most eightfold). Throws
/// invalid_argument for a picture without pixels.
Picture fit_into(const Picture& picture, Size room);

enum class Line { solid, dashed };

/// Lines of `width` pixels around a box, in the canvas' pixels.
void draw_box(Picture& canvas, const Box& box, Colour colour, int width, Line line);

/// A text on a ground of its own, its lower left corner at (x, y), moved where it would leave the
/// canvas. Letters outside ASCII are shown as '?'.
void draw_tag(Picture& canvas, int x, int y, const std::string& text, Colour ground);

/// Mixes the colour into the canvas where the mask, stretched over it, is inside.
void tint_mask(Picture& canvas, const Mask& mask, Colour colour, double share);

/// Draws the outline of the mask, stretched over the canvas.
void outline_mask(Picture& canvas, const Mask& mask, Colour colour, int width);

/// Mixes a map of `size` in rows, its values from 0 (clear) to 1 (hot), stretched over the canvas:
/// the hotter, the more of it.
void blend_heat(Picture& canvas, std::span<const float> map, Size size);

/// A strip of text above the picture.
Picture with_title(const Picture& picture, const std::string& title);

/// Beside each other with `gap` white columns between them, the shorter filled with white below.
Picture side_by_side(const Picture& left, const Picture& right, int gap);

}  // namespace tamis
