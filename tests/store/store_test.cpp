#include "store/store.h"

#include <gmock/gmock.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "base/log.h"

namespace tamis {
namespace {

namespace fs = std::filesystem;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class StoreTest : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
  fs::path file_ = folder_.path() / "store.db";
};

Error error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& e) {
    return e;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {ErrorCode::io, ""};
}

void run_sql(const fs::path& file, const std::string& sql) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(database);
}

/// The first column of the first row of a query; empty without one.
std::string text_of_sql(const fs::path& file, const std::string& query) {
  sqlite3* database = nullptr;
  EXPECT_EQ(sqlite3_open(file.c_str(), &database), SQLITE_OK);
  std::string text;
  const auto keep = [](void* into, int, char** values, char**) {
    *static_cast<std::string*>(into) = values[0] == nullptr ? "" : values[0];
    return 1;
  };
  sqlite3_exec(database, query.c_str(), keep, &text, nullptr);
  sqlite3_close(database);
  return text;
}

TEST_F(StoreTest, gives_back_what_was_put_in_the_order_of_first_putting) {
  {
    Store store = Store::open(file_, {"machine-1", "9.9"});
    store.put(Kind::measurement, "b", {{"size", 1}});
    store.put(Kind::measurement, "a", "text");
    store.put(Kind::decision, "b", nullptr);
    store.put(Kind::measurement, "b", {{"size", 2}});
  }
  Store store = Store::open(file_);
  EXPECT_EQ(store.find(Kind::measurement, "b"), Json({{"size", 2}}));
  EXPECT_EQ(store.find(Kind::measurement, "c"), std::nullopt);
  auto all = store.all(Kind::measurement);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].first, "b");
  EXPECT_EQ(all[1].second, "text");
  EXPECT_EQ(text_of_sql(file_, "SELECT machine || ' ' || version FROM record LIMIT 1"),
            "machine-1 9.9");
  EXPECT_THAT(text_of_sql(file_, "SELECT created_at FROM record LIMIT 1"), HasSubstr("T"));
  EXPECT_TRUE(store.remove(Kind::measurement, "b"));
  EXPECT_FALSE(store.remove(Kind::measurement, "b"));
}

TEST_F(StoreTest, keeps_blobs_compressed) {
  Store store = Store::open(file_);
  std::vector<std::uint8_t> bytes(1'000'000, 7);
  store.put_blob(Kind::evaluation, "a", bytes);
  store.put_blob(Kind::evaluation, "empty", {});
  EXPECT_EQ(store.find_blob(Kind::evaluation, "a"), bytes);
  EXPECT_EQ(store.find_blob(Kind::evaluation, "empty"), std::vector<std::uint8_t>());
  EXPECT_EQ(store.find_blob(Kind::evaluation, "none"), std::nullopt);
  EXPECT_LT(fs::file_size(file_) + fs::file_size(file_.string() + "-wal"), 200'000u);
}

TEST_F(StoreTest, refuses_a_store_of_a_newer_version_naming_both) {
  Store::open(file_);
  run_sql(file_, "PRAGMA user_version = 7");
  Error error = error_of([&] { Store::open(file_); });
  EXPECT_EQ(error.code(), ErrorCode::unsupported);
  EXPECT_THAT(error.what(), HasSubstr("has schema version 7, this program knows up to 3"));
}

TEST_F(StoreTest, refuses_what_is_no_store) {
  std::ofstream(file_) << std::string(5000, 'x');
  Error text = error_of([&] { Store::open(file_); });
  EXPECT_EQ(text.code(), ErrorCode::corrupt_data);
  EXPECT_THAT(text.what(), HasSubstr(file_.string() + ": is not a store"));
  run_sql(folder_.path() / "other.db", "CREATE TABLE recipes(x)");
  EXPECT_EQ(error_of([&] { Store::open(folder_.path() / "other.db"); }).code(),
            ErrorCode::corrupt_data);
  EXPECT_EQ(error_of([&] { Store::open(folder_.path() / "none" / "store.db"); }).code(),
            ErrorCode::io);
}

TEST_F(StoreTest, says_when_the_file_is_damaged) {
  {
    Store store = Store::open(file_);
    for (int i = 0; i < 500; ++i) store.put(Kind::run, std::to_string(i), std::string(1000, 'x'));
  }
  std::fstream file(file_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(8192);
  file << std::string(100'000, 'z');
  file.close();
  Error error = error_of([&] { Store::open(file_).all(Kind::run); });
  EXPECT_EQ(error.code(), ErrorCode::corrupt_data);
  EXPECT_THAT(error.what(), HasSubstr("is damaged"));
}

/// Each kind of damage that SQLite does not notice.
TEST_F(StoreTest, does_not_give_back_what_is_not_as_it_was_written) {
  {
    Store store = Store::open(file_);
    for (const char* key : {"a", "b", "c", "d"}) store.put(Kind::measurement, key, {{"n", 12}});
    for (const char* key : {"e", "f", "g"})
      store.put_blob(Kind::evaluation, key, std::vector<std::uint8_t>(100, 7));
  }
  run_sql(file_, "UPDATE record SET value = '{}' WHERE key = 'a'");
  run_sql(file_, "UPDATE record SET value = '{\"n\":13}' WHERE key = 'b'");
  run_sql(file_, "UPDATE record SET value = '{\"n\":1' WHERE key = 'c'");
  run_sql(file_, "UPDATE blob SET compressed = x'0102' WHERE key = 'e'");
  run_sql(file_, "UPDATE blob SET bytes = 1000000000000 WHERE key = 'f'");
  std::vector<std::string> said;
  set_log_sink([&](Severity, const std::string& text) { said.push_back(text); });
  Store store = Store::open(file_);
  for (const char* key : {"a", "b", "c"}) {
    EXPECT_EQ(store.find(Kind::measurement, key), std::nullopt) << key;
    store.put(Kind::measurement, key, {{"n", 1}});
    EXPECT_EQ(store.find(Kind::measurement, key), Json({{"n", 1}}));
  }
  EXPECT_EQ(store.find(Kind::measurement, "d"), Json({{"n", 12}}));
  for (const char* key : {"e", "f"})
    EXPECT_EQ(store.find_blob(Kind::evaluation, key), std::nullopt);
  EXPECT_TRUE(store.find_blob(Kind::evaluation, "g"));
  set_log_sink(nullptr);
  EXPECT_EQ(said.size(), 5U);
  EXPECT_THAT(said, Each(HasSubstr("is damaged; its work is done again")));
  EXPECT_THAT(said, Each(HasSubstr(file_.string())));
}

TEST_F(StoreTest, leaves_damaged_rows_out_of_lists) {
  Store store = Store::open(file_);
  store.put(Kind::failure, "a", 1);
  store.put(Kind::failure, "b", 2);
  run_sql(file_, "UPDATE record SET value = 'x' WHERE key = 'a'");
  EXPECT_EQ(store.all(Kind::failure).size(), 1U);
  store.put(Kind::run, "a", 1);
  store.remove_all(Kind::failure);
  EXPECT_TRUE(store.all(Kind::failure).empty());
  EXPECT_EQ(store.all(Kind::run).size(), 1U);
}

TEST_F(StoreTest, forgets_a_document_that_its_reader_refuses) {
  Store store = Store::open(file_);
  auto number = [](const Json& json) { return json.at("n").get<int>(); };
  store.put(Kind::measurement, "a", {{"n", 12}});
  EXPECT_EQ(store.find_as(Kind::measurement, "a", number), 12);
  EXPECT_EQ(store.find_as(Kind::measurement, "none", number), std::nullopt);
  store.put(Kind::measurement, "a", {{"m", 12}});
  EXPECT_EQ(store.find_as(Kind::measurement, "a", number), std::nullopt);
  EXPECT_EQ(store.find(Kind::measurement, "a"), std::nullopt);
  store.put(Kind::measurement, "b", 1);
  auto full = [](const Json&) -> int { throw Error(ErrorCode::io, "disk full"); };
  EXPECT_EQ(error_of([&] { store.find_as(Kind::measurement, "b", full); }).code(), ErrorCode::io);
  EXPECT_EQ(store.find(Kind::measurement, "b"), Json(1));
}

TEST_F(StoreTest, takes_over_a_store_of_the_first_schema) {
  run_sql(file_, R"(
    CREATE TABLE record(sequence INTEGER PRIMARY KEY AUTOINCREMENT,
      kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, created_at TEXT NOT NULL,
      machine TEXT NOT NULL, version TEXT NOT NULL, UNIQUE(kind, key));
    CREATE TABLE sample(sequence INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL,
      samples BLOB NOT NULL, created_at TEXT NOT NULL, machine TEXT NOT NULL, version TEXT NOT NULL);
    CREATE INDEX sample_key ON sample(key, sequence);
    CREATE TABLE blob(sequence INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL,
      key TEXT NOT NULL, bytes INTEGER NOT NULL, compressed BLOB NOT NULL, created_at TEXT NOT NULL,
      machine TEXT NOT NULL, version TEXT NOT NULL, UNIQUE(kind, key));
    INSERT INTO record(kind, key, value, created_at, machine, version)
      VALUES('run', 'a', '{"n":1}', '', '', '');
    INSERT INTO sample(key, samples, created_at, machine, version)
      VALUES('a', x'000000000000F03F', '', '', '');
    PRAGMA application_id = 1413565779;
    PRAGMA user_version = 1;)");
  Store store = Store::open(file_);
  EXPECT_EQ(store.find(Kind::run, "a"), Json({{"n", 1}}));
  EXPECT_EQ(text_of_sql(file_, "SELECT count(*) FROM sqlite_master WHERE name LIKE 'sample%'"),
            "0");
  store.put(Kind::run, "b", 2);
  EXPECT_EQ(store.all(Kind::run).size(), 2U);
}

/// Runs `work` in a child process and gives its exit status.
/// What each child exited with (-1 = killed), the same work in `count` of them at once. The calling
/// thread forks them all: a child of a process with other threads may inherit a lock that is held.
std::vector<int> in_children(int count, const std::function<int(int)>& work) {
  std::vector<pid_t> children;
  for (int i = 0; i < count; ++i) {
    pid_t child = ::fork();
    if (child == 0) ::_exit(work(i));
    children.push_back(child);
  }
  std::vector<int> exits;
  for (pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    exits.push_back(WIFEXITED(status) ? WEXITSTATUS(status) : -1);
  }
  return exits;
}

int in_child(const std::function<int()>& work) {
  return in_children(1, [&](int) { return work(); })[0];
}

TEST_F(StoreTest, loses_nothing_that_was_acknowledged_when_it_is_killed) {
  for (int round = 0; round < 5; ++round) {
    int pipes[2];
    ASSERT_EQ(::pipe(pipes), 0);
    pid_t child = ::fork();
    if (child == 0) {
      Store store = Store::open(file_);
      for (int i = 0;; ++i) {
        store.put(Kind::run, std::to_string(round) + "-" + std::to_string(i), i);
        if (::write(pipes[1], &i, sizeof i) != sizeof i) ::_exit(1);
      }
    }
    ::close(pipes[1]);
    int last = -1;
    for (int i = -1; last < 20 + 7 * round && ::read(pipes[0], &i, sizeof i) == sizeof i;) last = i;
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    for (int i = -1; ::read(pipes[0], &i, sizeof i) == sizeof i;) last = i;
    ::close(pipes[0]);
    Store store = Store::open(file_);
    ASSERT_GE(last, 20);
    for (int i = 0; i <= last; ++i)
      ASSERT_EQ(store.find(Kind::run, std::to_string(round) + "-" + std::to_string(i)), Json(i));
  }
}

TEST_F(StoreTest, is_written_by_two_processes_at_once) {
  Store::open(file_);
  auto write = [&](int who) {
    Store store = Store::open(file_);
    for (int i = 0; i < 200; ++i)
      store.put(Kind::run, std::to_string(who) + "-" + std::to_string(i), i);
    return 0;
  };
  EXPECT_THAT(in_children(2, write), Each(0));
  EXPECT_EQ(Store::open(file_).all(Kind::run).size(), 400u);
}

TEST_F(StoreTest, is_made_by_several_processes_at_once) {
  for (int round = 0; round < 20; ++round) {
    std::filesystem::path file = file_.string() + std::to_string(round);
    auto open = [&](int) {
      try {
        Store::open(file);
        return 0;
      } catch (const Error&) {
        return 1;
      }
    };
    EXPECT_THAT(in_children(4, open), Each(0));
  }
}

TEST_F(StoreTest, is_used_by_several_threads) {
  Store store = Store::open(file_);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < 50; ++i) {
          store.put(Kind::run, std::to_string(t * 50 + i), i);
          store.find(Kind::run, "0");
        }
      });
  }
  EXPECT_EQ(store.all(Kind::run).size(), 200u);
}

/// Writes until it fails; then what was written before must be there still. 0 = as promised.
int fill_up(const fs::path& file) {
  int written = 0;
  try {
    Store store = Store::open(file);
    std::string large(20'000, 'x');
    for (; written < 1000; ++written) store.put(Kind::run, std::to_string(written), large);
    return 1;
  } catch (const Error& e) {
    if (e.code() != ErrorCode::io) return 2;
    if (std::string(e.what()).find(file.string()) == std::string::npos) return 3;
  }
  return written > 0 ? 0 : 4;
}

TEST_F(StoreTest, reports_a_file_size_limit_and_keeps_what_was_written) {
  int status = in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{1 << 20, 1 << 20};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    return fill_up(file_);
  });
  EXPECT_EQ(status, 0);
  Store store = Store::open(file_);
  EXPECT_GT(store.all(Kind::run).size(), 10u);
  store.put(Kind::run, "again", 1);
}

TEST_F(StoreTest, reports_a_full_disk_and_keeps_what_was_written) {
  fs::path small = folder_.path() / "small";
  fs::create_directory(small);
  if (::mount("tamis", small.c_str(), "tmpfs", 0, "size=1m") != 0)
    GTEST_SKIP() << "mounting a small tmpfs is not allowed here";
  EXPECT_EQ(fill_up(small / "store.db"), 0);
  {
    Store store = Store::open(small / "store.db");
    EXPECT_GT(store.all(Kind::run).size(), 5u);
    EXPECT_NE(store.find(Kind::run, "0"), std::nullopt);
  }
  EXPECT_EQ(::umount(small.c_str()), 0);
}

}  // namespace
}  // namespace tamis
