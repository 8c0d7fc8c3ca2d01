#include "base/leftovers.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <set>

#include "base/files.h"

namespace tamis {
namespace {

namespace fs = std::filesystem;

class Leftovers : public ::testing::Test {
 protected:
  fs::path file(const std::string& name) const {
    std::ofstream(folder_.path() / name) << "x";
    return folder_.path() / name;
  }
  std::set<std::string> names() const {
    std::set<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder_.path()))
      found.insert(entry.path().filename());
    return found;
  }
  /// Runs it in a process that then dies without cleaning up.
  static pid_t in_killed_process(const std::function<void()>& work) {
    pid_t child = ::fork();
    if (child == 0) {
      work();
      ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
    return child;
  }

  TemporaryFolder folder_{"tamis-test"};
};

TEST_F(Leftovers, of_a_killed_process_are_removed_and_those_of_a_living_one_stay) {
  in_killed_process([&] {
    new TemporaryFolder(folder_.path(), "tamis-judge");
    new TemporaryFolder(folder_.path(), ".partial");
    file(partial_name("run.json").string());
    file(".tamis-write-test-" + owner_mark() + "-abcdef");
  });
  ASSERT_EQ(names().size(), 4U);
  TemporaryFolder mine(folder_.path(), "tamis-judge");
  const std::string own = partial_name("result.json");
  file(own);
  file("model.onnx");
  remove_leftovers(folder_.path());
  EXPECT_EQ(names(), (std::set<std::string>{mine.path().filename(), own, "model.onnx"}));
}

TEST_F(Leftovers, of_a_process_whose_number_another_one_has_now_are_told_by_its_start) {
  const std::string mark = owner_mark();
  std::string before = mark;
  before.replace(mark.find('s') + 1, mark.find('n') - mark.find('s') - 1, "1");
  EXPECT_FALSE(is_left_over(file("run.json.partial-" + mark)));
  EXPECT_TRUE(is_left_over(file("run.json.partial-" + before)));
  EXPECT_TRUE(is_left_over(file("tamis-graph-" + before + "-Ab3dEf")));
}

TEST_F(Leftovers, of_another_namespace_are_left_over_after_a_week_only) {
  const fs::path one = file("run.json.partial-p1s2n3");
  EXPECT_FALSE(is_left_over(one));
  fs::last_write_time(one, fs::file_time_type::clock::now() - std::chrono::hours(24 * 8));
  EXPECT_TRUE(is_left_over(one));
}

TEST_F(Leftovers, of_the_first_version_have_a_number_alone) {
  const pid_t gone = in_killed_process([] {});
  EXPECT_TRUE(is_left_over(file("run.json.partial-" + std::to_string(gone))));
  EXPECT_FALSE(is_left_over(file("run.json.partial-" + std::to_string(::getpid()))));
}

TEST_F(Leftovers, are_no_files_of_other_names_or_links) {
  for (const char* name :
       {"model.onnx", "notes.partial-draft", "x.partial-12x", "tamis-p1s2", "tamis-graph-Ab3dEf",
        "x.partial-99999999999999999999", "other-p1s1n1-x"})
    EXPECT_FALSE(is_left_over(file(name))) << name;
  const pid_t gone = in_killed_process([] {});
  const fs::path link = folder_.path() / ("a.partial-" + std::to_string(gone));
  fs::create_symlink(file("model.onnx"), link);
  EXPECT_FALSE(is_left_over(link));
  EXPECT_FALSE(is_left_over(folder_.path() / "nothing.partial-1"));
}

TEST_F(Leftovers, beside_a_file_go_when_another_process_first_writes_there) {
  const fs::path folder = folder_.path() / "out";
  fs::create_directory(folder);
  in_killed_process([&] { std::ofstream(partial_name(folder / "run.json")) << "half"; });
  save_file(folder / "result.json", std::string_view("{}"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 1);
}

TEST_F(Leftovers, of_long_names_have_names_that_are_possible) {
  const std::string longest(255, 'n');
  save_file(folder_.path() / longest, std::string_view("x"));
  EXPECT_EQ(names(), std::set<std::string>{longest});
}

}  // namespace
}  // namespace tamis
