#include <regex>

#include "cli/cli.h"

namespace tamis::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class CommandLine : public Cli {};

TEST_F(CommandLine, help_names_every_command_and_loads_no_vendor_library) {
  Ended help = run({"--help"}, {{"LD_DEBUG", "files"}});
  EXPECT_EQ(help.status, 0);
  for (const char* command : {"doctor", "inspect", "optimize", "sweep", "eval", "bench", "explain",
                              "quantize", "apply", "report", "cache"})
    EXPECT_THAT(help.out, HasSubstr(command));
  EXPECT_THAT(help.err, HasSubstr("libc.so"));  // the loader did speak
  for (const char* library : {"onnxruntime", "openvino", "opencv", "torch", "tamis-ort"})
    EXPECT_THAT(help.err, Not(HasSubstr(library)));
}

TEST_F(CommandLine, help_shows_the_defaults) {
  std::string optimize = run({"optimize", "--help"}).out;
  EXPECT_THAT(optimize, ContainsRegex("--budget BUDGET [^\n]*.default: 10m"));
  EXPECT_THAT(optimize, ContainsRegex("--confidence CONFIDENCE[^(]*.default: 95%"));
  EXPECT_THAT(run({"sweep", "--help"}).out, ContainsRegex("--budget BUDGET [^\n]*.default: 12h"));
  EXPECT_THAT(run({"bench", "--help"}).out,
              ContainsRegex("--instances N[^(]*.1..10000; default: 20"));
  for (const char* command : {"optimize", "sweep", "eval", "bench", "quantize", "apply"})
    EXPECT_THAT(run({command, "--help"}).out, Not(HasSubstr("[]")));
}

TEST_F(CommandLine, every_command_has_help_with_json) {
  for (const char* command : {"doctor", "inspect", "optimize", "sweep", "eval", "bench", "explain",
                              "quantize", "apply", "report", "cache"}) {
    Ended help = run({command, "--help"});
    EXPECT_EQ(help.status, 0) << command;
    EXPECT_THAT(help.out, HasSubstr("--json")) << command;
  }
}

TEST_F(CommandLine, version_names_the_runtimes) {
  Ended version = run({"--version"});
  EXPECT_EQ(version.status, 0);
  EXPECT_TRUE(std::regex_search(version.out, std::regex("tamis [0-9]+\\.[0-9]+"))) << version.out;
  EXPECT_THAT(version.out, HasSubstr("\nort "));
  EXPECT_THAT(version.out, HasSubstr("\nopenvino "));
}

struct Refused {
  Arguments arguments;
  const char* text;
};

TEST_F(CommandLine, an_unknown_word_is_answered_with_the_nearest_names) {
  const std::string model = demo_model();
  for (const Refused& row : std::initializer_list<Refused>{
           {{"optimise"}, "unknown command 'optimise'; did you mean optimize?"},
           {{"--verson"}, "unknown option --verson; did you mean --version?"},
           {{"eval", model, "--dataa", "x"}, "unknown option --dataa; did you mean --data?"},
           {{"inspect", model, "again"}, "'again' was not expected here; see tamis inspect --help"},
           {{"cache", "clen"}, "unknown action 'clen'; did you mean clean?"},
           {{"eval", model, "--data", "x", "--threads", "0"}, "--threads"},
           {{"bench", model + "@bakend=ort"}, "unknown setting 'bakend'; did you mean backend?"},
           {{"bench", model + "@threads=many"}, "threads=many: give a number from 1 to 4096"},
           {{"bench", model + "@threads"}, "'threads' has no value; write threads=VALUE"},
           {{"bench", model, "--budget", "10"}, "--budget 10: has no unit"},
           {{"bench", model, "--in-flight", "2"}, "only --objective throughput"},
           {{"bench", model, "--objective", "speed"}, "known: latency, throughput"},
           {{"bench", model + "@provider=cudda"}, "did you mean cuda?"}})
    EXPECT_THAT(refusal(row.arguments, 2), HasSubstr(row.text));
}

TEST_F(CommandLine, a_missing_argument_is_named) {
  EXPECT_THAT(refusal({"inspect"}, 2), HasSubstr("model is required"));
  EXPECT_THAT(refusal({"eval", demo_model()}, 2), HasSubstr("--data is required"));
  EXPECT_THAT(refusal({"optimize", demo_model(), "--data", "x"}, 2),
              HasSubstr("--out is required"));
  EXPECT_THAT(refusal({"sweep", demo_model(), "--data", tiny_data()}, 2),
              HasSubstr("needs --out DIR, or --dry-run"));
}

TEST_F(CommandLine, a_value_that_makes_no_sense_is_refused_before_any_work) {
  for (const Refused& row : std::initializer_list<Refused>{
           {{"--backend", "openvin"}, "--backend: unknown value 'openvin'; did you mean openvino?"},
           {{"--precision", "int9"}, "--precision: unknown value 'int9'"},
           {{"--graph-level", "al"}, "did you mean all?"},
           {{"--threads", "two"}, "--threads: 'two' is not a positive number"},
           {{"--inference-precision", "bf61"}, "did you mean bf16"},
           {{"--axis", "threads=two"}, "--threads: 'two' is not a positive number"},
           {{"--axis", "theads=1"}, "unknown axis 'theads'; did you mean threads"},
           {{"--axis", "threads"}, "--axis threads: give NAME=A,B,… such as threads=1,2"},
           {{"--axis", "threads="}, "--axis threads=: give NAME=A,B,…"},
           {{"--objective", "speed"}, "known: latency, throughput, size, memory"},
           {{"--max-drop", "1"}, "give 1% (of the baseline's value) or 0.5pt"},
           {{"--confidence", "5"}, "such as 95% or 0.95"},
           {{"--confidence", "10%"}, "give 50% to 99.9%"},
           {{"--budget", "soon"}, "a time such as 500ms"},
           {{"--max-size", "big"}, "a size such as 800kB"},
           {{"--max-latency", "-3ms"}, "--max-latency"}}) {
    Arguments all{"optimize", demo_model(), "--data", tiny_data(), "--out", file("out")};
    all.insert(all.end(), row.arguments.begin(), row.arguments.end());
    EXPECT_THAT(refusal(all, 2), HasSubstr(row.text));
    EXPECT_FALSE(std::filesystem::exists(path("out")));
  }
}

TEST_F(CommandLine, an_axis_is_named_by_its_option_or_in_general) {
  const Arguments sweep{"sweep",     demo_model(), "--data",    tiny_data(),
                        "--pinning", "default",    "--dry-run", "--json"};
  auto plan = [&](const Arguments& axes) {
    Arguments all = sweep;
    all.insert(all.end(), axes.begin(), axes.end());
    return run(all).out;
  };
  const std::string own =
      plan({"--backend", "ort", "--threads", "1,2", "--graph-level", "all", "--precision", "fp32"});
  EXPECT_THAT(own, HasSubstr("\"expected_runs\": 3"));
  EXPECT_EQ(plan({"--axis", "backend=ort", "--axis", "threads=1,2", "--axis", "graph-level=all",
                  "--precision", "fp32"}),
            own);
  // Both forms of one axis add up.
  EXPECT_THAT(plan({"--backend", "ort", "--threads", "1", "--axis", "threads=2", "--axis",
                    "graph-level=all", "--precision", "fp32"}),
              HasSubstr("\"expected_runs\": 3"));
}

TEST_F(CommandLine, an_unknown_backend_of_eval_is_refused) {
  EXPECT_THAT(refusal({"eval", demo_model(), "--data", tiny_data(), "--backend", "openvin"}, 2),
              HasSubstr("did you mean openvino?"));
}

TEST_F(CommandLine, a_library_that_is_not_there_is_named) {
  std::string text =
      refusal({"eval", demo_model(), "--data", tiny_data(), "--library", file("none.so")}, 6);
  EXPECT_THAT(text, HasSubstr("none.so"));
}

TEST_F(CommandLine, quantize_writes_onnx_files_only) {
  EXPECT_THAT(refusal({"quantize", demo_model(), "--data", tiny_data(), "--out", file("q.txt")}, 2),
              HasSubstr("give the name of an .onnx file"));
  EXPECT_THAT(refusal({"quantize", demo_model(), "--data", tiny_data(), "--out", file("q.onnx"),
                       "--for", "tensorflow"},
                      2),
              HasSubstr("did you mean tensorrt?"));
}

TEST_F(CommandLine, quantize_refuses_options_that_its_precision_has_not) {
  const Arguments start{"quantize", demo_model(), "--out", file("q.onnx"), "--precision"};
  const auto with = [&](std::initializer_list<std::string> more) {
    Arguments all = start;
    all.insert(all.end(), more);
    return refusal(all, 2);
  };
  EXPECT_THAT(with({"int8-dinamic"}), HasSubstr("did you mean int8-dynamic"));
  EXPECT_THAT(with({"int8-dynamic", "--for", "ort"}), HasSubstr("leave --for out"));
  EXPECT_THAT(with({"int8-dynamic", "--block", "128"}), HasSubstr("--block: int8-dynamic has no"));
}

TEST_F(CommandLine, quantize_refuses_ranges_that_mean_nothing) {
  EXPECT_THAT(refusal({"quantize", demo_model(), "--data", tiny_data(), "--out", file("q.onnx"),
                       "--method", "mes"},
                      2),
              HasSubstr("mse"));
  EXPECT_THAT(refusal({"quantize", demo_model(), "--data", tiny_data(), "--out", file("q.onnx"),
                       "--percentile", "99.9"},
                      2),
              HasSubstr("--method percentile"));
}

TEST_F(CommandLine, quantize_refuses_a_model_that_is_no_better_than_chance_on_its_labels) {
  TAMIS_NEEDS_ORT();
  std::string text = refusal({"quantize", demo_model(), "--data", tiny_data(), "--out",
                              file("q.onnx"), "--threads", "1", "--quiet"},
                             2);
  EXPECT_THAT(text, HasSubstr("no better than chance on 16 labelled images"));
  EXPECT_THAT(text, HasSubstr("labels are in the model's order"));
}

TEST_F(CommandLine, cache_lists_and_cleans) {
  Json empty = parse_json(run({"cache", "list", "--json"}).out, "cache");
  EXPECT_TRUE(empty.at("entries").empty());
  EXPECT_EQ(parse_json(run({"cache", "clean", "--json"}).out, "cache").at("freed_bytes"), 0);
}

}  // namespace
}  // namespace tamis::testing
