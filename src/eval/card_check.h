#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/geometry.h"
#include "eval/checked_model.h"
#include "stats/interval.h"

namespace tamis {

/// What users get wrong in a card, each as the options that would put it right and the card that
/// they would give; those that are the card itself are left out.
std::vector<std::pair<std::string, Card>> other_cards(const Card& card);

/// What a model says of a picture and of its mirror image, whose boxes are mirrored back.
struct MirroredPair {
  std::vector<double> plain, mirrored;                   ///< classify: probabilities
  std::vector<Detection> plain_boxes, mirrored_boxes{};  ///< detect, segment
};

/// How much a model sees in pictures without knowing what is there: what is in a picture is in its
/// mirror image too, and a model that is fed what it was not trained on either sees little, says
/// the same of every picture, or says of the mirror image something else.
///   classify  the mutual information of the two classes, in nats: high where they agree and differ
///             from picture to picture
///   boxes     per picture, the confidence of boxes found in both (same class, IoU at least .5;
///             the lower of the two counts), less that of boxes found in one only
/// Weights as in stats/interval.h. Pure.
double mirrored_agreement(std::span<const MirroredPair> pairs,
                          std::span<const std::uint32_t> weights);

/// Whether the agreement under `other` is clearly above that under `given`: by a quarter, by .1,
/// and so at 99 % over the pictures (paired bootstrap). Pure.
bool clearly_better(std::span<const MirroredPair> given, std::span<const MirroredPair> other);

/// A line that names the card's normalisation and another under which the model agrees with itself
/// clearly better on the first of the pictures (16 of a classifier, else 8; those that are no
/// better on the first three are not asked further); absent where there is none. Looks at no label.
/// Not asked: anomaly, which has nothing to agree on; detect and segment where all pictures have a
/// truth, which parent_check.h asks instead, and sooner; fewer than 8 pictures. Throws what
/// opening, decoding and running throw.
std::optional<std::string> normalisation_warning(const CheckedModel& model);

}  // namespace tamis
