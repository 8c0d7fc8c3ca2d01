#include <sqlite3.h>

#include <algorithm>

#include "cli/search.h"

namespace tamis::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// Searches whose workers misbehave with ONNX Runtime's graph level "disable".
class Failures : public Search {
 protected:
  void SetUp() override {
    Search::SetUp();
    if (IsSkipped()) return;
    save_file(path("worker"), std::string_view("#!" TAMIS_PYTHON "\n"
                                               "import runpy\n"
                                               "runpy.run_path('" TAMIS_SOURCE_DIR
                                               "/tests/support/misbehaving_worker.py')\n"));
    fs::permissions(path("worker"), fs::perms::owner_all);
  }

  /// `at`: the operation at which they do.
  Ended failing(const std::string& at, const Arguments& more = {},
                const Environment& environment = {}) const {
    Environment all{{"TAMIS_WORKER", file("worker")},
                    {"REAL_WORKER", TAMIS_BINARY_DIR "/tamis-worker"},
                    {"CRASH_ON", "\"graph_level\":\"disable\""},
                    {"CRASH_AT", at},
                    {"CRASH_TRIES", file("tries")}};
    all.insert(all.end(), environment.begin(), environment.end());
    return optimize("out", more, all);
  }

  /// How often a worker has misbehaved.
  long tries() const {
    if (!fs::exists(path("tries"))) return 0;
    std::string text = load_text(path("tries"));
    return std::count(text.begin(), text.end(), '\n');
  }

  /// The failed rows of the result.
  std::vector<Json> failures() const {
    std::vector<Json> found;
    Json result = document("out/result.json");
    for (const Json& v : result.at("variants"))
      if (!v.at("failure").is_null()) found.push_back(v.at("failure"));
    return found;
  }

  /// As a run that was killed just before its end.
  void forget_decision() const {
    sqlite3* handle = nullptr;
    sqlite3_open(path("out/tamis.db").c_str(), &handle);
    sqlite3_exec(handle, "delete from record where kind = 'decision'", nullptr, nullptr, nullptr);
    sqlite3_close(handle);
  }
};

TEST_F(Failures, a_worker_that_crashes_is_a_row_with_its_signal_and_a_command) {
  Ended ended = failing("open");
  ASSERT_EQ(ended.status, 0) << ended.err;
  ASSERT_EQ(failures().size(), 1U);
  Json failure = failures()[0];
  EXPECT_EQ(failure.at("code"), "backend_failed");
  EXPECT_THAT(failure.at("text").get<std::string>(),
              AllOf(HasSubstr("signal 11"), HasSubstr("told to crash")));
  EXPECT_THAT(failure.at("command").get<std::string>(),
              AllOf(HasSubstr("tamis bench "), HasSubstr("--graph-level disable --threads 1"),
                    HasSubstr("--data " + file("data"))));
}

TEST_F(Failures, are_shown_again_without_trying_again_until_that_is_asked_for) {
  ASSERT_EQ(failing("visit").status, 0);
  std::vector<Json> first = failures();
  ASSERT_EQ(first.size(), 1U);
  ASSERT_EQ(tries(), 1);

  forget_decision();
  Ended again = failing("visit");
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(tries(), 1);
  EXPECT_EQ(failures(), first);
  EXPECT_THAT(again.err, HasSubstr("--retry-failed tries again"));

  ASSERT_EQ(failing("visit", {"--retry-failed"}).status, 0);
  EXPECT_EQ(tries(), 2);
  EXPECT_EQ(failures(), first);

  Ended healed = optimize("out", {"--retry-failed"});
  ASSERT_EQ(healed.status, 0) << healed.err;
  EXPECT_TRUE(failures().empty());
  EXPECT_THAT(healed.err, Not(HasSubstr("--retry-failed")));
}

TEST_F(Failures, of_evaluating_the_baseline_end_the_run_each_time_but_are_tried_once) {
  Environment baseline{{"CRASH_ON", "\"graph_level\":\"all\""}};
  for (int run = 0; run < 2; ++run) {
    Ended ended = failing("evaluate_next", {}, baseline);
    EXPECT_EQ(ended.status, 7) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("signal 11"));
    EXPECT_EQ(tries(), 1);
  }
  EXPECT_EQ(optimize("out", {"--retry-failed"}).status, 0);
}

TEST_F(Failures, of_building_are_kept_too) {
  // Every build fails: only the parent as it is remains.
  for (int run = 0; run < 2; ++run) {
    Ended ended = failing("build");
    ASSERT_EQ(ended.status, 0) << ended.err;
    EXPECT_GE(failures().size(), 1U);
    EXPECT_EQ(tries(), 1);
    forget_decision();
  }
}

}  // namespace
}  // namespace tamis::testing
