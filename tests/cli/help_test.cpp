#include <regex>
#include <sstream>

#include "cli/cli.h"

namespace tamis::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class Help : public Cli {
 protected:
  /// The commands that the program names.
  std::vector<std::string> commands() const {
    std::istringstream help(run({"--help"}).out);
    std::vector<std::string> names;
    bool found = false;
    for (std::string line; std::getline(help, line);) {
      if (found) names.push_back(line.substr(2, line.find(' ', 2) - 2));
      found = found || line == "Commands:";
    }
    EXPECT_GT(names.size(), 12U);
    return names;
  }
};

TEST_F(Help, of_every_command_has_an_example_and_ranges_as_people_write_them) {
  for (const std::string& command : commands()) {
    const Ended help = run({"help", command});
    EXPECT_EQ(help.status, 0) << command;
    EXPECT_THAT(help.out, HasSubstr("Usage: tamis " + command)) << command;
    EXPECT_THAT(help.out, HasSubstr("Example:\n  tamis " + command)) << command;
    EXPECT_EQ(help.out, run({command, "--help"}).out) << command;
    for (const char* jargon : {"INT:", "UINT", "TEXT", "FLOAT", "REQUIRED", " - 4096]"})
      EXPECT_THAT(help.out, Not(HasSubstr(jargon))) << command;
  }
  EXPECT_THAT(run({"help", "bench"}).out,
              ContainsRegex("--threads N +Threads of the runtime .1..4096"));
  EXPECT_THAT(run({"--help-all"}).out, HasSubstr("\ntamis bench\n"));
  EXPECT_THAT(refusal({"help", "benhc"}, 2), HasSubstr("did you mean bench?"));
}

TEST_F(Help, keeps_its_width) {
  std::istringstream help(run({"bench", "--help"}).out);  // no terminal: 120 columns
  for (std::string line; std::getline(help, line);) EXPECT_LE(line.size(), 130U) << line;
}

TEST_F(Help, is_a_man_page_too) {
  ASSERT_EQ(run({"man", "--out", file("man1")}).status, 0);
  for (const std::string& command : commands())
    EXPECT_TRUE(fs::exists(path("man1/tamis-" + command + ".1"))) << command;
  const std::string page = load_text(path("man1/tamis-bench.1"));
  EXPECT_THAT(page, HasSubstr(".TH TAMIS\\-BENCH 1"));
  EXPECT_THAT(page, HasSubstr(".TP\n\\fB\\-\\-threads\\fR \\fIN\\fR\n"));
  for (const char c : page) ASSERT_LT(static_cast<unsigned char>(c), 0x80);
  EXPECT_EQ(run({"man", "bench"}).out, page);
}

TEST_F(Help, completes_in_bash) {
  const std::string script = file("tamis.bash");
  save_file(script, std::string_view(run({"completion", "bash"}).out));
  const auto completed = [&](const std::string& words, int at) {
    return run_program("/bin/bash", {"-c", "source " + script + "; COMP_WORDS=(" + words +
                                               "); COMP_CWORD=" + std::to_string(at) +
                                               "; _tamis; echo ${COMPREPLY[@]}"})
        .out;
  };
  EXPECT_EQ(completed("tamis be", 1), "bench\n");
  EXPECT_EQ(completed("tamis bench --inf", 2), "--inference-precision\n");
  EXPECT_EQ(completed("tamis fit an", 2), "\n");  // no file of that name here
}

TEST_F(Help, completes_in_other_shells_and_names_those_it_knows) {
  EXPECT_THAT(run({"completion", "zsh"}).out, HasSubstr("#compdef tamis"));
  EXPECT_THAT(run({"completion", "fish"}).out,
              HasSubstr("__fish_seen_subcommand_from bench' -l threads -r"));
  EXPECT_THAT(refusal({"completion", "tcsh"}, 2), HasSubstr("unknown shell 'tcsh'"));
}

TEST_F(Help, short_names_of_options_are_taken) {
  EXPECT_THAT(run({"-V"}).out, HasSubstr("tamis 0."));
  EXPECT_THAT(refusal({"apply", demo_model(), "-o", file("x.txt"), "--step", "simplify", "-q"}, 2),
              HasSubstr("give the name of an .onnx file"));
}

TEST_F(Help, other_tools_names_are_understood) {
  const Arguments sweep{"sweep", demo_model(), "--data", tiny_data(), "--dry-run", "--json"};
  const auto plan = [&](const Arguments& axes) {
    Arguments all = sweep;
    all.insert(all.end(), axes.begin(), axes.end());
    return run(all).out;
  };
  EXPECT_EQ(plan({"--backend", "onnxruntime", "--precision", "FP32,int8", "--device", "cpu"}),
            plan({"--backend", "ort", "--precision", "fp32,int8-static", "--device", "CPU"}));
  EXPECT_THAT(refusal({"benchmark"}, 2), HasSubstr("did you mean bench?"));
  EXPECT_THAT(refusal({"eval", demo_model(), "--dataset", "x"}, 2),
              HasSubstr("did you mean --data?"));
  EXPECT_THAT(refusal({"eval", demo_model(), "--dat", "x"}, 2),
              HasSubstr("did you mean --data?\n"));
}

TEST_F(Help, a_model_may_be_called_as_a_command_is) {
  EXPECT_THAT(refusal({"inspect", "eval"}, 3), HasSubstr("eval"));
}

}  // namespace
}  // namespace tamis::testing
