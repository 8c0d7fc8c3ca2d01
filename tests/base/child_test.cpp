#include "base/child.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> shell(const std::string& script) { return {"/bin/sh", "-c", script}; }

/// The state letter of a process in /proc, 0 when it is gone.
char state_of(pid_t pid) {
  try {
    std::string text = load_text("/proc/" + std::to_string(pid) + "/status");
    return text.at(text.find("State:") + 7);
  } catch (const std::exception&) {
    return 0;
  }
}

bool comes_to(pid_t pid, const std::string& states) {
  for (int i = 0; i < 500; ++i, ::usleep(10'000))
    if (states.find(state_of(pid)) != std::string::npos) return true;
  return false;
}

TEST(ChildProcess, tells_how_it_ended) {
  EXPECT_EQ(Child(shell("exit 3")).wait().text(), "exit status 3");
  EXPECT_THAT(Child(shell("kill -SEGV $$")).wait().text(),
              HasSubstr("signal 11 (segmentation fault)"));
  EXPECT_THAT(Child(shell("kill -KILL $$")).wait().text(), HasSubstr("out of memory"));
}

TEST(ChildProcess, that_cannot_be_started_is_unavailable) {
  try {
    Child child({"/nowhere/tamis-worker"});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::unavailable);
    EXPECT_THAT(e.what(), HasSubstr("/nowhere/tamis-worker"));
  }
}

TEST(ChildProcess, has_pipes_and_an_environment) {
  Child child(shell("read line; echo \"$line $TAMIS_WORD\""), {{{"TAMIS_WORD", "heard"}}});
  ASSERT_EQ(::write(child.input(), "said\n", 5), 5);
  char answer[32] = {};
  ASSERT_EQ(::read(child.output(), answer, sizeof answer), 11);
  EXPECT_STREQ(answer, "said heard\n");
}

TEST(ChildProcess, keeps_the_last_words) {
  Child child(shell("i=0; while [ $i -lt 4000 ]; do echo line $i; i=$((i+1)); done >&2"));
  std::string tail;
  while (!child.poll()) tail = child.stderr_tail();
  tail = child.stderr_tail();
  EXPECT_LE(tail.size(), 16384U);
  EXPECT_THAT(tail, ::testing::EndsWith("line 3999\n"));
}

TEST(ChildProcess, stops_and_goes_on) {
  Child child(shell("while :; do :; done"));
  child.pause();
  EXPECT_TRUE(comes_to(child.pid(), "T"));
  child.resume();
  EXPECT_TRUE(comes_to(child.pid(), "RS"));
}

TEST(ChildProcess, is_killed_by_the_destructor_even_when_stopped) {
  pid_t pid = 0;
  {
    Child child(shell("sleep 100"));
    pid = child.pid();
    child.pause();
  }
  EXPECT_EQ(state_of(pid), 0);
}

TEST(ChildProcess, dies_with_its_parent) {
  TemporaryFolder folder("tamis-test");
  std::filesystem::path note = folder.path() / "pid";
  pid_t parent = ::fork();
  if (parent == 0) {
    Child child(shell("sleep 100"));
    save_file(note, std::string_view(std::to_string(child.pid())));
    ::pause();
  }
  while (!std::filesystem::exists(note)) ::usleep(1000);
  pid_t child = std::stoi(load_text(note));
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  EXPECT_TRUE(comes_to(child, std::string("Z\0", 2)));
}

}  // namespace
}  // namespace tamis
