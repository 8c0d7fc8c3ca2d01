#include "place/worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "base/clock.h"
#include "base/error.h"
#include "support/fake.h"
#include "support/protocol.h"

namespace tamis {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class WorkerTest : public ::testing::Test {
 protected:
  static std::string failure(Worker& worker, const Json& request, ErrorCode code,
                             double timeout_s = 20) {
    try {
      worker.request(request, timeout_s);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), code) << e.what();
      return e.what();
    }
    return "no failure";
  }
  /// A program in the worker's place.
  void put_in_place(const std::string& script) const {
    fs::path file = fake_.folder() / "worker";
    save_file(file, std::string_view("#!/bin/sh\n" + script));
    fs::permissions(file, fs::perms::owner_all);
    ::setenv("TAMIS_WORKER", file.c_str(), 1);
  }

  testing::FakeBackend fake_;
};

Json open_request(const ExecuteRequest& request) {
  Json json = to_json(request);
  json["op"] = "open";
  json["warm_up"] = true;
  return json;
}

TEST_F(WorkerTest, keeps_the_code_and_text_of_an_error_and_goes_on) {
  Worker worker(fake_.place());
  EXPECT_THAT(failure(worker, {{"op", "dance"}}, ErrorCode::invalid_argument),
              HasSubstr("unknown operation 'dance'"));
  EXPECT_THAT(
      failure(worker, {{"op", "inspect"}, {"model", "/nowhere.onnx"}}, ErrorCode::not_found),
      HasSubstr("/nowhere.onnx"));
  EXPECT_THAT(failure(worker, {{"op", "visit"}, {"input", 0}, {"discard", 1}, {"timed", 1}},
                      ErrorCode::invalid_argument),
              HasSubstr("no model is open"));
  EXPECT_NO_THROW(worker.request(open_request(fake_.request({{"latency_us", 10}})), 20));
}

TEST_F(WorkerTest, does_what_the_protocols_document_lists_and_nothing_else) {
  Worker worker(fake_.place());
  std::string said = failure(worker, {{"op", "dance"}}, ErrorCode::invalid_argument);
  std::string documented;
  for (const auto& [operation, row] : testing::documented_operations())
    documented += (documented.empty() ? "" : ", ") + operation;
  std::vector<std::string> known;
  std::istringstream names(said.substr(said.find("it knows ") + 9));
  for (std::string name; std::getline(names >> std::ws, name, ',');) known.push_back(name);
  std::sort(known.begin(), known.end());
  std::string sorted;
  for (const std::string& name : known) sorted += (sorted.empty() ? "" : ", ") + name;
  EXPECT_EQ(sorted, documented);
}

TEST_F(WorkerTest, takes_for_opening_what_the_protocols_document_lists) {
  EXPECT_EQ(testing::undocumented_members("open", to_json(fake_.request({}))), "");
}

TEST_F(WorkerTest, takes_a_request_that_lacks_a_member_for_an_error_of_that_request) {
  Worker worker(fake_.place());
  EXPECT_THAT(failure(worker, {{"op", "probe"}}, ErrorCode::corrupt_data), HasSubstr("settings"));
  EXPECT_NO_THROW(worker.request(open_request(fake_.request({{"latency_us", 10}})), 20));
}

TEST_F(WorkerTest, that_takes_more_memory_than_it_may_is_ended_and_says_so) {
  put_in_place("exec awk 'BEGIN { s = \"x\"; while (length(s) < 3e8) s = s s; while (1) {} }'\n");
  ::setenv("TAMIS_WORKER_MEMORY", "100MB", 1);
  Worker worker(fake_.place());
  const std::string text = failure(worker, {{"op", "inspect"}}, ErrorCode::unavailable);
  ::unsetenv("TAMIS_WORKER_MEMORY");
  EXPECT_THAT(text, HasSubstr("inspect: the worker needed more than 100 MB of memory"));
  EXPECT_THAT(text, HasSubstr("use a smaller model"));
}

/// A worker in Python: `on_request` sees each request's head as `asked`, and `send(head)` sends
/// one.
std::string scripted(int protocol, const std::string& on_request) {
  return "exec python3 - <<'END'\n"
         "import json, os, struct, time\n"
         "def read(count):\n"
         "    got = os.read(3, count) if count else b''\n"
         "    return got + read(count - len(got)) if got and len(got) < count else got\n"
         "def receive():\n"
         "    head, block = struct.unpack('<IQ', read(16)[4:])\n"
         "    return json.loads(read(head))\n"
         "def send(head):\n"
         "    text = json.dumps(head).encode()\n"
         "    os.write(1, b'TMS1' + struct.pack('<IQ', len(text), 0) + text)\n"
         "send({'hello': {'protocol': " +
         std::to_string(protocol) +
         ", 'version': '0.0.1'}})\n"
         "while True:\n"
         "    asked = receive()\n" +
         on_request + "END\n";
}

/// Asks for a build and no more of it once the worker has said how far it is; the error's text.
std::string interrupted_build(Worker& worker) {
  bool told = false;
  try {
    worker.request({{"op", "build"}}, 20,
                   {[&] { return !told; }, [&](const WorkDone&) { told = true; }});
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST_F(WorkerTest, of_another_protocol_is_refused_and_both_are_named) {
  put_in_place("exec 3<&0\n" + scripted(1, "    send({'ok': True})\n"));
  Worker worker(fake_.place());
  EXPECT_THAT(failure(worker, {{"op", "probe"}}, ErrorCode::unavailable),
              AllOf(HasSubstr("speaks protocol 1 (version 0.0.1), this program 2"),
                    HasSubstr("install both from one build")));
}

TEST_F(WorkerTest, says_how_far_it_is_and_so_is_not_taken_for_hanging) {
  put_in_place("exec 3<&0\n" +
               scripted(2,
                        "    for i in range(8 if asked['op'] == 'build' else 0):\n"
                        "        time.sleep(.5)\n"
                        "        send({'progress': {'what': 'train', 'done': i, 'of': 8}})\n"
                        "    send({'ok': True})\n"));
  Worker worker(fake_.place());
  worker.request({{"op", "probe"}}, 60);  // Python has started
  std::vector<std::string> heard;
  worker.request({{"op", "build"}}, 3,  // less than all of it takes
                 {nullptr, [&](const WorkDone& work) { heard.push_back(to_text(work)); }});
  ASSERT_EQ(heard.size(), 8U);
  EXPECT_EQ(heard.back(), "train, 7 of 8");
}

TEST_F(WorkerTest, that_is_told_to_cancel_and_obeys_can_be_asked_again) {
  put_in_place("exec 3<&0\n" +
               scripted(2,
                        "    if asked['op'] == 'build':\n"
                        "        send({'progress': {'what': 'train', 'done': 1, 'of': None}})\n"
                        "        receive()\n"
                        "        send({'ok': False, 'code': 'unavailable', 'text': 'cancelled',\n"
                        "              'cancelled': True})\n"
                        "    else:\n"
                        "        send({'ok': True, 'asked': asked['op']})\n"));
  Worker worker(fake_.place());
  EXPECT_EQ(interrupted_build(worker), "build: interrupted");
  EXPECT_TRUE(worker.alive());
  EXPECT_EQ(worker.request({{"op", "probe"}}, 20).head.at("asked"), "probe");
}

TEST_F(WorkerTest, that_does_not_cancel_is_killed) {
  put_in_place("exec 3<&0\n" +
               scripted(2,
                        "    send({'progress': {'what': 'train', 'done': 1, 'of': None}})\n"
                        "    time.sleep(60)\n"));
  Worker worker(fake_.place());
  EXPECT_EQ(interrupted_build(worker), "build: interrupted");
  EXPECT_FALSE(worker.alive());
}

TEST_F(WorkerTest, that_crashes_is_an_error_with_its_signal) {
  Worker worker(fake_.place());
  std::string text =
      failure(worker, open_request(fake_.request({{"crash_at", 3}})), ErrorCode::backend_failed);
  EXPECT_THAT(text, AllOf(HasSubstr("open: the worker ended"), HasSubstr("signal 6 (aborted)")));
  EXPECT_EQ(failure(worker, {{"op", "visit"}}, ErrorCode::backend_failed), text);
}

TEST_F(WorkerTest, that_hangs_is_killed_after_the_time_out) {
  Worker worker(fake_.place());
  std::int64_t start = now_ns();
  EXPECT_THAT(
      failure(worker, open_request(fake_.request({{"hang_at", 2}})), ErrorCode::backend_failed, 1),
      HasSubstr("open: no answer within 1 s, the worker was killed"));
  EXPECT_LT(seconds_since(start), 5);
  EXPECT_FALSE(fs::exists("/proc/" + std::to_string(worker.pid())));
}

TEST_F(WorkerTest, that_is_killed_from_outside_says_so) {
  Worker worker(fake_.place());
  worker.request(open_request(fake_.request({{"latency_us", 10}})), 20);
  ::kill(worker.pid(), SIGKILL);
  EXPECT_THAT(failure(worker, {{"op", "output_hash"}}, ErrorCode::backend_failed),
              HasSubstr("signal 9 (out of memory, or killed by hand)"));
}

TEST_F(WorkerTest, that_fails_in_its_runtime_lives_on) {
  Worker worker(fake_.place());
  EXPECT_THAT(failure(worker, open_request(fake_.request({{"open_fails", "no licence"}})),
                      ErrorCode::backend_failed),
              HasSubstr("no licence"));
  EXPECT_THAT(
      failure(worker, open_request(fake_.request({{"fail_at", 2}})), ErrorCode::backend_failed),
      HasSubstr("told to fail at run 2"));
  EXPECT_NO_THROW(worker.request(open_request(fake_.request({{"latency_us", 10}})), 20));
}

TEST_F(WorkerTest, gives_its_last_words) {
  put_in_place("echo 'first line' >&2; echo 'cannot find libmagic.so' >&2; exit 3\n");
  Worker worker(fake_.place());
  EXPECT_THAT(
      failure(worker, {{"op", "probe"}}, ErrorCode::backend_failed),
      AllOf(HasSubstr("exit status 3"), HasSubstr("its last words: cannot find libmagic.so")));
}

TEST_F(WorkerTest, that_talks_a_lot_is_not_stopped_by_a_full_pipe) {
  put_in_place(
      "i=0; while [ $i -lt 20000 ]; do echo 'warning: many words'; i=$((i+1)); done >&2\n"
      "exec " TAMIS_BINARY_DIR "/tamis-worker\n");
  Worker worker(fake_.place());
  EXPECT_NO_THROW(worker.request(open_request(fake_.request({{"latency_us", 10}})), 30));
}

TEST_F(WorkerTest, that_speaks_no_frames_is_an_error) {
  put_in_place("echo hello world, this is no frame at all; cat >/dev/null\n");
  Worker worker(fake_.place());
  EXPECT_THAT(failure(worker, {{"op", "probe"}}, ErrorCode::backend_failed),
              HasSubstr("the worker ended"));
}

TEST_F(WorkerTest, that_is_missing_is_unavailable) {
  ::setenv("TAMIS_WORKER", "/nowhere/tamis-worker", 1);
  try {
    Worker worker(fake_.place());
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::unavailable);
    EXPECT_THAT(e.what(), HasSubstr("is Tamis installed completely?"));
  }
}

TEST_F(WorkerTest, takes_no_time_of_the_cpu_while_it_is_paused) {
  Worker worker(fake_.place());
  worker.request(open_request(fake_.request({{"latency_us", 10}})), 20);
  worker.pause();
  for (int i = 0; i < 300; ++i) {
    std::string status = load_text("/proc/" + std::to_string(worker.pid()) + "/status");
    if (status.at(status.find("State:") + 7) == 'T') break;
    ::usleep(10'000);
    ASSERT_LT(i, 299) << status;
  }
  EXPECT_NO_THROW(worker.request({{"op", "output_hash"}}, 20));  // it resumes by itself
}

TEST_F(WorkerTest, refuses_a_card_that_does_not_fit_the_model) {
  Worker worker(fake_.place());
  Card card = testing::FakeBackend::card();
  card.input_size = {16, 16};
  EXPECT_THAT(failure(worker, open_request(fake_.request({}, card)), ErrorCode::invalid_argument),
              HasSubstr("16"));
}

}  // namespace
}  // namespace tamis
