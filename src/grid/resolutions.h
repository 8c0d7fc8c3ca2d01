#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/geometry.h"
#include "base/json.h"
#include "data/picture_sizes.h"

namespace tamis {

/// A resolution as the axis writes it: "480x640", or a set of shapes "480x640+640x480+640x640".
std::string resolution_text(const std::vector<Size>& shapes);
/// The reverse; "512" is a square. Throws invalid_argument.
std::vector<Size> parse_resolution(const std::string& text);
/// The parameters of the step `resolution`.
Json resolution_params(const std::vector<Size>& shapes);

/// The share of the own input's pixels that this choice computes per picture, each picture in the
/// shape that it goes to: 1 = as many.
double pixel_share(const std::vector<PictureCount>& pictures, const std::vector<Size>& shapes,
                   Size own);
/// The share of the computed pixels that are padding.
double padding_share(const std::vector<PictureCount>& pictures, const std::vector<Size>& shapes);

/// The shapes, at most `most` of them, that compute the fewest pixels for these pictures while none
/// is scaled down more than in `own`: an exact search over all shapes whose sides are multiples of
/// `stride`. Fewer where another shape saves less than 2 %.
std::vector<Size> fitted_shapes(const std::vector<PictureCount>& pictures, Size own,
                                std::int64_t stride, std::size_t most);

/// Resolutions worth trying: for pictures that keep their aspect ratio the shapes fitted to the
/// data, at the own size and at about 95 and 90 % of it; else smaller sizes of the own form. Those
/// that save less than 3 % of the pixels are left out.
std::vector<std::string> resolutions_worth_trying(const std::vector<PictureCount>& pictures,
                                                  Size own, std::int64_t stride, bool keeps_aspect);

}  // namespace tamis
