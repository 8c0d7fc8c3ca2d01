#include "place/machine_lock.h"

#include <gmock/gmock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/log.h"

namespace tamis {
namespace {

namespace fs = std::filesystem;
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
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
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
    EXPECT_THAT(e.what(), HasSubstr("process " + std::to_string(child) + " (test_place_lock"));
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
  std::atomic<bool> ended = false;
  std::jthread killer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    ended = true;
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  });
  MachineLock lock = MachineLock::take(true, 30);
  EXPECT_TRUE(ended) << "taken while the other had it";
}

TEST_F(MachineLockTest, is_given_in_the_order_of_asking) {
  pid_t first = holder();
  const fs::path order = folder_.path() / "order";
  constexpr int kWaiting = 5, kKilled = 2;
  std::vector<pid_t> waiting;
  for (int i = 0; i < kWaiting; ++i) {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    pid_t child = ::fork();
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      bool said = false;
      MachineLock lock = MachineLock::take(true, 600, [&] {
        if (!std::exchange(said, true) && ::write(ready[1], "x", 1) != 1) ::_exit(1);
        return true;
      });
      std::ofstream(order, std::ios::app) << i;
      ::_exit(0);
    }
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    waiting.push_back(child);
  }
  ::kill(waiting[kKilled], SIGKILL);
  ::waitpid(waiting[kKilled], nullptr, 0);
  ::kill(first, SIGKILL);
  ::waitpid(first, nullptr, 0);
  for (int i = 0; i < kWaiting; ++i)
    if (i != kKilled) ::waitpid(waiting[static_cast<std::size_t>(i)], nullptr, 0);
  EXPECT_EQ(load_text(order), "0134");
}

TEST_F(MachineLockTest, says_who_holds_it_and_how_many_came_before) {
  std::vector<std::string> said;
  set_log_sink([&](Severity, const std::string& text) { said.push_back(text); });
  pid_t first = holder();
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  pid_t second = ::fork();
  if (second == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    MachineLock lock = MachineLock::take(true, 600, [&] { return ::write(ready[1], "x", 1) == 1; });
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  int asked = 0;
  try {
    MachineLock::take(true, 600, [&] {
      if (++asked == 2) ::kill(second, SIGKILL), ::waitpid(second, nullptr, 0);
      return asked < 4;
    });
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("process " + std::to_string(first)));
  }
  set_log_sink(nullptr);
  ASSERT_EQ(said.size(), 2U);
  EXPECT_THAT(said[0], HasSubstr("(process " + std::to_string(first) + " (test_place_lock"));
  EXPECT_THAT(said[0], HasSubstr("; 1 started before this one"));
  EXPECT_THAT(said[1], ::testing::Not(HasSubstr("came before")));
  ::kill(first, SIGKILL);
  ::waitpid(first, nullptr, 0);
}

TEST_F(MachineLockTest, is_refused_at_once_where_others_wait) {
  pid_t first = holder();
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  pid_t second = ::fork();
  if (second == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    MachineLock lock = MachineLock::take(true, 600, [&] { return ::write(ready[1], "x", 1) == 1; });
    for (;;) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  try {
    MachineLock::take(false, 0);
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("1 waiting for it"));
  }
  for (pid_t child : {first, second}) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  MachineLock lock = MachineLock::take(false, 0);
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
