#include "base/lock_file.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/error.h"
#include "base/files.h"

namespace tamis {
namespace {

namespace fs = std::filesystem;
using Mode = LockFile::Mode;

class LockFiles : public ::testing::Test {
 protected:
  const TemporaryFolder folder_;
  const fs::path file_ = folder_.path() / "lock";
};

TEST_F(LockFiles, are_shared_by_many_or_held_by_one) {
  auto first = std::make_unique<LockFile>(file_, LockUsers::own);
  auto second = std::make_unique<LockFile>(file_, LockUsers::own);
  LockFile third(file_, LockUsers::own);
  EXPECT_TRUE(first->lock(Mode::shared));
  EXPECT_TRUE(second->try_lock(Mode::shared));
  EXPECT_FALSE(third.try_lock(Mode::exclusive));
  first.reset();
  EXPECT_FALSE(third.try_lock(Mode::exclusive));
  second.reset();
  EXPECT_TRUE(third.try_lock(Mode::exclusive));
}

TEST_F(LockFiles, of_all_users_follow_no_link) {
  fs::create_symlink(folder_.path() / "elsewhere", file_);
  try {
    LockFile lock(file_, LockUsers::all);
    FAIL() << "the link was followed";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::io);
    EXPECT_EQ(std::string(e.what()).rfind("lock " + file_.string() + ": ", 0), 0U) << e.what();
  }
  EXPECT_FALSE(fs::exists(folder_.path() / "elsewhere"));
  EXPECT_FALSE(overwrite_in_place(file_, "text"));
}

TEST_F(LockFiles, queue_first_come_first_served) {
  LockQueue first(file_);
  auto second = std::make_unique<LockQueue>(file_);
  LockQueue third(file_);
  EXPECT_EQ(first.before(), 0);
  EXPECT_EQ(second->before(), 1);
  EXPECT_EQ(third.before(), 2);
  second.reset();
  EXPECT_EQ(third.before(), 1);
}

TEST_F(LockFiles, keep_their_identity_when_overwritten) {
  const LockFile lock(file_, LockUsers::all);
  EXPECT_TRUE(overwrite_in_place(file_, "a longer text"));
  EXPECT_TRUE(overwrite_in_place(file_, "short"));
  EXPECT_EQ(load_text(file_), "short");
  LockFile other(file_, LockUsers::all);
  EXPECT_TRUE(other.try_lock(Mode::exclusive));
}

}  // namespace
}  // namespace tamis
