#include "recipe/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "recipe/steps.h"

namespace tamis {
namespace {

using ::testing::ElementsAre;

Recipe int8(const std::string& form) {
  return {{"simplify", Json::object()}, {"int8-static", {{"for", form}}}};
}

TEST(Recipe, comes_back_from_json_as_it_was) {
  EXPECT_EQ(to_json(parse_recipe(to_json(int8("ort")))), to_json(int8("ort")));
}

TEST(Recipe, is_told_in_words) {
  EXPECT_THAT(step_texts(int8("openvino")), ElementsAre("simplify", "int8-static(openvino)"));
}

TEST(Recipe, knows_what_hangs_on_pictures) {
  EXPECT_FALSE(uses_calibration({"simplify", Json::object()}));
  EXPECT_TRUE(uses_calibration({"fp16", Json::object()}));
  EXPECT_TRUE(uses_calibration(int8("ort").back()));
}

TEST(Recipe, forms_of_matrix_products_need_no_pictures_and_name_an_unusual_block) {
  const Recipe recipe{{"int8-dynamic", Json::object()},
                      {"int4-weights", Json::object()},
                      {"int8-weights", {{"block", 128}}}};
  for (const Step& step : recipe) EXPECT_FALSE(uses_calibration(step)) << step.name;
  EXPECT_THAT(step_texts(recipe),
              ElementsAre("int8-dynamic", "int4-weights", "int8-weights(block 128)"));
}

TEST(Int8Static, makes_weights_for_any_cpu_unless_all_bits_are_asked_for) {
  EXPECT_TRUE(int8_static_options(Json::object()).sums_in_16_bits);
  EXPECT_TRUE(int8_static_options({{"weight_bits", "7"}}).sums_in_16_bits);
  EXPECT_FALSE(int8_static_options({{"weight_bits", "8"}}).sums_in_16_bits);
  try {
    int8_static_options({{"weight_bits", "6"}});
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "weight bits: unknown value '6'; did you mean 7 or 8?");
  }
}

TEST(Recipe, refuses_an_unknown_step_with_the_nearest_names) {
  try {
    step_texts({{"simplfy", Json::object()}});
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "recipe: unknown step 'simplfy'; did you mean simplify?");
  }
}

TEST(ArtefactKey, hangs_on_all_that_changes_the_file_and_on_nothing_else) {
  Card card, sized;
  sized.input_size = {32, 32};
  const Recipe plain{{"simplify", Json::object()}};
  const StepInputs inputs{{"p1", "p2"}, {"ort 1"}}, others{{"p1", "p3"}, {"ort 1"}},
      newer{{"p1", "p2"}, {"ort 2"}};
  const auto key = [](const char* content, const Card& of, const Recipe& recipe,
                      const StepInputs& with) {
    return artefact_key(original_key(content, of), recipe, with);
  };
  std::set<std::string> keys{
      key("m", card, int8("ort"), inputs),  key("n", card, int8("ort"), inputs),
      key("m", sized, int8("ort"), inputs), key("m", card, int8("portable"), inputs),
      key("m", card, int8("ort"), others),  key("m", card, int8("ort"), newer),
      key("m", card, plain, inputs),        key("m", card, {}, inputs),
      original_key("m", std::nullopt),
  };
  EXPECT_EQ(keys.size(), 9U);
  EXPECT_EQ(key("m", card, int8("ort"), inputs), key("m", card, int8("ort"), inputs));
  EXPECT_EQ(key("m", card, plain, inputs), key("m", card, plain, others));
}

/// So INT8 for one runtime and for another begin with the same simplified file.
TEST(ArtefactKey, is_that_of_the_artefact_before_and_one_step) {
  const StepInputs inputs{{"p1"}, {"ort 1"}};
  const std::string simplified =
      artefact_key(original_key("m", Card()), {"simplify", Json::object()}, inputs);
  const Step quantise{"int8-static", {{"for", "ort"}}};
  EXPECT_EQ(
      artefact_key(original_key("m", Card()), {{"simplify", Json::object()}, quantise}, inputs),
      artefact_key(simplified, quantise, inputs));
}

TEST(Recipe, of_a_set_of_shapes_ends_by_freeing_them) {
  Recipe one{{"resolution", {{"height", 32}, {"width", 32}}}, {"fp16", Json::object()}};
  Recipe set{{"resolution", {{"sizes", {{32, 32}, {32, 64}}}}}, {"fp16", Json::object()}};
  free_sets_of_shapes(one);
  free_sets_of_shapes(set);
  free_sets_of_shapes(set);
  EXPECT_THAT(step_texts(one), ElementsAre("32x32", "fp16"));
  EXPECT_THAT(step_texts(set), ElementsAre("32x32+32x64", "fp16", "free-shapes"));
}

}  // namespace
}  // namespace tamis
