#pragma once

#include "base/picture.h"
#include "card/card.h"
#include "tasks/task.h"
#include "vision/draw.h"

namespace tamis {

/// The colour in which a class is drawn, the same in every image.
Colour class_colour(int label);

/// The image in RGB with what the model says of it: boxes with class and score, masks tinted and
/// outlined, a strip with the class above it, or the map of an anomaly detector with its verdict.
/// Images of more than 4096 pixels a side are made smaller. Throws as fit_into. Safe from any
/// thread.
Picture annotate(const Picture& image, const Card& card, const Prediction& prediction,
                 double min_score);

}  // namespace tamis
