#include "deploy/usage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Json run_of(const std::string& backend, const std::string& resize, const std::string& decoder) {
  return {{"schema", "tamis/run/1"},
          {"model", "model.onnx"},
          {"settings", {{"backend", backend}, {"device", "CPU"}, {"threads", 2}}},
          {"card",
           {{"task", "classify"},
            {"input",
             {{"size", {224, 320}},
              {"color", "bgr"},
              {"scale", 255},
              {"mean", {0.5, 0.4, 0.3}},
              {"std", {1, 1, 1}},
              {"resize", resize},
              {"short_side", 256}}},
            {"decoder", decoder}}}};
}

std::string usage_of(const Json& run) {
  TemporaryFolder folder;
  return load_text(write_usage(run, folder.path()));
}

TEST(Usage, sets_onnx_runtime_as_measured) {
  Json run = run_of("ort", "center_crop", "classifier");
  run["settings"]["graph_level"] = "extended";
  std::string text = usage_of(run);
  for (const char* part :
       {"GraphOptimizationLevel.ORT_ENABLE_EXTENDED", "options.intra_op_num_threads = 2",
        "SetIntraOpNumThreads(2)", "[0.5,0.4,0.3]", "[..., ::-1]", "(256, int(256 * w / h))"})
    EXPECT_THAT(text, HasSubstr(part));
}

TEST(Usage, sets_openvino_as_measured) {
  Json run = run_of("openvino", "letterbox", "yolov8");
  run["settings"]["inference_precision"] = "bf16";
  std::string text = usage_of(run);
  for (const char* part :
       {"\"INFERENCE_PRECISION_HINT\": \"bf16\"", "{\"INFERENCE_NUM_THREADS\", \"2\"}", "NMSBoxes",
        "min(224 / h, 320 / w)"})
    EXPECT_THAT(text, HasSubstr(part));
}

TEST(Usage, feeds_bytes_as_they_are_where_the_model_takes_them) {
  for (const char* backend : {"ort", "openvino"}) {
    Json run = run_of(backend, "letterbox", "yolov8");
    run["card"]["input"]["type"] = "u8";
    run["card"]["input"]["layout"] = "nhwc";
    std::string text = usage_of(run);
    EXPECT_THAT(text, HasSubstr("np.ascontiguousarray(placed[None], dtype=np.uint8)"));
    EXPECT_THAT(text, HasSubstr("1, 224, 320, 3"));
    EXPECT_THAT(text, HasSubstr("uint8_t"));
    EXPECT_THAT(text, Not(HasSubstr("placed / np.float32")));
    EXPECT_THAT(text, Not(::testing::ContainsRegex("@[A-Z_]+@")));
  }
}

TEST(Usage, says_what_its_code_does_not_do) {
  Json run = run_of("openvino", "letterbox", "yolov8-cut");
  EXPECT_THAT(usage_of(run), HasSubstr("The head was cut off"));
  EXPECT_THAT(usage_of(run), Not(HasSubstr("a set of input sizes")));
  run["card"]["input"]["sizes"] = {{224, 320}, {320, 224}};
  EXPECT_THAT(usage_of(run), HasSubstr("a set of input sizes, [[224,320],[320,224]]"));
}

TEST(Usage, leaves_no_word_unreplaced) {
  for (const char* backend : {"ort", "openvino"})
    for (const char* resize : {"letterbox", "stretch", "center_crop"})
      for (const char* decoder : {"classifier", "yolov8", "other"})
        EXPECT_THAT(usage_of(run_of(backend, resize, decoder)),
                    Not(::testing::ContainsRegex("@[A-Z_]+@")));
}

TEST(Usage, keeps_what_was_not_asked_for_at_the_runtimes_default) {
  Json run = run_of("ort", "stretch", "classifier");
  run["settings"]["threads"] = nullptr;
  EXPECT_THAT(usage_of(run), Not(HasSubstr("intra_op")));
}

TEST(Usage, refuses_what_it_does_not_know) {
  TemporaryFolder folder;
  auto refusal = [&](const Json& run) -> std::string {
    try {
      write_usage(run, folder.path());
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(refusal(run_of("fake", "stretch", "")),
              HasSubstr("no example code for the backend 'fake'"));
  EXPECT_THAT(refusal(run_of("ort", "squeeze", "")), HasSubstr("card.input.resize"));
  EXPECT_THAT(refusal(Json::object()), HasSubstr("schema"));
  Json run = run_of("ort", "stretch", "");
  run["card"]["input"].erase("size");
  EXPECT_THAT(refusal(run), HasSubstr("card.input.size"));
}

}  // namespace
}  // namespace tamis
