#include "card/card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"

namespace tamis {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Dims = std::vector<std::optional<std::int64_t>>;

ModelFacts facts(const Dims& input, const Dims& output) {
  ModelFacts facts;
  facts.inputs = {{"images", DataType::f32, input}};
  facts.outputs = {{"out", DataType::f32, output}};
  return facts;
}

ModelFacts detector() { return facts({1, 3, 640, 640}, {1, 84, 8400}); }
ModelFacts classifier() { return facts({std::nullopt, 3, 32, 32}, {std::nullopt, 10}); }

ModelFacts ultralytics() {
  ModelFacts out =
      facts({std::nullopt, 3, std::nullopt, std::nullopt}, {std::nullopt, 6, std::nullopt});
  out.metadata = {{"author", "Ultralytics"},
                  {"task", "detect"},
                  {"imgsz", "[320, 416]"},
                  {"names", "{0: 'cat', 1: \"dog's\"}"}};
  return out;
}

CardOptions given_options(std::map<std::string, std::string> given) { return {std::move(given)}; }
const CardOptions kNormal = given_options({{"mean", "0.5"}, {"std", "0.25,0.5,1"}});

std::string card_failure(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::string card_failure(const ModelFacts& model, const CardOptions& given) {
  return card_failure([&] { resolve_card(model, std::nullopt, given); });
}

class CardFile : public ::testing::Test {
 protected:
  fs::path write(const std::string& yaml) const {
    save_file(folder_.path() / "m.card.yaml", yaml);
    return folder_.path() / "m.card.yaml";
  }
  std::string failure_of(const std::string& yaml) const {
    return card_failure([&] { resolve_card(classifier(), write(yaml), {}); });
  }
  TemporaryFolder folder_;
};

TEST(Card, infers_a_detector_from_its_shapes) {
  Card card = resolve_card(detector(), std::nullopt, {});
  EXPECT_EQ(card.task, TaskKind::detect);
  EXPECT_EQ(card.decoder, "yolov8");
  EXPECT_EQ(card.input_size, (Size{640, 640}));
  EXPECT_EQ(card.resize, ResizeRule::letterbox);
  EXPECT_EQ(card.pad, 114);
  EXPECT_THAT(card.mean, ElementsAre(0, 0, 0));
  EXPECT_THAT(card.std, ElementsAre(1, 1, 1));
  EXPECT_EQ(card.sources.at("input.size"), "input shape [1,3,640,640]");
  EXPECT_EQ(card.sources.at("decoder"), "output shape [1,84,8400]");
  EXPECT_EQ(card.sources.at("input.mean"), "default of decoder yolov8");
}

TEST(Card, infers_an_anomaly_detector_from_a_score_and_a_map) {
  ModelFacts model = facts({1, 3, 64, 64}, {1, 1});
  model.outputs.push_back({"map", DataType::f32, {1, 1, 16, 16}});
  CardOptions options{{{"mean", "0"}, {"std", "1"}, {"threshold", "2.5"}}};
  Card card = resolve_card(model, std::nullopt, options);
  EXPECT_EQ(card.task, TaskKind::anomaly);
  EXPECT_EQ(card.decoder, "anomaly");
  EXPECT_EQ(card.threshold, 2.5);
  EXPECT_EQ(parse_card(to_json(card, false)).threshold, 2.5);
  EXPECT_THAT(to_yaml(card), HasSubstr("threshold: 2.5"));
  try {
    resolve_card(classifier(), std::nullopt, options);
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("leave --threshold out"));
  }
}

TEST(Card, reads_the_metadata_of_ultralytics) {
  Card card = resolve_card(ultralytics(), std::nullopt, {});
  EXPECT_EQ(card.input_size, (Size{320, 416}));
  EXPECT_THAT(card.labels, ElementsAre("cat", "dog's"));
  EXPECT_EQ(card.sources.at("labels"), "model metadata \"names\"");
  EXPECT_EQ(card.sources.at("input.size"), "model metadata \"imgsz\"");
}

TEST(Card, reads_names_in_any_spelling) {
  const auto labels = [](const std::string& names) {
    ModelFacts model = ultralytics();
    model.metadata["names"] = names;
    return resolve_card(model, std::nullopt, {}).labels;
  };
  for (const char* names :
       {"{0: 'red', 1: 'green'}", R"({"0": "red", "1": "green"})", R"(["red", "green"])",
        "('red', 'green')", "red,green", "red, green", R"(["r\u0065d", "green"])"})
    EXPECT_THAT(labels(names), ElementsAre("red", "green")) << names;
  for (const char* none : {"", "  ", "{}", "[]"}) EXPECT_THAT(labels(none), ElementsAre()) << none;
}

TEST(Card, believes_an_option_before_it_reads_the_metadata) {
  ModelFacts model = ultralytics();
  model.metadata["names"] = "{0: 'cut";
  model.metadata["imgsz"] = "as you like";
  model.metadata["task"] = "pose";
  const Card card = resolve_card(
      model, std::nullopt,
      given_options({{"labels", "red,green"}, {"input-size", "320"}, {"task", "detect"}}));
  EXPECT_THAT(card.labels, ElementsAre("red", "green"));
  EXPECT_THAT(card_failure(model, given_options({{"input-size", "320"}, {"task", "detect"}})),
              HasSubstr("give --labels"));
  EXPECT_THAT(card_failure(model, given_options({{"labels", "red,green"}, {"task", "detect"}})),
              HasSubstr("give --input-size"));
  EXPECT_THAT(card_failure(model, given_options({{"labels", "red,green"}, {"input-size", "320"}})),
              HasSubstr("its task is \"pose\", which Tamis does not know"));
}

TEST(Card, says_of_an_input_in_half_precision_that_it_is_one) {
  ModelFacts model = detector();
  model.inputs[0].type = DataType::f16;
  const Card card = resolve_card(model, std::nullopt, {});
  EXPECT_EQ(card.input_type, DataType::f16);
  EXPECT_EQ(parse_card(to_json(card, true)).input_type, DataType::f16);
  EXPECT_THAT(card_failure(model, given_options({{"input-type", "f32"}})),
              HasSubstr("correct --input-type"));
}

TEST(Card, knows_how_ultralytics_classifiers_prepare_pictures) {
  ModelFacts model = facts({1, 3, 224, 224}, {1, 1000});
  model.metadata = {{"author", "Ultralytics"}, {"task", "classify"}};
  Card card = resolve_card(model, std::nullopt, {});
  EXPECT_EQ(card.resize, ResizeRule::center_crop);
  EXPECT_EQ(card.short_side, 224);
  EXPECT_THAT(card.mean, ElementsAre(0, 0, 0));
}

TEST(Card, asks_for_the_normalisation_of_a_classifier) {
  std::string text = card_failure(classifier(), {});
  EXPECT_THAT(text, HasSubstr("--mean and --std"));
  Card card = resolve_card(classifier(), std::nullopt, kNormal);
  EXPECT_THAT(card.mean, ElementsAre(0.5, 0.5, 0.5));
  EXPECT_THAT(card.std, ElementsAre(0.25, 0.5, 1));
  EXPECT_EQ(card.sources.at("input.std"), "option --std");
}

TEST(Card, asks_for_the_size_of_a_dynamic_model) {
  ModelFacts model = facts({1, 3, std::nullopt, std::nullopt}, {1, 84, std::nullopt});
  EXPECT_THAT(card_failure(model, {}), HasSubstr("--input-size HxW"));
  EXPECT_EQ(
      resolve_card(model, std::nullopt, given_options({{"input-size", "320x640"}})).input_size,
      (Size{320, 640}));
  EXPECT_EQ(resolve_card(model, std::nullopt, given_options({{"input-size", "320"}})).input_size,
            (Size{320, 320}));
}

TEST(Card, refuses_what_contradicts_the_model) {
  EXPECT_THAT(card_failure(detector(), given_options({{"input-size", "320"}})),
              HasSubstr("leave --input-size out"));
  EXPECT_THAT(card_failure(detector(), given_options({{"color", "gray"}})),
              HasSubstr("wrong channel count"));
  EXPECT_THAT(card_failure(detector(), given_options({{"labels", "a,b"}})),
              HasSubstr("2 labels (option --labels), but the model's output [1,84,8400] has 80"));
  EXPECT_THAT(card_failure(detector(), given_options({{"decoder", "classifier"}})),
              HasSubstr("reads outputs [N,classes]"));
  EXPECT_THAT(
      card_failure(detector(), given_options({{"decoder", "yolov8"}, {"task", "classify"}})),
      HasSubstr("is of the task detect"));
  EXPECT_THAT(card_failure(detector(), given_options({{"task", "classify"}})),
              HasSubstr("fit no known decoder of the task \"classify\""));
  EXPECT_THAT(card_failure(detector(), given_options({{"short-side", "700"}})),
              HasSubstr("leave --short-side out"));
  EXPECT_THAT(
      card_failure(classifier(), given_options({{"mean", "0"}, {"std", "1"}, {"pad", "3"}})),
      HasSubstr("leave --pad out"));
  EXPECT_THAT(card_failure(classifier(), given_options({{"mean", "0"},
                                                        {"std", "1"},
                                                        {"resize", "center_crop"},
                                                        {"short-side", "30"}})),
              HasSubstr("larger --short-side"));
}

TEST(Card, refuses_values_that_make_no_sense) {
  EXPECT_THAT(card_failure(detector(), given_options({{"colour", "rgb"}})),
              HasSubstr("did you mean color?"));
  EXPECT_THAT(card_failure(detector(), given_options({{"color", "rbg"}})),
              HasSubstr("option --color: unknown value \"rbg\""));
  EXPECT_THAT(card_failure(detector(), given_options({{"std", "0"}})), HasSubstr("option --std"));
  EXPECT_THAT(card_failure(detector(), given_options({{"mean", "a,b,c"}})),
              HasSubstr("option --mean"));
  EXPECT_THAT(card_failure(detector(), given_options({{"mean", "1,2"}})),
              HasSubstr("1 or 3 numbers"));
  EXPECT_THAT(card_failure(detector(), given_options({{"scale", "nan"}})),
              HasSubstr("option --scale"));
  EXPECT_THAT(card_failure(detector(), given_options({{"input-size", "640x640x3"}})),
              HasSubstr("option --input-size"));
  EXPECT_THAT(card_failure(detector(), given_options({{"pad", "256"}})),
              HasSubstr("from 0 to 255"));
  EXPECT_THAT(card_failure(detector(), given_options({{"decoder", "yolov9"}})),
              HasSubstr("did you mean yolov8"));
  EXPECT_THAT(card_failure(detector(), given_options({{"labels", "/no/such/file"}})),
              HasSubstr("/no/such/file"));
}

TEST(Card, refuses_models_that_it_does_not_understand) {
  EXPECT_THAT(card_failure(facts({1, 640, 640, 7}, {1, 84, 8400}), {}), HasSubstr("[1,640,640,7]"));
  EXPECT_THAT(card_failure(facts({1, 12}, {1, 10}), {}), HasSubstr("[N,C,H,W]"));
  ModelFacts two = detector();
  two.inputs.push_back(two.inputs[0]);
  EXPECT_THAT(card_failure(two, {}), HasSubstr("2 inputs"));
  ModelFacts pose = ultralytics();
  pose.metadata["task"] = "pose";
  EXPECT_THAT(card_failure(pose, {}), HasSubstr("\"pose\""));
}

TEST(Card, takes_one_channel_for_gray) {
  Card card = resolve_card(facts({1, 1, 28, 28}, {1, 10}), std::nullopt,
                           given_options({{"mean", "0.2"}, {"std", "0.3"}}));
  EXPECT_EQ(card.color, ColorOrder::gray);
  EXPECT_THAT(card.mean, ElementsAre(0.2));
}

TEST_F(CardFile, beats_metadata_and_shapes_and_is_beaten_by_options) {
  fs::path file = write("task: detect\ninput: {size: [640, 320], pad: 0, color: bgr}\n");
  Card card = resolve_card(ultralytics(), file, given_options({{"color", "rgb"}}));
  EXPECT_EQ(card.input_size, (Size{640, 320}));
  EXPECT_EQ(card.pad, 0);
  EXPECT_EQ(card.color, ColorOrder::rgb);
  EXPECT_EQ(card.sources.at("input.color"), "option --color");
  EXPECT_EQ(card.sources.at("input.pad"), "card file m.card.yaml");
}

TEST_F(CardFile, reads_labels_beside_itself) {
  save_file(folder_.path() / "names.txt",
            std::string_view("zero\n001\r\nc\nd\ne\nf\ng\nh\ni\nj\n"));
  Card card =
      resolve_card(classifier(), write("input: {mean: 0, std: 1}\nlabels: names.txt\n"), {});
  EXPECT_EQ(card.labels.size(), 10u);
  EXPECT_EQ(card.labels[1], "001");
}

TEST_F(CardFile, names_no_labels_outside_its_folder) {
  TemporaryFolder other("tamis-test");
  save_file(other.path() / "secret", std::string_view("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n"));
  std::filesystem::create_symlink(other.path() / "secret", folder_.path() / "link");
  const std::string up = "../" + other.path().filename().string() + "/secret";
  for (const std::string& name : {(other.path() / "secret").string(), up, std::string("link")})
    EXPECT_THAT(failure_of("input: {mean: 0, std: 1}\nlabels: " + name),
                HasSubstr("labels: \"" + name + "\" lies outside the card's folder"));
  const Card card = resolve_card(
      classifier(), write("input: {mean: 0, std: 1}"),
      given_options({{"labels", (other.path() / "secret").string()}}));  // the user may
  EXPECT_EQ(card.labels.size(), 10u);
}

TEST(Card, metadata_name_no_file) {
  TemporaryFolder folder("tamis-test");
  std::string lines;
  for (int i = 0; i < 80; ++i) lines += "secret\n";
  save_file(folder.path() / "secret", lines);
  ModelFacts facts = ultralytics();
  facts.metadata["names"] = "'" + (folder.path() / "secret").string() + "'";
  EXPECT_THAT(card_failure(facts, {}),
              HasSubstr("1 labels"));  // the text itself, not the 80 in the file
}

TEST_F(CardFile, that_stands_for_values_without_end_is_refused) {
  EXPECT_THAT(failure_of("task: &a [*a]"), HasSubstr("nested too deeply, or holds itself"));
  EXPECT_THAT(failure_of("input: &a {size: *a}"), HasSubstr("nested too deeply, or holds itself"));
  std::string bomb = "labels:\n- &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int n = 1; n <= 6; ++n) {
    bomb += "- &a" + std::to_string(n) + " [";
    for (int i = 0; i < 10; ++i) bomb += (i == 0 ? "*a" : ", *a") + std::to_string(n - 1);
    bomb += "]\n";
  }
  EXPECT_THAT(failure_of(bomb), HasSubstr("more than 50000 values"));
  EXPECT_THAT(failure_of("task: " + std::string(2 << 20, 'x')), HasSubstr("that a card may have"));
  EXPECT_THAT(failure_of(std::string(100'000, '[')), HasSubstr("m.card.yaml"));
}

TEST_F(CardFile, takes_names_that_are_no_utf8) {
  save_file(folder_.path() / "names.txt",
            std::string_view("\xff\xfe\nb\nc\nd\ne\nf\ng\nh\ni\nj\n"));
  Card card =
      resolve_card(classifier(), write("input: {mean: 0, std: 1}\nlabels: names.txt\n"), {});
  EXPECT_THAT(to_yaml(card), HasSubstr("labels: [\"\xEF\xBF\xBD"));
}

TEST_F(CardFile, names_file_and_key_of_what_is_wrong) {
  EXPECT_THAT(failure_of("tsk: classify"),
              HasSubstr("card file m.card.yaml: unknown key \"tsk\"; did you mean task?"));
  EXPECT_THAT(failure_of("input: {men: 0}"),
              HasSubstr("unknown key \"input.men\"; did you mean mean?"));
  EXPECT_THAT(failure_of("input: {mean: zero, std: 1}"),
              HasSubstr("card file m.card.yaml: input.mean: expected a number"));
  EXPECT_THAT(failure_of("input: [1, 2"), HasSubstr("m.card.yaml: not YAML: line"));
  EXPECT_THAT(failure_of("just text"), HasSubstr("not a card"));
  EXPECT_THAT(failure_of("decoder: [1]"), HasSubstr("decoder: expected a name"));
  EXPECT_THAT(failure_of("input: 3"), HasSubstr("input"));
}

TEST_F(CardFile, is_found_beside_its_model) {
  EXPECT_EQ(card_file_beside(folder_.path() / "m.onnx"), std::nullopt);
  fs::path file = write("task: classify");
  EXPECT_EQ(card_file_beside(folder_.path() / "m.onnx"), file);
}

TEST_F(CardFile, that_is_no_file_is_found_too_and_refused_when_it_is_read) {
  const fs::path model = folder_.path() / "m.onnx", file = folder_.path() / "m.card.yaml";
  fs::create_directory(file);
  ASSERT_EQ(card_file_beside(model), file);
  EXPECT_THROW(resolve_card(ultralytics(), file, {}), Error);
  fs::remove(file);
  fs::create_symlink("nowhere", file);
  ASSERT_EQ(card_file_beside(model), file);
  EXPECT_THROW(resolve_card(ultralytics(), file, {}), Error);
  EXPECT_EQ(card_file_beside(folder_.path() / (std::string(250, 'm') + ".onnx")), std::nullopt)
      << "no file can have the name that its card would have";
}

TEST_F(CardFile, yaml_and_json_round_trip) {
  Card card = resolve_card(ultralytics(), std::nullopt, given_options({{"mean", "0.1,0.25,3"}}));
  Card again = resolve_card(ultralytics(), write(to_yaml(card)), {});
  EXPECT_EQ(to_json(again, false), to_json(card, false));
  Card parsed = parse_card(to_json(card, true));
  EXPECT_EQ(to_json(parsed, true), to_json(card, true));
  EXPECT_FALSE(to_json(card, false).contains("sources"));
  EXPECT_THAT(card_failure([&] {
                parse_card(Json{{"task", "detect"}});
              }),
              HasSubstr("input.color is missing"));
}

TEST(Card, options_are_listed_once_per_key) {
  std::vector<std::string> names;
  for (const CardOption& option : card_options()) names.emplace_back(option.name);
  EXPECT_THAT(names, ElementsAre("task", "input-size", "input-sizes", "input-type", "layout",
                                 "color", "scale", "mean", "std", "resize", "short-side", "pad",
                                 "anchor", "threshold", "decoder", "reg-max", "strides", "outputs",
                                 "hold-input", "labels"));
}

TEST_F(CardFile, holds_inputs_name_by_name_and_keeps_them) {
  const fs::path file =
      write("input: {mean: 0, std: 1}\nhold: {labels: [640, 480], odd name: 0.5, third: [1]}\n");
  const CardOptions said = given_options({{"hold-input", "third=2, 3;fourth=1e3"}});
  const std::map<std::string, std::vector<double>> wanted{
      {"labels", {640, 480}}, {"odd name", {0.5}}, {"third", {2, 3}}, {"fourth", {1000}}};
  EXPECT_EQ(inputs_to_hold(file, said), wanted);
  const Card card = resolve_card(classifier(), file, said);
  EXPECT_EQ(card.hold, wanted);
  EXPECT_EQ(card.sources.at("hold"), "option --hold-input, card file m.card.yaml");
  const Card again = resolve_card(classifier(), write(to_yaml(card)), {});
  EXPECT_EQ(again.hold, wanted);
  EXPECT_EQ(to_json(again, false), to_json(card, false));
  EXPECT_EQ(parse_card(to_json(card, true)).hold, wanted);
  EXPECT_FALSE(to_json(resolve_card(ultralytics(), {}, {}), false).contains("hold"));
}

TEST_F(CardFile, names_what_is_wrong_with_inputs_to_hold) {
  const auto of_option = [](const std::string& text) {
    return card_failure([&] { inputs_to_hold({}, given_options({{"hold-input", text}})); });
  };
  for (const char* text : {"sizes", "=1", "sizes=", "a=1;"})
    EXPECT_THAT(of_option(text), HasSubstr("--hold-input: ")) << text;
  EXPECT_THAT(of_option("sizes"), HasSubstr("sizes: give NAME=VALUES"));
  EXPECT_THAT(of_option("sizes=1,x"), HasSubstr("sizes: expected a number, got \"x\""));
  EXPECT_THAT(of_option("sizes=1,"), HasSubstr("sizes: expected a number"));
  const auto of_file = [&](const std::string& yaml) {
    return card_failure([&] { inputs_to_hold(write(yaml), {}); });
  };
  EXPECT_THAT(of_file("hold: [640, 640]"),
              HasSubstr("card file m.card.yaml: hold: expected inputs by name"));
  EXPECT_THAT(of_file("hold: {sizes: []}"), HasSubstr("hold: sizes: has no numbers"));
  EXPECT_THAT(of_file("hold: {sizes: [a]}"), HasSubstr("hold: sizes: expected a number"));
}

TEST(Card, reads_pictures_of_bytes_from_the_input) {
  ModelFacts bytes = facts({1, 480, 640, 3}, {1, 84, 6300});
  bytes.inputs[0].type = DataType::u8;
  const Card card = resolve_card(bytes, {}, {});
  EXPECT_EQ(card.layout, InputLayout::nhwc);
  EXPECT_EQ(card.input_type, DataType::u8);
  EXPECT_EQ(card.input_size, (Size{480, 640}));
  EXPECT_EQ(card.scale, 1);
  EXPECT_EQ(card.input_shape(), (Shape{1, 480, 640, 3}));
  EXPECT_THAT(to_yaml(card), HasSubstr("type: u8, layout: nhwc"));
  const Card again = parse_card(to_json(card, true));
  EXPECT_EQ(to_json(again, true), to_json(card, true));
}

TEST(Card, of_a_float_input_says_nothing_of_bytes) {
  const std::string yaml = to_yaml(resolve_card(detector(), {}, {}));
  EXPECT_EQ(yaml.find("layout"), std::string::npos);
  EXPECT_EQ(yaml.find("type:"), std::string::npos);
}

ModelFacts cut_detector() {
  ModelFacts out = facts({1, 3, 64, 64}, {});
  out.outputs.clear();
  for (int stride : {8, 16, 32}) {
    out.outputs.push_back({"boxes", DataType::f32, {1, 64, 64 / stride, 64 / stride}});
    out.outputs.push_back({"classes", DataType::f32, {1, 80, 64 / stride, 64 / stride}});
  }
  return out;
}

TEST(Card, infers_a_head_that_was_cut_off_and_checks_what_is_said_of_it) {
  EXPECT_EQ(resolve_card(cut_detector(), {}, {}).decoder, "yolov8-cut");
  CardOptions options;
  options.given = {{"reg-max", "16"}, {"strides", "8,16,32"}};
  const Card card = resolve_card(cut_detector(), {}, options);
  EXPECT_THAT(card.strides, ElementsAre(8, 16, 32));
  EXPECT_THAT(to_yaml(card), HasSubstr("reg_max: 16\nstrides: [8, 16, 32]"));
  EXPECT_THAT(card_failure(cut_detector(), {{{"reg-max", "8"}}}), HasSubstr("correct --reg-max"));
  EXPECT_THAT(card_failure(cut_detector(), {{{"strides", "8,16"}}}), HasSubstr("has 3 levels"));
  EXPECT_THAT(card_failure(cut_detector(), {{{"strides", "8,16,64"}}}),
              HasSubstr("correct --strides"));
}

}  // namespace
}  // namespace tamis
