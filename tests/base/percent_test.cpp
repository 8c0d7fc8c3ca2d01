#include "base/percent.h"

#include <gtest/gtest.h>

namespace tamis {
namespace {

TEST(Percent, never_reads_as_nothing_or_all_where_it_is_neither) {
  struct Case {
    double share;
    int decimals;
    const char* text;
  };
  for (const Case& c : {Case{0.93, 0, "93 %"},
                        {0.999, 0, "99.9 %"},
                        {0.99999, 0, "99.999 %"},
                        {0.9999, 2, "99.99 %"},
                        {0.99996, 2, "99.996 %"},
                        {1, 0, "100 %"},
                        {1, 2, "100.00 %"},
                        {0, 0, "0 %"},
                        {0.004, 0, "0.4 %"},
                        {-0.00001, 2, "-0.001 %"},
                        {1.004, 0, "100.4 %"},
                        {0.29, 2, "29.00 %"},
                        {0.5, 1, "50.0 %"},
                        {1e-10, 0, "< 0.000001 %"},
                        {1 - 1e-10, 0, "> 99.999999 %"}})
    EXPECT_EQ(percent_of(c.share, c.decimals), c.text) << c.share;
}

TEST(Percent, that_somebody_chose_has_the_digits_that_say_it) {
  EXPECT_EQ(exact_percent(0.95), "95 %");
  EXPECT_EQ(exact_percent(0.975), "97.5 %");
  EXPECT_EQ(exact_percent(0.999), "99.9 %");
  EXPECT_EQ(exact_percent(0.99999), "99.999 %");
  EXPECT_EQ(exact_percent(0.5), "50 %");
  EXPECT_EQ(exact_percent(1), "100 %");
}

}  // namespace
}  // namespace tamis
