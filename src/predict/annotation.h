#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/geometry.h"
#include "base/json.h"
#include "card/card.h"
#include "execute/input_spec.h"

namespace tamis {

/// What is drawn on the images of a run: what one model says, or several beside each other.
struct AnnotationSpec {
  InputSpec images;
  std::vector<Card> cards;          ///< one per model
  std::vector<std::string> titles;  ///< shown above each of several
  double min_score = 0.25;
};
Json to_json(const AnnotationSpec& spec);
AnnotationSpec parse_annotation_spec(const Json& json);

/// An annotated image as a JPEG file, and the size of the image itself.
struct AnnotatedImage {
  std::vector<std::uint8_t> jpeg;
  Size image;
};

}  // namespace tamis
