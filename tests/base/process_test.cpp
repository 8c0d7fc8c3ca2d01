#include "base/process.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace tamis {
namespace {

TEST(Process, tells_a_crash_from_a_request_to_end) {
  EXPECT_TRUE(is_crash(SIGSEGV));
  EXPECT_FALSE(is_request_to_end(SIGSEGV));
  EXPECT_TRUE(is_request_to_end(SIGTERM));
  EXPECT_FALSE(is_crash(SIGKILL));
  EXPECT_FALSE(is_request_to_end(SIGKILL));
}

TEST(Process, knows_itself) {
  EXPECT_GT(process_id(), 1);
  EXPECT_EQ(process_command().rfind("test_base", 0), 0U) << process_command();
  EXPECT_FALSE(kernel_architecture().empty());
  EXPECT_GE(clock_ticks_per_second(), 1);
  const double before = process_cpu_s();
  double sum = 0;
  for (int i = 1; i < 1'000'000; ++i) sum += 1.0 / i;
  EXPECT_GT(sum, 1);
  EXPECT_GT(process_cpu_s(), before);
}

}  // namespace
}  // namespace tamis
