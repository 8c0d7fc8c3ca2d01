#include "base/content.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/error.h"
#include "base/files.h"

namespace tamis {
namespace {

namespace fs = std::filesystem;

class Content : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((folder_.path() / name).parent_path());
    std::ofstream(folder_.path() / name) << text;
  }
  std::string fault() const {
    try {
      check_content(folder_.path());
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::corrupt_data);
      return e.what();
    }
    return "";
  }
  TemporaryFolder folder_{"tamis-test"};
};

TEST_F(Content, is_listed_and_checked_by_bytes_and_hash) {
  write("a", "one");
  write("sub/b", "two");
  const FolderContent kept = save_content(folder_.path());
  EXPECT_EQ(kept.size(), 2U);
  EXPECT_EQ(check_content(folder_.path()), kept);
  write("c", "new files are nobody's business");
  EXPECT_EQ(fault(), "");
  write("a", "onE");
  EXPECT_NE(fault().find("a was changed after it was written"), std::string::npos);
  write("a", "one");
  fs::remove(folder_.path() / "sub/b");
  EXPECT_NE(fault().find("sub/b is missing"), std::string::npos);
  fs::remove(folder_.path() / kContentFile);
  EXPECT_NE(fault().find("list of files is missing"), std::string::npos);
}

TEST_F(Content, that_is_damaged_is_removed_where_another_program_fills_the_folder) {
  write("good.blob", "one");
  write("bad.blob", "two");
  save_content(folder_.path());
  write("bad.blob", "twO");
  write("new.blob", "three");
  remove_damaged(folder_.path());
  EXPECT_TRUE(fs::exists(folder_.path() / "good.blob"));
  EXPECT_FALSE(fs::exists(folder_.path() / "bad.blob"));
  EXPECT_TRUE(fs::exists(folder_.path() / "new.blob"));
  remove_damaged(folder_.path() / "none");
}

}  // namespace
}  // namespace tamis
