#include "cli/cli.h"
#include "graph/graph.h"

namespace tamis::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// A classifier of colours: the mean of red, green and blue.
class Data : public Cli {
 protected:
  std::string model() const {
    Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]>
      g (float[1,3,8,8] x) => (float[1,3] y) { m = GlobalAveragePool (x) y = Flatten (m) })")
        .save(path("colour.onnx"));
    return file("colour.onnx");
  }

  /// Four pictures of one colour in `folder`.
  void add(const std::string& folder, std::size_t channel) const {
    fs::create_directories(path(folder));
    for (int shade = 0; shade < 4; ++shade) {
      std::string pixels(8 * 8 * 3, '\x10');
      for (std::size_t p = 0; p < 64; ++p)
        pixels[p * 3 + channel] = static_cast<char>(100 + 10 * shade);
      save_file(path(folder + "/" + std::to_string(shade) + ".ppm"),
                std::string_view("P6\n8 8\n255\n" + pixels));
    }
  }

  Ended eval(const std::string& data, const Arguments& more = {}) const {
    Arguments all{"eval",     model(),   "--data",   file(data),      "--mean",
                  "0",        "--std",   "1",        "--threads",     "1",
                  "--resize", "stretch", "--labels", "red,green,blue"};
    all.insert(all.end(), more.begin(), more.end());
    return run(all);
  }

  /// Of a valid document.
  Json evaluated(const std::string& data) const {
    Ended ended = eval(data, {"--json"});
    EXPECT_EQ(ended.status, 0) << ended.err;
    if (ended.status != 0) return Json();
    EXPECT_EQ(schema_faults("eval", ended.out), "");
    return Json::parse(ended.out);
  }
};

TEST_F(Data, in_another_order_of_classes_is_judged_by_name) {
  TAMIS_NEEDS_ORT();
  add("all/red", 0), add("all/green", 1), add("all/blue", 2);
  Json all = evaluated("all");
  EXPECT_EQ(all.at("value"), 1.0);
  EXPECT_EQ(all.at("data").at("classes").at("matched"), "by name");
  EXPECT_EQ(all.at("data").at("classes_seen"), 3);
  EXPECT_THAT(eval("all").err, HasSubstr("all: 12 images of 3 classes"));
  EXPECT_THAT(eval("all").err, HasSubstr("their order differs, so labels are matched by name"));
  add("some/red", 0), add("some/blue", 2);
  EXPECT_EQ(evaluated("some").at("value"), 1.0);
}

TEST_F(Data, whose_classes_are_not_the_models_is_doubted_or_refused) {
  TAMIS_NEEDS_ORT();
  add("words/a", 0), add("words/b", 1), add("words/c", 2);
  Json words = evaluated("words");
  EXPECT_EQ(words.at("value"), 1.0) << "the numbers are kept";
  EXPECT_TRUE(words.at("data").at("classes").at("doubtful"));
  EXPECT_THAT(eval("words").err,
              HasSubstr("warning: none of the data's class names is the model's"));
  add("more/red", 0), add("more/green", 1), add("more/blue", 2), add("more/teal", 2);
  Ended more = eval("more");
  EXPECT_EQ(more.status, 2);
  EXPECT_THAT(more.err, HasSubstr("classes: teal of the data are none of the model's 3"));
}

TEST_F(Data, without_labels_says_where_they_were_looked_for) {
  TAMIS_NEEDS_ORT();
  add("plain", 0);
  Ended plain = eval("plain");
  EXPECT_EQ(plain.status, 2);
  EXPECT_THAT(plain.err, HasSubstr("looked for a folder per class"));
}

TEST_F(Data, that_calibrated_a_model_does_not_evaluate_it) {
  TAMIS_NEEDS_ORT();
  save_tiny_set(make_tiny_set(60, 2), path("one"), "t10k");
  Ended made = run({"quantize", demo_model(), "--data", file("one"), "--threads", "1",
                    "--trust-model", "--out", file("q.onnx"), "--json"});
  ASSERT_EQ(made.status, 0) << made.err;
  EXPECT_EQ(schema_faults("quantize", made.out), "");
  EXPECT_EQ(Json::parse(made.out).at("calibrated_on"), 48) << "a fifth is left";
  Ended rest = run({"eval", file("q.onnx"), "--data", file("one"), "--threads", "1", "--json"});
  ASSERT_EQ(rest.status, 0) << rest.err;
  EXPECT_EQ(Json::parse(rest.out).at("items"), 12);
}

}  // namespace
}  // namespace tamis::testing
