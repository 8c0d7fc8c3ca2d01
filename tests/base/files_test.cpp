#include "base/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "base/error.h"

namespace tamis {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Files : public ::testing::Test {
 protected:
  fs::path file(const std::string& name) const { return folder_.path() / name; }
  std::size_t count() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()));
  }
  TemporaryFolder folder_{"tamis-test"};
};

TEST_F(Files, saving_replaces_and_leaves_nothing_else) {
  save_file(file("a"), std::string_view("one"));
  save_file(file("a"), std::string_view("two"));
  EXPECT_EQ(load_text(file("a")), "two");
  EXPECT_EQ(count(), 1U);
}

TEST_F(Files, a_failed_save_names_the_file_and_leaves_nothing) {
  try {
    save_file(file("none/a"), std::string_view("x"));
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::io);
    EXPECT_THAT(e.what(), HasSubstr("none/a"));
  }
  fs::create_directories(file("folder/inside"));  // a rename onto it fails
  EXPECT_THROW(save_file(file("folder"), std::string_view("x")), Error);
  EXPECT_EQ(count(), 1U);
}

TEST_F(Files, a_reader_never_sees_half_of_a_file_that_is_replaced_and_killed) {
  const std::string even(300'000, 'e'), odd(400'000, 'o');
  save_file(file("a"), std::string_view(even));
  for (int turn = 0; turn < 5; ++turn) {
    pid_t writer = ::fork();
    if (writer == 0)
      for (int i = 0;; ++i) save_file(file("a"), std::string_view(i % 2 == 0 ? odd : even));
    for (int i = 0; i < 40; ++i) {
      std::string seen = load_text(file("a"));
      EXPECT_TRUE(seen == even || seen == odd) << seen.size();
    }
    ::kill(writer, SIGKILL);
    ::waitpid(writer, nullptr, 0);
  }
}

TEST_F(Files, loading_tells_missing_from_folder) {
  try {
    load_text(file("none"));
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::not_found);
  }
  try {
    load_text(folder_.path());
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::invalid_argument);
    EXPECT_THAT(e.what(), HasSubstr("is a folder"));
  }
}

TEST_F(Files, loading_reads_files_that_do_not_tell_their_size) {
  EXPECT_THAT(load_text("/proc/self/status"), HasSubstr("Pid:"));
}

TEST_F(Files, a_writable_folder_is_made_with_its_parents_and_left_empty) {
  make_writable_folder(file("a/b/c"));
  EXPECT_TRUE(fs::is_empty(file("a/b/c")));
  save_file(file("plain"), std::string_view("x"));
  for (const char* bad : {"plain", "plain/under"}) try {
      make_writable_folder(file(bad));
      FAIL();
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::io);
      EXPECT_THAT(e.what(), HasSubstr("choose another folder"));
    }
}

TEST_F(Files, a_temporary_folder_goes_with_its_object) {
  fs::path path;
  {
    TemporaryFolder folder(folder_.path(), "inner");
    path = folder.path();
    fs::create_directories(path / "deep/er");
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(Files, a_lock_has_one_holder_and_dies_with_it) {
  pid_t holder = ::fork();
  if (holder == 0) {
    auto lock = FileLock::try_take(file("lock"));
    save_file(file("held"), std::string_view("x"));
    ::pause();
  }
  while (!fs::exists(file("held"))) ::usleep(1000);
  EXPECT_FALSE(FileLock::try_take(file("lock")).has_value());
  EXPECT_EQ(FileLock::holder(file("lock")), "process " + std::to_string(holder));
  ::kill(holder, SIGKILL);
  ::waitpid(holder, nullptr, 0);
  EXPECT_TRUE(FileLock::try_take(file("lock")).has_value());
}

}  // namespace
}  // namespace tamis
