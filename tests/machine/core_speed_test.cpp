#include "machine/core_speed.h"

#include <gtest/gtest.h>

#include <vector>

namespace tamis {
namespace {

TEST(CoreSpeed, is_full_up_to_a_tenth_more_than_the_fastest_seen) {
  std::vector<double> ns{20, 20};
  CoreSpeed speed([&](CoreSpeed::How) { return ns; });
  EXPECT_TRUE(speed.full_speed());
  ns = {20, 23};
  EXPECT_TRUE(speed.full_speed());
  ns = {20, 25};
  EXPECT_FALSE(speed.full_speed());
  ns = {10, 20};  // faster than ever: what went before was slowed
  EXPECT_FALSE(speed.full_speed());
  ns = {10, 10};
  EXPECT_TRUE(speed.full_speed());
}

TEST(CoreSpeed, of_two_cpus_that_share_a_core_from_the_first_look_on_is_not_full) {
  bool share = true;
  CoreSpeed speed([&](CoreSpeed::How how) {
    const double ns = share && how == CoreSpeed::How::together ? 33 : 19;
    return std::vector<double>{ns, ns};
  });
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(speed.full_speed());
  share = false;
  EXPECT_TRUE(speed.full_speed());
  share = true;
  for (int i = 0; i < 5000; ++i) EXPECT_FALSE(speed.full_speed());
}

TEST(CoreSpeed, of_cores_that_are_never_as_fast_together_as_alone_is_in_the_end_what_they_can_do) {
  CoreSpeed speed([](CoreSpeed::How how) {
    const double ns = how == CoreSpeed::How::together ? 33 : 19;
    return std::vector<double>{ns, ns};
  });
  for (int i = 0; i < 2000; ++i) EXPECT_FALSE(speed.full_speed());
  EXPECT_TRUE(speed.full_speed());
}

TEST(CoreSpeed, of_this_machine_can_be_looked_at) {
  const auto speed = core_speed_of_this_machine();
  if (speed) speed->full_speed();
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
