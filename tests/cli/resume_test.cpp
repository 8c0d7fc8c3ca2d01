#include <sqlite3.h>
#include <sys/mount.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>

#include "base/clock.h"
#include "cli/search.h"

namespace tamis::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

void sleep_s(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

/// One value of a store, read without Tamis.
std::string query(const fs::path& store, const char* sql) {
  sqlite3* handle = nullptr;
  std::string found;
  auto keep = [](void* to, int, char** values, char**) {
    *static_cast<std::string*>(to) = values[0] == nullptr ? "" : values[0];
    return 0;
  };
  if (sqlite3_open(store.c_str(), &handle) == SQLITE_OK)
    sqlite3_exec(handle, sql, keep, &found, nullptr);
  sqlite3_close(handle);
  return found;
}

long rows(const fs::path& store) {
  std::string text = query(store, "select count(*) from record where kind = 'measurement'");
  return text.empty() ? 0 : std::stol(text);
}

class Resume : public Search {
 protected:
  /// Two that are hard to tell apart, so that there is a race.
  std::string levels() const override { return "all,disable"; }

  /// Runs until then and kills it with all its workers' parent gone.
  void kill_after(const std::string& out, double seconds) const {
    Program running(program(), arguments(out), environment());
    sleep_s(seconds);
    running.signal(SIGKILL);
    running.wait();
  }

  static std::vector<std::string> plan_of(const Json& result) {
    std::vector<std::string> names;
    for (const Json& v : result.at("variants")) names.push_back(v.at("name"));
    return names;
  }
};

TEST_F(Resume, killed_at_any_instant_it_goes_on_and_loses_nothing) {
  std::int64_t start = now_ns();
  ASSERT_EQ(optimize("whole").status, 0);
  double whole_s = seconds_since(start);
  std::mt19937 random(std::random_device{}());
  long kept = 0;
  for (int kill = 0; kill < 6; ++kill) {
    double at = whole_s * std::uniform_real_distribution<>(0.1, 0.9)(random);
    SCOPED_TRACE("killed after " + std::to_string(at) + " s");
    kill_after("out", at);
    if (!fs::exists(path("out/tamis.db"))) continue;
    EXPECT_EQ(query(path("out/tamis.db"), "pragma integrity_check"), "ok");
    long now = rows(path("out/tamis.db"));
    EXPECT_GE(now, kept);
    kept = now;
  }
  Ended ended = optimize("out");
  ASSERT_EQ(ended.status, 0) << ended.err;
  EXPECT_GE(rows(path("out/tamis.db")), kept);
  Json result = document("out/result.json"), whole = document("whole/result.json");
  EXPECT_EQ(plan_of(result), plan_of(whole));
  EXPECT_EQ(result.at("status"), "met");
  EXPECT_EQ(result.at("counts").at("failed"), 0);
  for (const auto& entry : fs::recursive_directory_iterator(path("cache")))
    EXPECT_THAT(entry.path().string(), Not(HasSubstr(".partial-")));
}

/// A few; bench/kills.py --kills 1000 is the figure.
TEST_F(Resume, after_any_signal_to_any_process_gives_what_an_undisturbed_run_gives) {
  const std::string seed = std::to_string(std::random_device{}());
  Ended ended = run_program(
      TAMIS_PYTHON, {TAMIS_SOURCE_DIR "/bench/kills.py", "--kills", "6", "--chain", "3",
                     "--precision", "fp32,int8-static", "--seed", seed, "--tamis", program()});
  EXPECT_EQ(ended.status, 0) << ended.out << ended.err;
}

TEST_F(Resume, no_worker_outlives_a_killed_run) {
  Program running(program(), arguments("out"), environment());
  auto workers = [&] {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      std::error_code error;
      fs::path program = fs::read_symlink(entry.path() / "exe", error);
      if (error || program.filename() != "tamis-worker") continue;
      // PPid is the fourth field after the parenthesised name.
      std::ifstream in(entry.path() / "stat");
      std::string text((std::istreambuf_iterator<char>(in)), {});
      std::istringstream rest(text.substr(std::min(text.rfind(')') + 1, text.size())));
      std::string state;
      long parent = 0;
      rest >> state >> parent;
      if (parent == running.pid()) found.push_back(entry.path().string());
    }
    return found;
  };
  std::vector<std::string> seen;
  for (int i = 0; i < 200 && seen.size() < 2; ++i) {
    sleep_s(0.01);
    seen = workers();
  }
  running.signal(SIGKILL);
  running.wait();
  ASSERT_FALSE(seen.empty());
  sleep_s(0.3);
  for (const std::string& worker : seen) {
    std::error_code gone;
    EXPECT_NE(fs::read_symlink(worker + "/exe", gone).filename(), "tamis-worker") << worker;
  }
}

TEST_F(Resume, ctrl_c_ends_with_what_is_known_and_the_same_command_goes_on) {
  Program running(program(), arguments("out"), environment());
  for (int i = 0; i < 500 && running.said().find("screening") == std::string::npos; ++i)
    sleep_s(0.01);
  sleep_s(0.3);
  running.signal(SIGINT);
  Ended stopped = running.wait();
  EXPECT_EQ(stopped.status, 130) << stopped.err;
  EXPECT_THAT(stopped.err, HasSubstr("the same command continues from here"));
  EXPECT_EQ(parse_json(stopped.out, "stdout").at("status"), "interrupted");
  Ended ended = optimize("out");
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(parse_json(ended.out, "stdout").at("status"), "met");
}

TEST_F(Resume, two_processes_on_one_folder_both_end_well) {
  Program one(program(), arguments("out"), environment());
  Program two(program(), arguments("out"), environment());
  Ended first = one.wait(), second = two.wait();
  EXPECT_EQ(first.status, 0) << first.err;
  EXPECT_EQ(second.status, 0) << second.err;
  EXPECT_EQ(parse_json(first.out, "stdout").at("pick").at("id"),
            parse_json(second.out, "stdout").at("pick").at("id"));
  EXPECT_EQ(query(path("out/tamis.db"), "pragma integrity_check"), "ok");
}

TEST_F(Resume, a_store_of_a_newer_version_is_refused_and_left_alone) {
  ASSERT_EQ(optimize("out").status, 0);
  query(path("out/tamis.db"), "pragma user_version = 99");
  long before = rows(path("out/tamis.db"));
  std::string text = refusal(arguments("out"), 5);
  EXPECT_THAT(text, HasSubstr("tamis.db"));
  EXPECT_THAT(text, HasSubstr("99"));
  EXPECT_EQ(rows(path("out/tamis.db")), before);
  EXPECT_EQ(query(path("out/tamis.db"), "pragma user_version"), "99");
}

TEST_F(Resume, a_store_that_is_none_is_refused_and_left_alone) {
  fs::create_directories(path("out"));
  save_file(path("out/tamis.db"), std::string_view(std::string(5000, 'x')));
  EXPECT_THAT(refusal(arguments("out"), 4), HasSubstr("is not a store"));
  EXPECT_EQ(load_text(path("out/tamis.db")), std::string(5000, 'x'));
}

class FullDisk : public Resume {
 protected:
  void SetUp() override {
    Resume::SetUp();
    if (IsSkipped()) return;
    fs::create_directories(path("small"));
    mounted_ = ::mount("tmpfs", path("small").c_str(), "tmpfs", 0, "size=400k") == 0;
    if (!mounted_) GTEST_SKIP() << "cannot mount a small tmpfs here: " << std::strerror(errno);
  }
  void TearDown() override {
    if (mounted_) ::umount(path("small").c_str());
  }
  bool mounted_ = false;
};

TEST_F(FullDisk, is_said_in_one_line_and_more_room_lets_it_go_on) {
  std::string text = refusal(arguments("small/out"), 8);
  EXPECT_THAT(text, AnyOf(HasSubstr("disk is full"), HasSubstr("No space left")));
  for (const auto& entry : fs::recursive_directory_iterator(path("small")))
    EXPECT_THAT(entry.path().string(), Not(HasSubstr("partial")));
  ASSERT_EQ(::mount("", path("small").c_str(), "", MS_REMOUNT, "size=8m"), 0);
  Ended ended = optimize("small/out");
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(query(path("small/out/tamis.db"), "pragma integrity_check"), "ok");
}

}  // namespace
}  // namespace tamis::testing
