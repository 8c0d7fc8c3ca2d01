#include "predict/annotation.h"

namespace tamis {

Json to_json(const AnnotationSpec& spec) {
  Json cards = Json::array();
  for (const Card& card : spec.cards) cards.push_back(to_json(card, false));
  return {{"data", to_json(spec.images)},
          {"cards", cards},
          {"titles", spec.titles},
          {"min_score", spec.min_score}};
}

AnnotationSpec parse_annotation_spec(const Json& json) {
  AnnotationSpec spec;
  spec.images = parse_input_spec(json.at("data"));
  for (const Json& card : json.at("cards")) spec.cards.push_back(parse_card(card));
  spec.titles = json.at("titles").get<std::vector<std::string>>();
  spec.min_score = json.at("min_score");
  return spec;
}

}  // namespace tamis
