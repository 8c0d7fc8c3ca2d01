#include "base/memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/child.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TAMIS_OTHER_ALLOCATOR 1
#endif

namespace tamis {
namespace {

/// Bytes of this process that are in memory.
std::size_t resident() {
  std::size_t size = 0, pages = 0;
  std::ifstream("/proc/self/statm") >> size >> pages;
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

TEST(ReturnFreeMemory, gives_back_what_lies_between_used_blocks) {
#if !defined(__GLIBC__) || defined(TAMIS_OTHER_ALLOCATOR)
  GTEST_SKIP() << "the allocator is not glibc's";
#endif
  constexpr std::size_t kBlock = 1 << 16, kBlocks = 1024;
  std::vector<std::unique_ptr<char[]>> blocks(kBlocks);
  for (auto& block : blocks) {
    block = std::make_unique_for_overwrite<char[]>(kBlock);
    std::memset(block.get(), 1, kBlock);
  }
  for (std::size_t i = 0; i + 1 < kBlocks; ++i)
    if (i % 8 != 0) blocks[i].reset();
  const std::size_t before = resident();
  return_free_memory();
  EXPECT_LT(resident() + kBlock * kBlocks / 2, before);
}

TEST(SpareMemory, is_less_than_what_the_machine_has) {
  EXPECT_LT(spare_memory_bytes(), static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                                      static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)));
}

TEST(OwnMemory, grows_with_what_is_written_and_is_absent_for_no_process) {
  const std::uint64_t before = own_memory_bytes(::getpid()).value();
  constexpr std::size_t kBlock = 32 << 20;
  const auto block = std::make_unique<char[]>(kBlock);
  EXPECT_GT(own_memory_bytes(::getpid()).value() + (kBlock >> 2), before + kBlock);
  EXPECT_EQ(block[kBlock - 1], 0);
  EXPECT_EQ(own_memory_bytes(0x7fffffff), std::nullopt);
}

TEST(MemoryLimit, is_passed_by_a_process_that_takes_more_and_says_what_to_do) {
  const std::string greedy = "BEGIN { s = \"x\"; while (length(s) < 2e8) s = s s; while (1) {} }";
  Child child({"/usr/bin/awk", greedy});
  ::setenv("TAMIS_WORKER_MEMORY", "100MB", 1);
  const MemoryLimit limit(child.pid());
  ::unsetenv("TAMIS_WORKER_MEMORY");
  std::optional<std::string> why;
  for (int i = 0; i < 2000 && !why && !child.poll(); ++i) {
    why = limit.exceeded();
    ::usleep(10'000);
  }
  ASSERT_TRUE(why);
  EXPECT_THAT(*why, ::testing::HasSubstr("needed more than 100 MB of memory, which is what this "
                                         "machine can spare; use a smaller model"));
}

}  // namespace
}  // namespace tamis
