#pragma once

#include <string>

#include "card/card.h"
#include "tasks/task.h"

namespace tamis {

/// What the model says of an image in a few words: "4 person, 1 bus", "tabby cat 0.81", "anomalous
/// (score 13.2, threshold 9.1)". Pure; safe from any thread.
std::string summary_text(const Card& card, const Prediction& prediction, double min_score);

}  // namespace tamis
