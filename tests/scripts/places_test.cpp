#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <regex>

#include "base/files.h"

namespace tamis {
namespace {

namespace fs = std::filesystem;
using Places = std::vector<std::string>;

/// What docs/add-*.md and CONTRIBUTING.md promise of an addition, by one that was made: everything
/// of the programs that names it is either its own file or one of few places.
struct Addition {
  const char* what;
  const char* names;  ///< a regular expression
  Places own;         ///< its files, below src/
  Places places;      ///< the tables and lists that it is entered in
};

const Addition kAdditions[] = {
    {"a_pass",
     "fuse_conv_bn[.,(]",
     {"passes/fuse_conv_bn.cpp", "passes/fuse_conv_bn.h"},
     {"passes/CMakeLists.txt", "passes/passes.cpp"}},
    {"a_step",
     "step_fp16|apply_fp16",
     {"recipe/step_fp16.cpp"},
     {"recipe/CMakeLists.txt", "recipe/recipe.cpp", "recipe/steps.h"}},
    {"a_subcommand",
     "cmd_cache|make_cache",
     {"cli/cmd_cache.cpp"},
     {"cli/CMakeLists.txt", "cli/command.h", "cli/commands.cpp"}},
    {"a_decoder",
     "\"yolox\"|decoder_yolox|decode_yolox\\b",
     {"vision/decoder_yolox.cpp", "vision/decoder_yolox.h"},
     {"card/card_decoders.cpp", "vision/CMakeLists.txt", "vision/decoders.cpp"}},
};

class EachAddition : public ::testing::TestWithParam<Addition> {};

TEST_P(EachAddition, is_entered_in_as_few_places_as_the_documents_say) {
  const Addition& addition = GetParam();
  const fs::path src = TAMIS_SOURCE_DIR "/src";
  const std::regex names(addition.names);
  Places found, expected = addition.own;
  for (const auto& entry : fs::recursive_directory_iterator(src)) {
    const std::string kind = entry.path().extension().string();
    if (kind != ".cpp" && kind != ".h" && kind != ".txt") continue;
    if (std::regex_search(load_text(entry.path()), names))
      found.push_back(fs::relative(entry.path(), src).string());
  }
  expected.insert(expected.end(), addition.places.begin(), addition.places.end());
  std::sort(found.begin(), found.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(found, expected);
}

/// Vendors' interfaces aside (backends/), and types alone.
TEST(SystemCalls, are_made_in_base_alone) {
  const fs::path src = TAMIS_SOURCE_DIR "/src";
  const std::regex system(
      "#include <(unistd|fcntl|signal|csignal|dlfcn|sched|pthread|poll|termios|spawn|sys/(?!types)"
      "[a-z]+)(\\.h)?>");
  Places found;
  for (const auto& entry : fs::recursive_directory_iterator(src)) {
    const std::string kind = entry.path().extension().string();
    const std::string file = fs::relative(entry.path(), src).string();
    if ((kind != ".cpp" && kind != ".h") || file.starts_with("base/")) continue;
    if (std::regex_search(load_text(entry.path()), system)) found.push_back(file);
  }
  EXPECT_EQ(found, Places());
}

INSTANTIATE_TEST_SUITE_P(Documented, EachAddition, ::testing::ValuesIn(kAdditions),
                         [](const auto& row) { return row.param.what; });

}  // namespace
}  // namespace tamis
