#include <gmock/gmock.h>

#include "base/files.h"
#include "support/program.h"

namespace tamis::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// ctest's JUnit file of one test that passed and one that was skipped for this reason.
Ended list_skipped(const std::string& reason) {
  TemporaryFolder folder("tamis-test");
  const std::string file = (folder.path() / "junit.xml").string();
  save_file(file, R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="x" tests="2" failures="0" disabled="0" skipped="1">
  <testcase name="a.Suite.passes" status="run"><system-out>[ RUN      ] Suite.passes</system-out></testcase>
  <testcase name="a.Suite.is_skipped" status="notrun">
    <skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/>
    <system-out>[ RUN      ] Suite.is_skipped
/some/where/suite_test.cpp:33: Skipped
)" + reason + R"(

[  SKIPPED ] Suite.is_skipped (0 ms)
</system-out>
  </testcase>
</testsuite>
)");
  return run_program(TAMIS_PYTHON, {TAMIS_SOURCE_DIR "/scripts/skipped_tests.py", file});
}

TEST(SkippedTests, are_named_with_their_reason) {
  const Ended ended = list_skipped("the folder with real models\nis not here");
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(ended.out, "skipped: a.Suite.is_skipped: the folder with real models is not here\n");
}

TEST(SkippedTests, for_want_of_a_runtime_that_was_installed_are_a_failure) {
  const Ended ended = list_skipped("runtime missing: ort: library_found: no libonnxruntime.so");
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.out, HasSubstr("a.Suite.is_skipped: runtime missing: ort"));
  EXPECT_THAT(ended.out, HasSubstr("1 tests could not use a runtime"));
  EXPECT_THAT(ended.out, Not(HasSubstr("Suite.passes")));
}

}  // namespace
}  // namespace tamis::testing
