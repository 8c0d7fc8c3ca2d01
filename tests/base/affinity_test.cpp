#include "base/affinity.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

namespace tamis {
namespace {

using Cpus = std::vector<int>;

TEST(CpuList, reads_what_the_kernel_writes) {
  EXPECT_EQ(parse_cpu_list("0-3,8"), (Cpus{0, 1, 2, 3, 8}));
  EXPECT_EQ(parse_cpu_list("5\n"), (Cpus{5}));
  EXPECT_EQ(parse_cpu_list(""), Cpus{});
  for (const char* bad : {"x", "3-", "3-1", "-1", "1+2"}) EXPECT_EQ(parse_cpu_list(bad), Cpus{});
}

TEST(Affinity, knows_a_cpu_of_each_core_that_may_be_used) {
  ASSERT_FALSE(usable_cpus().empty());
  for (int cpu : performance_cpus())
    EXPECT_NE(std::find(usable_cpus().begin(), usable_cpus().end(), cpu), usable_cpus().end());
}

TEST(Affinity, keeps_a_thread_to_one_cpu) {
  const int cpu = usable_cpus().back();
  std::thread thread([cpu] {
    pin_this_thread(cpu);
    EXPECT_EQ(::sched_getcpu(), cpu);
  });
  thread.join();
}

}  // namespace
}  // namespace tamis
