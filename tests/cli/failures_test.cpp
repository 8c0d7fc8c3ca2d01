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
    return optimize("out", more, misbehaving(at, environment));
  }
  Environment misbehaving(const std::string& at, const Environment& more = {}) const {
    Environment all{{"TAMIS_WORKER", file("worker")},
                    {"REAL_WORKER", TAMIS_BINARY_DIR "/tamis-worker"},
                    {"CRASH_ON", "\"graph_level\":\"disable\""},
                    {"CRASH_AT", at},
                    {"CRASH_TRIES", file("tries")}};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  /// A command whose worker hangs at an operation; returns when it does.
  std::unique_ptr<Program> hanging(const Arguments& arguments, const std::string& at,
                                   const Environment& more = {}) const {
    Environment all = environment();
    for (const auto& pair : misbehaving(at, more)) all.push_back(pair);
    all.emplace_back("CRASH_ON", "");
    all.emplace_back("CRASH_HOW", "hang");
    auto running = std::make_unique<Program>(program(), arguments, all);
    for (int i = 0; i < 3000 && tries() == 0; ++i) ::usleep(10'000);
    return running;
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
  EXPECT_THAT(again.err, HasSubstr("--retry-failed tries them again"));

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

TEST_F(Failures, a_worker_that_is_killed_once_is_none) {
  const std::pair<const char*, const char*> kills[] = {{"SIGKILL", "open"},
                                                       {"SIGTERM", "open"},
                                                       {"SIGUSR1", "open"},
                                                       {"SIGKILL", "visit"},
                                                       {"SIGTERM", "visit"}};
  for (const auto& [how, at] : kills) {
    SCOPED_TRACE(std::string(how) + " at " + at);
    fs::remove_all(path("out"));
    fs::remove(path("tries"));
    Ended ended = failing(at, {}, {{"CRASH_HOW", how}, {"CRASH_TIMES", "1"}});
    ASSERT_EQ(ended.status, 0) << ended.err;
    EXPECT_EQ(tries(), 1);
    EXPECT_TRUE(failures().empty());
    EXPECT_THAT(ended.err, HasSubstr("a worker was killed; what it did is tried once more"));
    EXPECT_THAT(optimize("out").err, HasSubstr("has finished"));
  }
}

TEST_F(Failures, a_worker_that_is_told_to_end_each_time_leaves_the_run_unfinished) {
  for (const std::string at : {"open", "visit", "build"}) {
    SCOPED_TRACE(at);
    fs::remove_all(path("out"));
    fs::remove_all(path("cache"));
    fs::remove(path("tries"));
    Ended ended = failing(at.c_str(), {}, {{"CRASH_HOW", "SIGTERM"}});
    ASSERT_EQ(ended.status, 0) << ended.err;
    EXPECT_EQ(tries() % 2, 0);
    ASSERT_FALSE(failures().empty());
    EXPECT_EQ(failures()[0].at("code"), "unavailable");
    EXPECT_THAT(ended.err, HasSubstr("not finished: "));
    Ended healed = optimize("out");
    ASSERT_EQ(healed.status, 0) << healed.err;
    EXPECT_THAT(healed.err, Not(HasSubstr("has finished")));
    EXPECT_TRUE(failures().empty());
  }
}

TEST_F(Failures, a_baseline_whose_worker_is_told_to_end_ends_the_run_and_not_the_next_one) {
  const Environment baseline{{"CRASH_ON", "\"graph_level\":\"all\""}, {"CRASH_HOW", "SIGTERM"}};
  EXPECT_EQ(failing("evaluate_next", {}, baseline).status, 6);
  EXPECT_EQ(tries(), 2);
  EXPECT_EQ(optimize("out").status, 0);
}

TEST_F(Failures, a_worker_that_is_killed_each_time_is_one_that_is_kept) {
  ASSERT_EQ(failing("open", {}, {{"CRASH_HOW", "SIGKILL"}}).status, 0);
  ASSERT_EQ(failures().size(), 1U);
  EXPECT_THAT(failures()[0].at("text").get<std::string>(), HasSubstr("signal 9"));
  EXPECT_EQ(tries(), 2);
  forget_decision();
  ASSERT_EQ(failing("open", {}, {{"CRASH_HOW", "SIGKILL"}}).status, 0);
  EXPECT_EQ(tries(), 2);
}

TEST_F(Failures, a_worker_that_hangs_is_found_by_what_it_should_have_taken) {
  Ended ended = failing("visit", {}, {{"CRASH_HOW", "hang"}, {"TAMIS_PATIENCE", "0.05"}});
  ASSERT_EQ(ended.status, 0) << ended.err;
  ASSERT_EQ(failures().size(), 1U);
  EXPECT_THAT(failures()[0].at("text").get<std::string>(),
              AllOf(HasSubstr("visit: no answer within 3"), HasSubstr("s were expected")));
}

TEST_F(Failures, eval_shows_what_is_known_on_ctrl_c) {
  auto eval = hanging({"eval", demo_model(), "--data", file("data"), "--json"}, "evaluate_next",
                      {{"CRASH_AFTER", "2"}});
  eval->signal(SIGINT);
  Ended ended = eval->wait();
  EXPECT_EQ(ended.status, 130) << ended.err;
  Json document = parse_json(ended.out, "stdout");
  EXPECT_EQ(document.at("items"), 64);
  EXPECT_EQ(document.at("items_planned"), kItems);
  EXPECT_EQ(document.at("complete"), false);
  EXPECT_THAT(ended.err, HasSubstr("the first 64 of 200 items"));
}

TEST_F(Failures, eval_that_knows_nothing_yet_says_nothing_on_ctrl_c) {
  auto eval = hanging({"eval", demo_model(), "--data", file("data"), "--json"}, "evaluate_next");
  eval->signal(SIGINT);
  Ended ended = eval->wait();
  EXPECT_EQ(ended.status, 130) << ended.err;
  EXPECT_EQ(ended.out, "");
}

TEST_F(Failures, quantize_leaves_nothing_on_ctrl_c_and_lets_nobody_in_before) {
  Arguments arguments{"quantize", demo_model(), "--data", file("data"), "--out", file("q.onnx")};
  auto quantize = hanging(arguments, "build");
  Program waiting(program(), {"eval", demo_model(), "--data", file("data")}, environment());
  std::string holder = "process " + std::to_string(quantize->pid()) + " (tamis quantize)";
  for (int i = 0; i < 1000 && waiting.said().find(holder) == std::string::npos; ++i)
    ::usleep(10'000);
  EXPECT_THAT(waiting.said(), HasSubstr("waiting for another run on this machine to end"));
  EXPECT_THAT(waiting.said(), HasSubstr(holder));
  waiting.signal(SIGINT);
  EXPECT_EQ(waiting.wait().status, 130);
  quantize->signal(SIGINT);
  EXPECT_EQ(quantize->wait().status, 130);
  EXPECT_FALSE(fs::exists(path("q.onnx")));
}

}  // namespace
}  // namespace tamis::testing
