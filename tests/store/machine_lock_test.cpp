#include "store/machine_lock.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;

class MachineLockTest : public ::testing::Test {
 protected:
  void SetUp() override { ::setenv("TAMIS_LOCK_FILE", (folder_.path() / "lock").c_str(), 1); }
  void TearDown() override { ::unsetenv("TAMIS_LOCK_FILE"); }

  /// A child that holds the lock until it is killed.
  pid_t holder() {
    int ready[2];
    EXPECT_EQ(::pipe(ready), 0);
    pid_t child = ::fork();
    if (child == 0) {
      MachineLock lock = MachineLock::take(false, 0);
      char byte = 'x';
      if (::write(ready[1], &byte, 1) != 1) ::_exit(1);
      for (;;) ::pause();
    }
    char byte = 0;
    EXPECT_EQ(::read(ready[0], &byte, 1), 1);
    return child;
  }

  TemporaryFolder folder_;
};

TEST_F(MachineLockTest, refuses_while_another_process_measures_and_names_it) {
  pid_t child = holder();
  try {
    MachineLock::take(false, 0);
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::unavailable);
    EXPECT_THAT(e.what(), HasSubstr("process " + std::to_string(child) + " (test_store"));
  }
  std::int64_t start = now_ns();
  EXPECT_THROW(MachineLock::take(true, 0.25), Error);
  EXPECT_GE(seconds_since(start), 0.25);
  EXPECT_THROW(MachineLock::take(true, 60, [] { return false; }), Error);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  MachineLock lock = MachineLock::take(false, 0);
}

TEST_F(MachineLockTest, waits_for_the_other_to_end) {
  pid_t child = holder();
  std::jthread killer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    ::kill(child, SIGKILL);
  });
  MachineLock lock = MachineLock::take(true, 30);
  ::waitpid(child, nullptr, 0);
}

TEST_F(MachineLockTest, can_be_taken_by_every_user) {
  ::umask(077);
  { MachineLock lock = MachineLock::take(false, 0); }
  struct stat info {};
  ASSERT_EQ(::stat(MachineLock::file().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0666u);
  ::umask(022);
}

TEST(MachineLock, has_one_file_per_machine) {
  std::string name = MachineLock::file().string();
  EXPECT_TRUE(name == "/run/lock/tamis-measure.lock" || name == "/tmp/tamis-measure.lock") << name;
}

}  // namespace
}  // namespace tamis
