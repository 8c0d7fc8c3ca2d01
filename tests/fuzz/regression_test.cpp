#include <gtest/gtest.h>

#include <string>

#include "fuzz/models.h"
#include "fuzz/parsers.h"

namespace tamis::fuzz {
namespace {

constexpr int kInputs = 400;  // per parser; a second or two under sanitizers

class EveryParser : public ::testing::TestWithParam<Parser> {};
INSTANTIATE_TEST_SUITE_P(Fuzz, EveryParser, ::testing::ValuesIn(parsers().begin(), parsers().end()),
                         [](const auto& test) {
                           std::string name(test.param.name);
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

TEST_P(EveryParser, takes_its_seeds) {
  for (const std::string& seed : GetParam().seeds()) EXPECT_NO_THROW(GetParam().take(seed)) << seed;
}

TEST_P(EveryParser, takes_or_refuses_damaged_input) {
  const std::vector<std::string> seeds = GetParam().seeds();
  ASSERT_FALSE(seeds.empty());
  Random random(1);
  for (int i = 0; i < kInputs; ++i) {
    const std::string input = mutate(seeds[below(random, seeds.size())], seeds, random);
    EXPECT_NO_THROW(take_or_refuse(GetParam(), input)) << "input " << i << ":\n" << input;
  }
}

}  // namespace
}  // namespace tamis::fuzz
