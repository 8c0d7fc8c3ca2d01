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

TEST(Recipe, knows_what_needs_pictures) {
  EXPECT_FALSE(uses_calibration({{"simplify", Json::object()}}));
  EXPECT_TRUE(uses_calibration(int8("ort")));
}

TEST(Recipe, forms_of_matrix_products_need_no_pictures_and_name_an_unusual_block) {
  const Recipe recipe{{"int8-dynamic", Json::object()},
                      {"int4-weights", Json::object()},
                      {"int8-weights", {{"block", 128}}}};
  EXPECT_FALSE(uses_calibration(recipe));
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
  Recipe plain{{"simplify", Json::object()}};
  std::vector<std::string> pictures{"p1", "p2"}, others{"p1", "p3"}, runtimes{"ort 1"};
  std::set<std::string> keys{
      artefact_key("m", card, int8("ort"), pictures, runtimes),
      artefact_key("n", card, int8("ort"), pictures, runtimes),
      artefact_key("m", sized, int8("ort"), pictures, runtimes),
      artefact_key("m", card, int8("portable"), pictures, runtimes),
      artefact_key("m", card, int8("ort"), others, runtimes),
      artefact_key("m", card, int8("ort"), pictures, {"ort 2"}),
      artefact_key("m", card, plain, pictures, runtimes),
  };
  EXPECT_EQ(keys.size(), 7U);
  EXPECT_EQ(artefact_key("m", card, int8("ort"), pictures, runtimes),
            artefact_key("m", card, int8("ort"), pictures, runtimes));
  EXPECT_EQ(artefact_key("m", card, plain, pictures, runtimes),
            artefact_key("m", card, plain, others, runtimes));
}

}  // namespace
}  // namespace tamis
