#include "cli/cli.h"
#include "graph/graph.h"

namespace tamis::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// What people and scripts see: streams, statuses, and nothing that the terminal would obey.
class Terminal : public Cli {
 protected:
  /// A shell line, in which $TAMIS is the program.
  Ended shell(const std::string& line, const Environment& more = {}) const {
    Environment all = environment();
    all.emplace_back("TAMIS", program());
    all.insert(all.end(), more.begin(), more.end());
    return run_program("/bin/sh", {"-c", line}, all);
  }

  static void expect_one_clean_line(const std::string& text) {
    EXPECT_EQ(text.find('\n'), text.size() - 1) << text;
    for (char c : text.substr(0, text.size() - 1))
      EXPECT_GE(static_cast<unsigned char>(c), 0x20) << text;
  }
};

TEST_F(Terminal, output_that_does_not_arrive_is_an_error) {
  for (const std::string& call :
       {std::string("--help"), std::string("cache list"), "inspect " + demo_model() + " --json",
        "inspect " + demo_model()}) {
    Ended ended = shell("\"$TAMIS\" " + call + " > /dev/full");
    EXPECT_EQ(ended.status, 8) << call;
    EXPECT_THAT(ended.err, HasSubstr("write standard output: No space left on device")) << call;
  }
}

TEST_F(Terminal, a_closed_standard_output_is_an_error) {
  Ended ended = shell("\"$TAMIS\" inspect " + demo_model() + " >&-");
  EXPECT_EQ(ended.status, 8) << ended.err;
}

TEST_F(Terminal, a_reader_that_had_enough_is_no_error) {
  Ended ended = shell("{ \"$TAMIS\" inspect " + demo_model() +
                      " --json; echo status $? >&2; } | head -c 1 > /dev/null");
  EXPECT_THAT(ended.err, HasSubstr("status 0"));
}

TEST_F(Terminal, closed_streams_hinder_no_command) {
  for (const char* closed : {"<&-", "2>&-", "<&- 2>&-"}) {
    Ended ended = shell("\"$TAMIS\" inspect " + demo_model() + " " + closed);
    EXPECT_EQ(ended.status, 0) << closed << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("parameters")) << closed;
  }
}

TEST_F(Terminal, what_the_file_system_refuses_is_said) {
  fs::create_symlink("loop.onnx", path("loop.onnx"));
  const std::string long_name = file(std::string(300, 'a') + ".onnx");
  for (const Arguments& call :
       {Arguments{"inspect", file("loop.onnx")}, Arguments{"inspect", long_name},
        Arguments{"apply", demo_model(), "--step", "simplify", "--out", long_name},
        Arguments{"apply", demo_model(), "--step", "simplify", "--out", file("loop.onnx")},
        Arguments{"optimize", demo_model(), "--data", long_name, "--out", file("out")},
        Arguments{"eval", demo_model(), "--data", file("loop.onnx")}}) {
    Ended ended = run(call);
    EXPECT_TRUE(ended.status == 8 || ended.status == 3 || ended.status == 2)
        << ended.status << ended.err;
    EXPECT_THAT(ended.err, Not(HasSubstr("please report")));
    EXPECT_THAT(ended.err, AnyOf(HasSubstr("File name too long"),
                                 HasSubstr("Too many levels of symbolic links")));
  }
  fs::copy(demo_model(), path("m.onnx"));
  Ended ended = run({"apply", file("m.onnx"), "--step", "simplify", "--out", file("n.onnx")},
                    {{"TMPDIR", "/etc/passwd"}});
  EXPECT_EQ(ended.status, 8) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("create temporary folder in /etc/passwd: Not a directory; name "
                                   "a folder in TMPDIR"));
}

TEST_F(Terminal, names_from_a_model_are_escaped) {
  Graph graph = Graph::load(demo_model());
  const std::string evil = "x\x1b]0;owned\x07\x1b[2J\r\nparameters  0 M";
  graph.proto().set_producer_name(evil);
  graph.graph().mutable_output(0)->set_name(evil);
  graph.graph().mutable_node(graph.graph().node_size() - 1)->set_output(0, evil);
  graph.save(path("evil.onnx"));
  fs::copy(fs::path(demo_model()).replace_extension(".card.yaml"), path("evil.card.yaml"));
  for (const Arguments& call : {Arguments{"inspect", file("evil.onnx")},
                                Arguments{"inspect", file("evil.onnx"), "--json"}}) {
    Ended ended = run(call);
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("owned"));
    for (char c : ended.out + ended.err)
      EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n') << ended.out;
    EXPECT_THAT(ended.out, Not(HasSubstr("\nparameters  0 M")));
  }
}

TEST_F(Terminal, an_error_is_one_line_whatever_is_in_it) {
  const std::string name = file("no\x1b[2J\nsuch\r.onnx");
  Ended ended = run({"inspect", name});
  EXPECT_EQ(ended.status, 3);
  expect_one_clean_line(ended.err);
  EXPECT_THAT(ended.err, HasSubstr("\\x1b[2J\\nsuch\\r.onnx"));
  expect_one_clean_line(run({"eval", demo_model(), "--da\x1bta", "x"}).err);
}

/// The lines of an strace log that name an internet socket.
std::string internet_calls(const std::string& log) {
  std::string found;
  std::size_t at = 0;
  while (at < log.size()) {
    const std::size_t end = std::min(log.find('\n', at), log.size());
    const std::string line = log.substr(at, end - at);
    const bool opens = line.find("socket(") != std::string::npos;
    if (opens && line.find("AF_UNIX") == std::string::npos) found += line + "\n";
    at = end + 1;
  }
  return found;
}

TEST_F(Terminal, no_command_opens_a_socket_to_the_world_or_writes_beside_its_cache) {
  TAMIS_NEEDS_ORT();
  if (shell("strace -f -e trace=socket -o /dev/null true").status != 0)
    GTEST_SKIP() << "strace is missing, or may not trace here";
  fs::create_directories(path("home"));
  const Environment home{{"HOME", file("home")}};
  const std::string data = tiny_data();
  const std::string trace =
      "strace -f -qq -e trace=socket,connect -o '" + file("log") + "' \"$TAMIS\" ";
  const std::string model = demo_model();
  for (const std::string& call :
       {std::string("doctor"), "inspect " + model, "bench " + model + " --rounds 2 --budget 5s",
        "eval " + model + " --data " + data,
        "apply " + model + " --step simplify --out " + file("o.onnx")}) {
    Ended ended = shell(trace + call, home);
    EXPECT_EQ(ended.status, 0) << call << ended.err;
    EXPECT_EQ(internet_calls(load_text(path("log"))), "") << call;
  }
  EXPECT_TRUE(fs::is_empty(path("home"))) << "something was written to HOME";
}

}  // namespace
}  // namespace tamis::testing
