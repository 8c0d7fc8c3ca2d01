#include <sqlite3.h>
#include <sys/wait.h>

#include <array>
#include <fstream>
#include <functional>
#include <map>

#include "base/leftovers.h"
#include "cli/search.h"

namespace tamis::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

/// What lies on the disk between two runs is damaged.
class Damage : public Search {
 protected:
  /// The one byte that is changed leaves a valid protobuf: it is in a weight.
  static void flip(const fs::path& file) {
    std::string bytes = load_text(file);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    std::ofstream(file, std::ios::binary) << bytes;
  }
  std::vector<fs::path> entries() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(path("cache/artefacts")))
      if (fs::exists(entry.path() / "model.onnx")) found.push_back(entry.path());
    return found;
  }
  void run_sql(const std::string& sql) const {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(path("out/tamis.db").c_str(), &handle), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(handle);
  }
  std::size_t files_in(const std::string& folder) const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path(folder)), {}));
  }
};

TEST_F(Damage, of_the_cache_is_said_and_built_anew) {
  ASSERT_EQ(optimize("out0").status, 0);
  ASSERT_FALSE(entries().empty());
  const fs::path entry = entries().front();
  const std::string sound = load_text(entry / "model.onnx");
  const std::vector<std::pair<const char*, std::function<void()>>> ways{
      {"flip", [&] { flip(entry / "model.onnx"); }},
      {"truncate", [&] { fs::resize_file(entry / "model.onnx", 1000); }},
      {"no model", [&] { fs::remove(entry / "model.onnx"); }},
      {"no artefact.json", [&] { fs::remove(entry / "artefact.json"); }},
      {"bad artefact.json", [&] { std::ofstream(entry / "artefact.json") << "{"; }},
      {"no card", [&] { fs::remove(entry / "model.card.yaml"); }},
      {"nothing", [&] { fs::remove_all(entry), fs::create_directory(entry); }}};
  int out = 0;
  for (const auto& [name, damage] : ways) {
    SCOPED_TRACE(name);
    damage();
    Ended ended = optimize("out" + std::to_string(++out));
    ASSERT_EQ(ended.status, 0) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("it is made again"));
    EXPECT_EQ(document("out" + std::to_string(out) + "/result.json").at("counts").at("failed"), 0);
    EXPECT_EQ(load_text(entry / "model.onnx"), sound);
  }
  EXPECT_THAT(optimize("last").err, Not(HasSubstr("it is made again")));
}

TEST_F(Damage, of_what_was_handed_over_is_said_and_mended) {
  ASSERT_EQ(optimize("out").status, 0);
  const std::map<std::string, std::string> sound{
      {"model.onnx", load_text(path("out/model.onnx"))},
      {"model.card.yaml", load_text(path("out/model.card.yaml"))},
      {"run.json", load_text(path("out/run.json"))},
      {"decision.json", load_text(path("out/decision.json"))},
      {"result.json", load_text(path("out/result.json"))}};
  for (const auto& [name, text] : sound)
    for (const char* how : {"empty", "flip", "remove"}) {
      SCOPED_TRACE(name + " " + how);
      const fs::path file = path("out") / name;
      if (how == std::string("empty")) fs::resize_file(file, 0);
      if (how == std::string("flip")) flip(file);
      if (how == std::string("remove")) fs::remove(file);
      Ended ended = optimize("out");
      ASSERT_EQ(ended.status, 0) << ended.err;
      EXPECT_THAT(ended.err, HasSubstr(name + ": differs from what was handed over"));
      for (const auto& [other, other_text] : sound)
        EXPECT_EQ(load_text(path("out") / other), other_text) << other;
    }
  EXPECT_THAT(optimize("out").err, Not(HasSubstr("differs from what was handed over")));
}

TEST_F(Damage, of_a_row_of_the_store_is_said_and_done_anew) {
  ASSERT_EQ(optimize("out").status, 0);
  for (const char* kind : {"decision", "measurement", "run"})
    for (const char* what : {"value = '{}'", "value = '{}', hash = ''",
                             "value = '[1, 2]', hash = ''", "value = 'null', hash = ''",
                             "value = substr(value, 3)", "value = replace(value, '1', '7')"}) {
      SCOPED_TRACE(std::string(kind) + " " + what);
      run_sql(std::string("UPDATE record SET ") + what + " WHERE kind = '" + kind + "'");
      if (kind == std::string("measurement")) run_sql("DELETE FROM record WHERE kind = 'decision'");
      Ended ended = optimize("out");
      EXPECT_EQ(ended.status, 0) << ended.err;
      if (kind != std::string("run")) {
        EXPECT_THAT(ended.err, HasSubstr("done again"));
      }
    }
  run_sql("UPDATE blob SET compressed = x'00'");
  run_sql("DELETE FROM record WHERE kind = 'decision'");
  Ended ended = optimize("out");
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("a blob of kind evaluation is damaged"));
}

/// Of runs that were killed: by the numbers of processes that have ended.
TEST_F(Damage, that_killed_runs_left_is_swept_at_the_next_start) {
  fs::create_directories(path("out"));
  fs::create_directories(path("tmp"));
  std::string mark;
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string own = owner_mark();
    ::_exit(::write(ends[1], own.data(), own.size()) > 0 ? 0 : 1);
  }
  ::waitpid(child, nullptr, 0);
  std::array<char, 200> text{};
  ASSERT_GT(::read(ends[0], text.data(), text.size() - 1), 0);
  mark = text.data();
  for (const std::string& name :
       {"out/run.json.partial-" + mark, "out/run.json.partial-" + std::to_string(child),
        "tmp/tamis-worker-" + mark + "-Ab3dEf/half"}) {
    fs::create_directories(path(name).parent_path());
    std::ofstream(path(name)) << "x";
  }
  ASSERT_EQ(optimize("out", {}, {{"TMPDIR", file("tmp")}}).status, 0);
  EXPECT_EQ(files_in("tmp"), 0U);
  for (const auto& entry : fs::directory_iterator(path("out")))
    EXPECT_THAT(entry.path().string(), Not(HasSubstr("partial")));
}

TEST_F(Damage, of_a_picture_that_is_allowed_is_said_in_all_places) {
  TAMIS_NEEDS_ORT();
  fs::create_directories(path("pictures/a"));
  fs::create_directories(path("pictures/b"));
  for (int i = 0; i < 20; ++i)
    save_file(path("pictures") / (i % 2 == 0 ? "a" : "b") / (std::to_string(i) + ".pgm"),
              std::string_view(
                  pgm_text(28, i == 7 ? "" : std::string(28 * 28, static_cast<char>(i * 9)))));
  Ended ended =
      run({"optimize",     demo_model(),  "--data",      file("pictures"), "--out",
           file("out"),    "--backend",   "ort",         "--threads",      "1",
           "--confidence", "50%",         "--precision", "fp32",           "--graph-level",
           "disable",      "--allow-bad", "3",           "--max-drop",     "50%"});
  if (ended.err.find("class") != std::string::npos && ended.status == 4)
    GTEST_SKIP() << "the demo's classes are others: " << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("7.pgm"));
  EXPECT_THAT(ended.out, HasSubstr("7.pgm"));
  EXPECT_THAT(load_text(path("out/report.md")), HasSubstr("7.pgm"));
  EXPECT_EQ(document("out/result.json").at("data").at("skipped").size(), 1U);
}

}  // namespace
}  // namespace tamis::testing
