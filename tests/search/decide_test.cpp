#include "search/decide.h"

#include <gtest/gtest.h>

#include <set>

namespace tamis {
namespace {

using Pairs = std::set<std::pair<std::string, std::string>>;

/// Chooses where exactly these pairs (better, worse) are established.
FinalChoice chosen(std::vector<Finalist> finalists, const Pairs& established = {}) {
  return choose(std::move(finalists), [&](const std::string& a, const std::string& b) {
    return established.count({a, b}) != 0;
  });
}

TEST(Choose, takes_the_only_one) {
  FinalChoice choice = chosen({{"v05", 2, 4}});
  EXPECT_EQ(choice.id, "v05");
  EXPECT_EQ(choice.why, (Reason{ReasonKind::fastest, {}, {}}));
}

TEST(Choose, takes_the_one_that_is_established_as_more_accurate_than_all) {
  FinalChoice choice =
      chosen({{"v01", 0, 0}, {"v02", 1, 1}, {"v09", 2, 8}}, {{"v09", "v01"}, {"v09", "v02"}});
  EXPECT_EQ(choice.id, "v09");
  EXPECT_EQ(choice.why, (Reason{ReasonKind::most_accurate, 3, {}}));
}

TEST(Choose, more_accurate_than_some_is_not_enough) {
  FinalChoice choice = chosen({{"v01", 0, 0}, {"v02", 1, 1}, {"v09", 2, 8}}, {{"v09", "v02"}});
  EXPECT_EQ(choice.id, "v01");
  EXPECT_EQ(choice.why, (Reason{ReasonKind::fewest_steps, 3, {}}));
}

TEST(Choose, takes_the_first_of_the_plan_among_equally_long_recipes) {
  FinalChoice choice = chosen({{"v07", 2, 6}, {"v04", 2, 3}, {"v12", 2, 11}});
  EXPECT_EQ(choice.id, "v04");
  EXPECT_EQ(choice.why, (Reason{ReasonKind::defaults, 3, {}}));
}

TEST(Choose, does_not_hang_on_the_order_of_the_finalists) {
  std::vector<Finalist> finalists{{"v01", 0, 0}, {"v02", 1, 1}, {"v03", 1, 2}, {"v04", 0, 3}};
  std::set<std::string> ids;
  std::vector<std::size_t> order{0, 1, 2, 3};
  do {
    std::vector<Finalist> mixed;
    for (std::size_t i : order) mixed.push_back(finalists[i]);
    ids.insert(chosen(mixed, {{"v03", "v01"}}).id);
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(ids, std::set<std::string>{"v01"});
}

}  // namespace
}  // namespace tamis
