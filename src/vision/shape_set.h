#pragma once

#include <cstddef>
#include <vector>

#include "base/geometry.h"

namespace tamis {

/// By how much a picture is scaled when letterboxed into `shape`: min(H / h, W / w).
double letterbox_scale(Size picture, Size shape);

/// The picture's own pixels inside a shape when it is scaled by `scale`, rounded as letterbox()
/// rounds them.
Size scaled_size(Size picture, double scale);

/// Which of several input shapes a picture goes to: the smallest that holds it at the largest scale
/// that any of them allows, so that a smaller shape never costs detail. Index into `shapes`, which
/// must not be empty; the first of equal areas. Thread safe.
std::size_t shape_for(Size picture, const std::vector<Size>& shapes);

}  // namespace tamis
