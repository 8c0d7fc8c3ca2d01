#include "base/number.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace tamis {
namespace {

TEST(ParseNumber, takes_a_whole_text_that_fits) {
  EXPECT_EQ(parse_number<int>("-12"), -12);
  EXPECT_EQ(parse_number<std::uint64_t>("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(parse_number<double>("2.5e-3"), 2.5e-3);
  for (const char* text : {"", " 1", "1 ", "+1", "1x", "1.5", "0x10", "99999999999"})
    EXPECT_EQ(parse_number<int>(text), std::nullopt) << text;
  EXPECT_EQ(parse_number<std::uint64_t>("-1"), std::nullopt);
}

TEST(ParseNumber, tells_finite_ones_apart) {
  EXPECT_TRUE(parse_number<double>("inf"));
  for (const char* text : {"inf", "-inf", "nan", "1e999"})
    EXPECT_EQ(parse_finite(text), std::nullopt) << text;
  EXPECT_EQ(parse_finite("-0.5"), -0.5);
}

}  // namespace
}  // namespace tamis
