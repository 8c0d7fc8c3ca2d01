#include "recipe/weight_bits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "recipe/parent_check.h"

namespace tamis {
namespace {

Fingerprint machine(const std::string& architecture, const std::vector<std::string>& isa) {
  Fingerprint fingerprint;
  fingerprint.architecture = architecture;
  fingerprint.isa = isa;
  return fingerprint;
}

TEST(WeightBits, are_seven_where_products_saturate_and_say_why) {
  const WeightChoice choice = choose_weight_bits("auto", machine("x86_64", {"avx2", "avx512f"}));
  EXPECT_EQ(choice.bits, 7);
  EXPECT_THAT(choice.text, ::testing::HasSubstr("no VNNI"));
}

TEST(WeightBits, are_eight_with_vnni_and_on_other_architectures) {
  for (const char* isa : {"avx512_vnni", "avx_vnni", "amx_int8"})
    EXPECT_EQ(choose_weight_bits("auto", machine("x86_64", {"avx2", isa})).bits, 8) << isa;
  EXPECT_EQ(choose_weight_bits("auto", machine("aarch64", {"asimddp"})).bits, 8);
}

TEST(WeightBits, are_what_is_asked_for_whatever_the_machine) {
  EXPECT_EQ(choose_weight_bits("8", machine("x86_64", {"avx2"})).bits, 8);
  EXPECT_EQ(choose_weight_bits("7", machine("x86_64", {"avx512_vnni"})).bits, 7);
  EXPECT_THROW(choose_weight_bits("6", machine("x86_64", {})), Error);
}

TEST(ChanceOfAtLeast, is_the_binomial_tail) {
  EXPECT_NEAR(chance_of_at_least(0, 10, 0.1), 1, 1e-12);
  // By hand: 1 - .9^10, and .1^2.
  EXPECT_NEAR(chance_of_at_least(1, 10, 0.1), 0.6513215599, 1e-9);
  EXPECT_NEAR(chance_of_at_least(2, 2, 0.1), 0.01, 1e-12);
}

}  // namespace
}  // namespace tamis
