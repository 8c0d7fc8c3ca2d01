#include "cli/cli.h"
#include "graph/graph.h"

namespace tamis::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kSmall = R"(
<ir_version: 8, opset_import: ["" : 17]>
g (float[SHAPE] x) => (float[N,10] y)
{
  m = GlobalAveragePool(x)
  f = Flatten(m)
  y = Concat<axis: int = 1>(f, f, f, f, f, f, f, f, f, f)
})";

class BadInput : public Cli {
 protected:
  std::string small_model(const std::string& shape) const {
    std::string text = kSmall;
    text.replace(text.find("SHAPE"), 5, shape);
    Graph::parse_text(text).save(path("small.onnx"));
    return file("small.onnx");
  }

  /// The demo model with one weight in a file of its own.
  std::string external_model(const std::string& location) const {
    Graph graph = Graph::load(demo_model());
    onnx::TensorProto& tensor = *graph.graph().mutable_initializer(0);
    tensor.clear_raw_data();
    tensor.clear_float_data();
    tensor.set_data_location(onnx::TensorProto::EXTERNAL);
    auto& entry = *tensor.add_external_data();
    entry.set_key("location");
    entry.set_value(location);
    fs::create_directories(path("model"));
    graph.save(path("model/m.onnx"));
    return file("model/m.onnx");
  }

  std::string inspecting(const std::string& model, int status) const {
    std::string text = refusal({"inspect", model}, status);
    EXPECT_THAT(text, HasSubstr(fs::path(model).filename().string()));
    return text;
  }
  std::string evaluating(const std::string& data, int status, const Arguments& more = {}) const {
    Arguments all{"eval", demo_model(), "--data", data, "--threads", "1", "--quiet"};
    all.insert(all.end(), more.begin(), more.end());
    return refusal(all, status);
  }
};

TEST_F(BadInput, a_model_that_is_not_there) {
  EXPECT_THAT(inspecting(file("none.onnx"), 3), HasSubstr("no such file"));
}

TEST_F(BadInput, a_folder_that_is_no_model) {
  EXPECT_THAT(refusal({"inspect", folder_.path().string()}, 2), HasSubstr("without model.onnx"));
}

TEST_F(BadInput, a_file_that_is_not_onnx) {
  save_file(path("text.onnx"), std::string_view("weights and other poems\n"));
  EXPECT_THAT(inspecting(file("text.onnx"), 4), HasSubstr("not an ONNX file"));
  save_file(path("empty.onnx"), std::string_view(""));
  EXPECT_THAT(inspecting(file("empty.onnx"), 4), HasSubstr("empty"));
}

TEST_F(BadInput, a_truncated_model) {
  std::string bytes = load_text(demo_model());
  save_file(path("half.onnx"), std::string_view(bytes).substr(0, bytes.size() / 2));
  EXPECT_THAT(inspecting(file("half.onnx"), 4), HasSubstr("copy or export it again"));
}

TEST_F(BadInput, external_data_that_is_missing) {
  EXPECT_THAT(inspecting(external_model("weights.bin"), 4), HasSubstr("weights.bin"));
}

TEST_F(BadInput, external_data_outside_the_models_folder) {
  save_file(path("secret.bin"), std::string_view("secret"));
  EXPECT_THAT(inspecting(external_model("../secret.bin"), 2),
              AllOf(HasSubstr("../secret.bin"), HasSubstr("outside")));
  EXPECT_THAT(inspecting(external_model("/etc/passwd"), 2), HasSubstr("/etc/passwd"));
}

TEST_F(BadInput, an_unknown_operator) {
  Graph graph = Graph::load(demo_model());
  graph.graph().mutable_node(0)->set_op_type("Convolute");
  graph.save(path("odd.onnx"));
  EXPECT_THAT(inspecting(file("odd.onnx"), 5), HasSubstr("Convolute"));
}

TEST_F(BadInput, dynamic_shapes_without_a_given_size) {
  std::string model = small_model("N,1,H,W");
  std::string text = refusal({"eval", model, "--data", tiny_data(), "--task", "classify", "--mean",
                              "0", "--std", "1", "--scale", "255", "--color", "gray"},
                             2);
  EXPECT_THAT(text, HasSubstr("--input-size"));
}

TEST_F(BadInput, an_input_that_the_memory_cannot_hold) {
  const std::string model = small_model("1,1,300000,300000");
  const std::vector<Arguments> commands{
      {"apply", model, "--step", "simplify", "--out", file("out.onnx")},
      {"bench", model},
      {"explain", model}};
  for (const Arguments& command : commands)
    EXPECT_THAT(refusal(command, 6),
                AllOf(HasSubstr("small.onnx: running it takes at least 360 GB of memory"),
                      HasSubstr("this machine can spare; use a smaller input size")));
  EXPECT_THAT(run({"inspect", model}).out, HasSubstr("cannot run  running it takes at least"));
  const std::string modest = small_model("1,1,3000,3000");
  EXPECT_THAT(refusal({"bench", modest}, 6, {{"TAMIS_WORKER_MEMORY", "20MB"}}),
              HasSubstr("at least 36 MB of memory, more than the 20 MB"));
}

TEST_F(BadInput, normalisation_that_nothing_tells) {
  std::string text =
      refusal({"eval", small_model("N,1,28,28"), "--data", tiny_data(), "--task", "classify"}, 2);
  EXPECT_THAT(text, AllOf(HasSubstr("--"), HasSubstr("mean")));
}

TEST_F(BadInput, a_wrong_channel_count) {
  EXPECT_THAT(evaluating(tiny_data(), 2, {"--color", "rgb"}),
              AllOf(HasSubstr("wrong channel count"), HasSubstr("--color")));
}

TEST_F(BadInput, a_wrong_input_size) {
  EXPECT_THAT(evaluating(tiny_data(), 2, {"--input-size", "32"}), HasSubstr("--input-size"));
}

TEST_F(BadInput, labels_out_of_range) {
  TAMIS_NEEDS_ORT();
  TinySet set = make_tiny_set(20, 3);
  set.labels[7] = 10;
  save_tiny_set(set, path("data"), "t10k");
  std::string text = evaluating(file("data"), 2);
  EXPECT_THAT(text, AllOf(HasSubstr("10"), HasSubstr("t10k-images-idx3-ubyte#7")));
}

TEST_F(BadInput, data_that_is_not_there_or_empty) {
  EXPECT_THAT(evaluating(file("none"), 3), HasSubstr("no such file or folder"));
  fs::create_directories(path("void"));
  EXPECT_THAT(evaluating(file("void"), 2), AllOf(HasSubstr("void"), HasSubstr("looked for")));
  save_tiny_set(make_tiny_set(0, 1), path("zero"), "t10k");
  Ended ended = run({"eval", demo_model(), "--data", file("zero")});
  EXPECT_TRUE(ended.status == 2 || ended.status == 4) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("zero"));
}

TEST_F(BadInput, damaged_idx_files) {
  std::string folder = tiny_data();
  std::string images = load_text(path("data/t10k-images-idx3-ubyte"));
  save_file(path("data/t10k-images-idx3-ubyte"), std::string_view(images).substr(0, 900));
  EXPECT_THAT(evaluating(folder, 4), HasSubstr("t10k-images-idx3-ubyte"));
}

TEST_F(BadInput, a_split_that_is_not_there) {
  EXPECT_THAT(evaluating(tiny_data(), 3, {"--split", "tst"}),
              AllOf(HasSubstr("tst"), HasSubstr("val")));
}

TEST_F(BadInput, calibration_on_the_evaluation_pictures) {
  TinySet set = make_tiny_set(30, 2);
  save_tiny_set(set, path("data"), "t10k");
  save_tiny_set(set, path("same"), "t10k");
  std::string text = refusal({"optimize", demo_model(), "--data", file("data"), "--calibration",
                              file("same"), "--out", file("out"), "--quiet"},
                             2);
  EXPECT_THAT(text, HasSubstr("calibrat"));
  EXPECT_FALSE(fs::exists(path("out/decision.json")));
}

TEST_F(BadInput, pictures_that_cannot_be_decoded_are_named_and_counted) {
  TAMIS_NEEDS_ORT();
  for (int i = 0; i < 6; ++i) {
    fs::path folder = path("pictures") / std::to_string(i % 2);
    fs::create_directories(folder);
    std::string pixels(64, static_cast<char>(i * 20));
    save_file(folder / (std::to_string(i) + ".pgm"), std::string_view(pgm_text(8, pixels)));
  }
  save_file(path("pictures/0/broken.pgm"), std::string_view("P5\n8 8\n255\nxx"));
  save_file(path("pictures/1/vast.pgm"), std::string_view(pgm_text(900000, "x")));
  std::string text = evaluating(file("pictures"), 4);
  EXPECT_THAT(text, AllOf(HasSubstr("broken.pgm"), HasSubstr("--allow-bad")));
  Ended allowed = run({"eval", demo_model(), "--data", file("pictures"), "--allow-bad", "2"});
  EXPECT_EQ(allowed.status, 0) << allowed.err;
  EXPECT_THAT(allowed.err, AllOf(HasSubstr("broken.pgm"), HasSubstr("vast.pgm")));
}

TEST_F(BadInput, an_output_that_cannot_be_written) {
  save_file(path("a-file"), std::string_view("kept"));
  for (const char* command : {"optimize", "sweep"})
    EXPECT_THAT(
        refusal({command, demo_model(), "--data", tiny_data(), "--out", file("a-file/x")}, 8),
        AllOf(HasSubstr("a-file"), HasSubstr("choose another folder")));
  EXPECT_THAT(
      refusal({"quantize", demo_model(), "--data", tiny_data(), "--out", file("a-file/q.onnx")}, 8),
      HasSubstr("choose another folder"));
  EXPECT_EQ(load_text(path("a-file")), "kept");
}

TEST_F(BadInput, a_refused_quantize_leaves_no_file) {
  TAMIS_NEEDS_ORT();
  refusal({"quantize", demo_model(), "--data", file("none"), "--out", file("q/q.onnx"), "--quiet"},
          3);
  EXPECT_TRUE(!fs::exists(path("q")) || fs::is_empty(path("q")));
}

TEST_F(BadInput, a_card_with_an_unknown_key) {
  fs::copy_file(demo_model(), path("m.onnx"));
  save_file(path("m.card.yaml"), std::string_view("task: classify\ninptu: {size: [28, 28]}\n"));
  Ended ended = run({"eval", file("m.onnx"), "--data", tiny_data()});
  EXPECT_THAT(ended.status, ::testing::AnyOf(2, 4)) << ended.err;
  EXPECT_THAT(ended.err, AllOf(HasSubstr("inptu"), HasSubstr("input")));
}

TEST_F(BadInput, a_path_with_an_at_sign_that_leads_nowhere) {
  fs::create_directories(path("me@host=1"));
  for (const char* name : {"me@host=1/m.onnx", "you@host/m.onnx"}) {
    const std::string text = refusal({"bench", file(name), "--quiet"}, 3);
    EXPECT_THAT(text, AllOf(HasSubstr(name), Not(HasSubstr("unknown setting"))));
  }
  fs::copy_file(demo_model(), path("me@host=1/m.onnx"));
  EXPECT_THAT(refusal({"bench", file("me@host=1/m.onnx@bakend=ort"), "--quiet"}, 2),
              HasSubstr("unknown setting 'bakend'"));
}

TEST_F(BadInput, a_model_with_a_second_input_cannot_be_timed) {
  Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]>
      g (float[1,3,32,32] x, int64[1,2] original_sizes) => (float[1,10] y) {
        m = GlobalAveragePool(x)
        f = Flatten(m)
        s = Cast<to: int = 1>(original_sizes)
        y = Concat<axis: int = 1>(f, f, s, s)
      })")
      .save(path("two.onnx"));
  const std::string text = refusal({"bench", file("two.onnx"), "--quiet"}, 5);
  EXPECT_THAT(text, AllOf(HasSubstr("two.onnx"), HasSubstr("2 inputs"),
                          HasSubstr("--hold-input original_sizes="),
                          HasSubstr("export the model without")));
}

TEST_F(BadInput, a_folder_whose_run_json_is_damaged) {
  fs::copy_file(demo_model(), path("model.onnx"));
  fs::copy_file(TAMIS_SOURCE_DIR "/demo/fashion_resnet.card.yaml", path("model.card.yaml"));
  save_file(path("run.json"), std::string_view("{\"settings\": "));
  std::string text = refusal({"bench", folder_.path().string(), "--quiet"}, 4);
  EXPECT_THAT(text, HasSubstr("run.json"));
  save_file(path("run.json"), std::string_view("{}"));
  EXPECT_THAT(refusal({"bench", folder_.path().string(), "--quiet"}, 4), HasSubstr("run.json"));
}

TEST_F(BadInput, a_result_json_that_is_damaged) {
  save_file(path("result.json"), std::string_view("{}"));
  EXPECT_THAT(refusal({"report", folder_.path().string()}, 4), HasSubstr("result.json"));
}

}  // namespace
}  // namespace tamis::testing
