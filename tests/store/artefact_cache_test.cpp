#include "store/artefact_cache.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "base/error.h"
#include "base/log.h"

namespace tamis {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

class ArtefactCacheTest : public ::testing::Test {
 protected:
  fs::path publish(ArtefactCache& cache, const std::string& key, std::size_t bytes) {
    TemporaryFolder built = cache.make_temporary();
    std::ofstream(built.path() / "model.onnx") << std::string(bytes, key[0]);
    return cache.publish(key, built.path());
  }
  /// Publishes by an object that goes, so that the entry is in nobody's use, and ages it.
  void add(const std::string& key, std::size_t bytes, int idle_minutes) {
    ArtefactCache cache(folder_, 1'000'000);
    fs::path entry = publish(cache, key, bytes);
    fs::last_write_time(entry,
                        fs::file_time_type::clock::now() - std::chrono::minutes(idle_minutes));
  }
  std::vector<std::string> keys() const {
    std::vector<std::string> result;
    for (const auto& entry : ArtefactCache(folder_, 1'000'000).list()) result.push_back(entry.key);
    return result;
  }

  TemporaryFolder temporary_;
  fs::path folder_ = temporary_.path() / "artefacts";
};

TEST_F(ArtefactCacheTest, finds_what_was_published) {
  ArtefactCache cache(folder_, 1'000'000);
  EXPECT_EQ(cache.find("a1"), std::nullopt);
  fs::path entry = publish(cache, "a1", 10);
  EXPECT_EQ(cache.find("a1"), entry);
  EXPECT_EQ(load_text(entry / "model.onnx"), "aaaaaaaaaa");
  EXPECT_EQ(cache.list()[0].bytes, 10u);
  EXPECT_TRUE(cache.list()[0].in_use);
  EXPECT_THROW(cache.find("../a1"), Error);
}

TEST_F(ArtefactCacheTest, takes_a_folder_from_elsewhere_and_keeps_the_first_of_two) {
  ArtefactCache cache(folder_, 1'000'000);
  TemporaryFolder elsewhere;
  std::ofstream(elsewhere.path() / "model.onnx") << "first";
  fs::path entry = cache.publish("k", elsewhere.path());
  EXPECT_FALSE(fs::exists(elsewhere.path()));
  EXPECT_EQ(publish(cache, "k", 10), entry);
  EXPECT_EQ(load_text(entry / "model.onnx"), "first");
}

TEST_F(ArtefactCacheTest, evicts_the_least_recently_used_but_none_in_use) {
  add("oldest", 400, 30);
  add("old", 400, 20);
  add("new", 400, 10);
  ArtefactCache cache(folder_, 1000);
  ASSERT_TRUE(cache.find("oldest"));  // in use from now on, and recently used
  publish(cache, "large", 500);
  EXPECT_THAT(keys(), ElementsAre("oldest", "large"));
}

TEST_F(ArtefactCacheTest, spares_what_another_process_uses) {
  add("used", 400, 30);
  int ready[2], done[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(done), 0);
  pid_t child = ::fork();
  if (child == 0) {
    ArtefactCache cache(folder_, 1000);
    bool found = cache.find("used").has_value();
    char byte = found ? 'y' : 'n';
    if (::write(ready[1], &byte, 1) != 1 || ::read(done[0], &byte, 1) != 1) ::_exit(1);
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'y');
  ArtefactCache cache(folder_, 1000);
  EXPECT_EQ(cache.clean(std::nullopt), 0u);
  EXPECT_THAT(keys(), ElementsAre("used"));
  ASSERT_EQ(::write(done[1], &byte, 1), 1);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(cache.clean(std::nullopt), 400u);
}

TEST_F(ArtefactCacheTest, cleans_what_was_not_used_for_long) {
  add("old", 400, 120);
  add("new", 300, 1);
  ArtefactCache cache(folder_, 1'000'000);
  EXPECT_EQ(cache.clean(3600.0), 400u);
  EXPECT_THAT(keys(), ElementsAre("new"));
}

TEST_F(ArtefactCacheTest, ignores_and_removes_what_a_killed_process_left) {
  pid_t child = ::fork();
  if (child == 0) {
    ArtefactCache cache(folder_, 1000);
    auto* leaked = new TemporaryFolder(folder_, ".partial-" + std::to_string(::getpid()));
    std::ofstream(leaked->path() / "half") << "x";
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  auto partial = [&] {
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator(folder_))
      count += entry.path().filename().string().rfind(".partial-", 0) == 0 ? 1 : 0;
    return count;
  };
  EXPECT_EQ(partial(), 1u);
  ArtefactCache cache(folder_, 1000);
  EXPECT_EQ(partial(), 0u);
  TemporaryFolder mine = cache.make_temporary();
  ArtefactCache other(folder_, 1000);
  EXPECT_EQ(partial(), 1u) << "its builder lives";
  EXPECT_TRUE(other.list().empty());
}

/// Whatever is done to an entry: the next process does not find it, and can make it anew.
class DamagedEntry : public ArtefactCacheTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(DamagedEntry, is_removed_said_and_made_anew) {
  {
    ArtefactCache cache(folder_, 1'000'000);
    TemporaryFolder built = cache.make_temporary();
    fs::create_directory(built.path() / "weights");
    for (const char* name : {"model.onnx", "weights/a.bin", "artefact.json"})
      std::ofstream(built.path() / name) << "0123456789";
    cache.publish("k", built.path());
    EXPECT_EQ(cache.content("k").size(), 3U);
    EXPECT_EQ(cache.content("k").at("weights/a.bin").bytes, 10U);
  }
  const fs::path entry = folder_ / "k";
  ASSERT_TRUE(ArtefactCache(folder_, 1'000'000).find("k"));
  const std::string how = GetParam();
  if (how == "flip") std::fstream(entry / "model.onnx") << "x";
  if (how == "truncate") fs::resize_file(entry / "weights/a.bin", 3);
  if (how == "empty") fs::resize_file(entry / "model.onnx", 0);
  if (how == "remove file") fs::remove(entry / "artefact.json");
  if (how == "remove all") fs::remove_all(entry), fs::create_directory(entry);
  if (how == "no list") fs::remove(entry / kContentFile);
  if (how == "list") std::ofstream(entry / kContentFile) << "{";
  if (how == "wrong list") std::ofstream(entry / kContentFile) << R"({"schema": 3})";

  std::vector<std::string> said;
  set_log_sink([&](Severity, const std::string& text) { said.push_back(text); });
  ArtefactCache cache(folder_, 1'000'000);
  EXPECT_EQ(cache.find("k"), std::nullopt);
  set_log_sink(nullptr);
  ASSERT_EQ(said.size(), 1U);
  EXPECT_NE(said[0].find("it is made again"), std::string::npos) << said[0];
  EXPECT_THROW(cache.content("k"), Error);
  publish(cache, "k", 10);
  EXPECT_EQ(load_text(*cache.find("k") / "model.onnx"), "kkkkkkkkkk");
}

INSTANTIATE_TEST_SUITE_P(Ways, DamagedEntry,
                         ::testing::Values("flip", "truncate", "empty", "remove file", "remove all",
                                           "no list", "list", "wrong list"));

TEST_F(ArtefactCacheTest, replaces_a_damaged_entry_that_it_comes_second_to) {
  add("k", 10, 1);
  std::ofstream(folder_ / "k" / "model.onnx") << "bad";
  ArtefactCache cache(folder_, 1'000'000);
  publish(cache, "k", 10);
  EXPECT_EQ(load_text(*cache.find("k") / "model.onnx"), "kkkkkkkkkk");
}

TEST_F(ArtefactCacheTest, discards_what_its_user_finds_wrong) {
  add("k", 10, 1);
  ArtefactCache cache(folder_, 1'000'000);
  ASSERT_TRUE(cache.find("k"));
  cache.discard("k", "k: is wrong");
  EXPECT_EQ(cache.find("k"), std::nullopt);
  cache.discard("k", "k: is wrong");
}

TEST_F(ArtefactCacheTest, takes_its_limit_from_the_environment) {
  ::setenv("TAMIS_CACHE_LIMIT", "5MB", 1);
  EXPECT_EQ(cache_limit_bytes(), 5'000'000u);
  ::setenv("TAMIS_CACHE_LIMIT", "much", 1);
  EXPECT_THROW(cache_limit_bytes(), Error);
  ::unsetenv("TAMIS_CACHE_LIMIT");
  EXPECT_EQ(cache_limit_bytes(), 10'000'000'000u);
}

}  // namespace
}  // namespace tamis
