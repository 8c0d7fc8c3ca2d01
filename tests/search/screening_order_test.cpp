#include "search/screening_order.h"

#include <gmock/gmock.h>

#include "grid/runtimes.h"

namespace tamis {
namespace {

using ::testing::ElementsAre;

Variant variant(const Recipe& recipe, const std::string& backend, int threads = 2) {
  Variant v;
  v.recipe = recipe;
  v.settings.backend = backend;
  v.settings.threads = threads;
  return v;
}

TEST(ScreeningOrder, takes_the_baseline_first_and_then_what_usually_wins) {
  const Step half{"resolution", {{"height", 480}, {"width", 640}}};
  const Step int8{"int8-static", Json::object()};
  const std::vector<Variant> variants{variant({}, "ort"), variant({{"simplify", {}}}, "ort"),
                                      variant({int8}, "ort"), variant({half, int8}, "openvino"),
                                      variant({int8}, "ort", 1)};
  EXPECT_THAT(screening_order(variants, testing::two_runtimes().place, {640, 640}),
              ElementsAre(0, 3, 2, 4, 1));
}

TEST(ScreeningOrder, takes_a_set_of_shapes_at_its_mean_area) {
  Json sizes = Json::array({Json{480, 640}, Json{640, 480}});
  const Variant set = variant({{"resolution", {{"sizes", sizes}}}}, "ort");
  EXPECT_DOUBLE_EQ(expected_relative_time(set, testing::two_runtimes().place, {640, 640}), 0.375);
}

}  // namespace
}  // namespace tamis
