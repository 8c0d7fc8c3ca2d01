#include "cli/cli.h"

namespace tamis::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class Config : public Cli {
 protected:
  std::string config(const std::string& text) const {
    save_file(path("run.yaml"), std::string_view(text));
    return file("run.yaml");
  }
};

TEST_F(Config, stands_for_the_options_in_it) {
  const Ended typed =
      run({"sweep", demo_model(), "--data", tiny_data(), "--backend", "ort", "--precision", "fp32",
           "--graph-level", "all", "--pinning", "default", "--threads", "1,2", "--dry-run"});
  ASSERT_EQ(typed.status, 0) << typed.err;
  save_file(path("run.yaml"),
            std::string_view("command: sweep\nmodel: " + demo_model() + "\ndata: " + tiny_data() +
                             "\nbackend: [ort]\nprecision: fp32\ngraph-level: all\n"
                             "pinning: default\nthreads: [1, 2]\ndry-run: true\n"));
  EXPECT_EQ(run({"sweep", "--config", file("run.yaml")}).out, typed.out);
  // What is typed comes first, under any of its names.
  EXPECT_THAT(run({"sweep", "--config", file("run.yaml"), "--threads", "1"}).out,
              HasSubstr("Expected runs: 2"));
  EXPECT_THAT(refusal({"sweep", "/nowhere.onnx", "--config", file("run.yaml")}, 3),
              HasSubstr("/nowhere.onnx"));
}

TEST_F(Config, that_is_wrong_is_refused_by_name) {
  const Arguments sweep{"sweep", "--config", file("run.yaml")};
  config("thread: 1\n");
  EXPECT_THAT(refusal(sweep, 2),
              HasSubstr("run.yaml: unknown key 'thread'; did you mean threads?"));
  config("command: optimize\n");
  EXPECT_THAT(refusal(sweep, 2), HasSubstr("is for tamis \"optimize\", and not for tamis sweep"));
  config("threads: {a: 1}\n");
  EXPECT_THAT(refusal(sweep, 2), HasSubstr("threads: give a value, or a list of values"));
  config("dry-run: perhaps\n");
  EXPECT_THAT(refusal(sweep, 2), HasSubstr("dry-run: give true or false"));
  config("- a\n- b\n");
  EXPECT_THAT(refusal(sweep, 4), HasSubstr("holds no options"));
  config("a: [\n");
  EXPECT_THAT(refusal(sweep, 4), HasSubstr("not YAML: line"));
  config("a: &a [*a]\n");
  EXPECT_THAT(refusal(sweep, 4), HasSubstr("holds itself"));
  config("threads: nine\nmodel: x\ndata: y\nout: z\n");
  EXPECT_THAT(refusal(sweep, 2), HasSubstr("nine"));
  EXPECT_THAT(refusal({"sweep", "--config", "/nowhere.yaml"}, 3), HasSubstr("/nowhere.yaml"));
  EXPECT_THAT(run({"sweep", "--config", file("run.yaml"), "--help"}).out,
              HasSubstr("Usage: tamis sweep"));
  // What is missing is still missed.
  config("data: x\n");
  EXPECT_THAT(refusal(sweep, 2), HasSubstr("model is required"));
}

}  // namespace
}  // namespace tamis::testing
