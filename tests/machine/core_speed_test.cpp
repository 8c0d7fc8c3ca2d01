#include "machine/core_speed.h"

#include <gtest/gtest.h>

#include <vector>

namespace tamis {
namespace {

TEST(CoreSpeed, is_the_mean_over_the_cores_against_the_fastest_seen) {
  std::vector<double> ns{20, 20};
  CoreSpeed speed([&](CoreSpeed::How) { return ns; });
  EXPECT_DOUBLE_EQ(speed.slowdown(), 1);
  ns[1] = 40;
  EXPECT_DOUBLE_EQ(speed.slowdown(), 1.5);
  ns = {10, 20};  // faster than ever: what went before was disturbed
  EXPECT_DOUBLE_EQ(speed.slowdown(), 1.5);
  ns[1] = 10;
  EXPECT_DOUBLE_EQ(speed.slowdown(), 1);
}

TEST(CoreSpeed, is_known_where_two_cpus_share_a_core_from_the_first_look_on) {
  CoreSpeed speed([](CoreSpeed::How how) {
    const double ns = how == CoreSpeed::How::alone ? 19 : 33.25;
    return std::vector<double>{ns, ns};
  });
  EXPECT_DOUBLE_EQ(speed.slowdown(), 1.75);
}

TEST(CoreSpeed, of_no_core_is_ordinary) {
  CoreSpeed speed([](CoreSpeed::How) { return std::vector<double>(); });
  EXPECT_EQ(speed.slowdown(), 1);
}

TEST(CoreSpeed, of_this_machine_is_told) {
  CoreSpeed speed;
  const double slowdown = speed.slowdown();
  EXPECT_GE(slowdown, 1);
  EXPECT_LT(slowdown, 1000);
}

TEST(HiddenNeighbours, are_possible_in_virtual_machines_alone) {
  Fingerprint fingerprint;
  EXPECT_FALSE(may_have_hidden_neighbours(fingerprint));
  fingerprint.container = "docker";
  EXPECT_FALSE(may_have_hidden_neighbours(fingerprint));
  fingerprint.container = "docker, vm: KVM";
  EXPECT_TRUE(may_have_hidden_neighbours(fingerprint));
}

TEST(HiddenNeighbours, are_said_with_their_share) {
  EXPECT_TRUE(hidden_neighbour_warning(0).empty());
  ASSERT_EQ(hidden_neighbour_warning(0.24).size(), 1U);
  EXPECT_NE(hidden_neighbour_warning(0.24)[0].text.find("24 % of the visits"), std::string::npos);
}

}  // namespace
}  // namespace tamis
