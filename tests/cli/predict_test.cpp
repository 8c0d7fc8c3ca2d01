#include "cli/cli.h"
#include "graph/graph.h"

namespace tamis::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// A classifier of colours: the mean of red, green and blue.
class Predict : public Cli {
 protected:
  std::string model(const std::string& name = "colour") const {
    Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]>
      g (float[1,3,8,8] x) => (float[1,3] y) { m = GlobalAveragePool (x) y = Flatten (m) })")
        .save(path(name + ".onnx"));
    return file(name + ".onnx");
  }

  std::string image(const std::string& name, std::size_t channel) const {
    fs::create_directories(path(name).parent_path());
    std::string pixels(8 * 8 * 3, '\x10');
    for (std::size_t p = 0; p < 64; ++p) pixels[p * 3 + channel] = '\x70';
    save_file(path(name), std::string_view("P6\n8 8\n255\n" + pixels));
    return file(name);
  }

  static Arguments with_card(Arguments arguments) {
    const Arguments card{"--mean", "0",        "--std",   "1",        "--threads",
                         "1",      "--resize", "stretch", "--labels", "red,green,blue"};
    arguments.insert(arguments.end(), card.begin(), card.end());
    return arguments;
  }
};

TEST_F(Predict, names_what_it_sees_and_writes_it) {
  TAMIS_NEEDS_ORT();
  image("in/a.ppm", 2), image("in/deep/b.ppm", 0);
  const Ended ended = run(with_card({"predict", model(), file("in"), "--out", file("out")}));
  ASSERT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("a.ppm: blue"));
  EXPECT_THAT(ended.out, HasSubstr("deep/b.ppm: red"));
  EXPECT_THAT(ended.out, HasSubstr("2 images in "));
  EXPECT_TRUE(fs::exists(path("out/images/a.jpg")));
  EXPECT_TRUE(fs::exists(path("out/images/deep/b.jpg")));
  const std::string lines = load_text(path("out/predictions.jsonl"));
  const Json first = Json::parse(lines.substr(0, lines.find('\n')));
  EXPECT_EQ(first.at("image"), "a.ppm");
  EXPECT_EQ(first.at("width"), 8);
  EXPECT_EQ(first.at("classes").at(0).at("name"), "blue");
}

TEST_F(Predict, leaves_out_what_is_no_image_and_says_so) {
  TAMIS_NEEDS_ORT();
  save_file(path("bad.jpg"), std::string_view("no image"));
  const Arguments both =
      with_card({"predict", model(), file("bad.jpg"), image("good.ppm", 1), "--json"});
  const Ended ended = run(both);
  ASSERT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(schema_faults("predict", ended.out), "");
  const Json document = Json::parse(ended.out);
  EXPECT_EQ(document.at("images"), 1);
  EXPECT_EQ(document.at("bad").at(0).at("image"), file("bad.jpg"));
  EXPECT_EQ(document.at("predictions").at(0).at("image"), file("good.ppm"));
  EXPECT_THAT(ended.err, HasSubstr("warning: image " + file("bad.jpg") + ": cannot be decoded"));
  EXPECT_THAT(refusal(with_card({"predict", model(), file("bad.jpg")}), 4),
              HasSubstr("no image could be used"));
}

TEST_F(Predict, compares_two_models) {
  TAMIS_NEEDS_ORT();
  // The other one is told that blue comes first: it disagrees about everything but green.
  const std::string other = model("other");
  save_file(path("other.card.yaml"),
            std::string_view("task: classify\ninput: {size: [8, 8], color: bgr, mean: [0, 0, 0], "
                             "std: [1, 1, 1], resize: stretch}\nlabels: [red, green, blue]\n"));
  image("in/r.ppm", 0), image("in/g.ppm", 1), image("in/b.ppm", 2);
  const Ended ended = run(with_card(
      {"predict", model(), file("in"), "--compare", other, "--out", file("out"), "--json"}));
  ASSERT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(schema_faults("predict", ended.out), "");
  const Json document = Json::parse(ended.out);
  EXPECT_EQ(document.at("compare").at("images"), 3);
  EXPECT_EQ(document.at("compare").at("changed"), 2);
  for (const Json& one : document.at("predictions")) {
    const bool green = one.at("image") == "g.ppm";
    EXPECT_EQ(one.at("classes").at(0) == one.at("other").at("classes").at(0), green) << one;
  }
}

TEST_F(Predict, refuses_what_it_cannot_do) {
  TAMIS_NEEDS_ORT();
  const std::string in = image("in/a.ppm", 0);
  EXPECT_THAT(refusal(with_card({"predict", model(), "/nowhere"}), 3),
              HasSubstr("/nowhere: no such file or folder"));
  EXPECT_THAT(
      refusal(with_card({"predict", model(), in, "--out", file("out"), "--format", "coco"}), 2),
      HasSubstr("this model's task is classify"));
  EXPECT_THAT(refusal(with_card({"predict", model(), in, "--min-score", "7"}), 2),
              HasSubstr("--min-score 7: give a value from 0 to 1"));
  EXPECT_THAT(
      refusal({"predict", model(), in, "--decoder", "none", "--mean", "0", "--std", "1"}, 5),
      HasSubstr("nothing is known that reads its outputs: y float [1,3]"));
}

}  // namespace
}  // namespace tamis::testing
