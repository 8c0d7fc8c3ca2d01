#include <gtest/gtest.h>

#include "base/files.h"
#include "quantize/quantize.h"
#include "runtimes.h"
#include "support/needs.h"

namespace tamis {
namespace {

constexpr std::int64_t kSide = 32;

/// A detector's head: boxes and classes of two levels, whose ranges differ, meet at two Concats.
Graph two_level_head() {
  Graph graph = Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[1,8,H,W] x) => (float[1,13,A] y) {
      c = Conv <pads = [1,1,1,1]> (x, w)
      fine = Relu(c)
      d = Conv <pads = [1,1,1,1], strides = [2,2]> (fine, v)
      coarse = Relu(d)
      box0 = Conv (fine, wb0, bb0)
      class0 = Conv (fine, wc0, bc0)
      box1 = Conv (coarse, wb1, bb1)
      class1 = Conv (coarse, wc1, bc1)
      both0 = Concat <axis = 1> (box0, class0)
      both1 = Concat <axis = 1> (box1, class1)
      shape = Shape (x)
      first = Constant <value = int64[1] {0}> ()
      batch = Gather (shape, first)
      rest = Constant <value = int64[2] {13, -1}> ()
      rows = Concat <axis = 0> (batch, rest)
      flat0 = Reshape (both0, rows)
      flat1 = Reshape (both1, rows)
      all = Concat <axis = 2> (flat0, flat1)
      sizes = Constant <value = int64[2] {8, 5}> ()
      boxes, classes = Split <axis = 1> (all, sizes)
      heights0 = Shape <start = 2, end = 3> (both0)
      heights1 = Shape <start = 2, end = 3> (both1)
      heights = Add (heights0, heights1)
      scale = Cast <to = 1> (heights)
      wide = Exp (boxes)
      spread = Div (wide, scale)
      scores = Sigmoid (classes)
      y = Concat <axis = 1> (spread, scores)
    })");
  add_random(graph, "w", {8, 8, 3, 3}, 0.2, 1);
  add_random(graph, "v", {8, 8, 3, 3}, 0.2, 2);
  unsigned seed = 3;
  for (const char* level : {"0", "1"}) {
    const double reach = level[0] == '0' ? 0.2 : 0.5;  // of what the level's branches put out
    add_random(graph, std::string("wb") + level, {8, 8, 1, 1}, reach, seed++);
    add_random(graph, std::string("bb") + level, {8}, reach, seed++);
    add_random(graph, std::string("wc") + level, {5, 8, 1, 1}, reach, seed++);
    add_random(graph, std::string("bc") + level, {5}, 2 * reach, seed++);
  }
  graph.reindex();
  return graph;
}

OpenSession open_in(const std::string& name, bool keep_open) {
  return [name, keep_open](const std::filesystem::path& model) {
    OpenRequest request;
    request.model = model;
    request.settings.backend = name;
    request.settings.threads = 1;
    request.settings.inference_precision = "f32";
    request.input_shapes = {{1, 8, kSide, kSide}};
    request.keep_open = keep_open;
    return find_backend(name)->open(request);
  };
}

TEST(OpenSides, are_right_in_both_runtimes_in_the_portable_form) {
  TAMIS_NEEDS_RUNTIME("ort");
  TAMIS_NEEDS_RUNTIME("openvino");
  Graph graph = two_level_head();
  TemporaryFolder folder("tamis-test");
  graph.save(folder.path() / "float.onnx");
  const FeedCalibration feed = noise_of({1, 8, kSide, kSide}, 12);
  QuantizeOptions options;
  options.corrections = CorrectionLevel::none;
  quantize_static(graph, options, open_in("ort", false), feed);
  graph.save(folder.path() / "int8.onnx");
  std::vector<NamedRuntime> runtimes;
  for (const char* name : {"ort", "openvino"})
    runtimes.push_back({name, open_in(name, false), open_in(name, true)});
  for (const RuntimeCheck& check :
       check_quantized(folder.path() / "float.onnx", folder.path() / "int8.onnx",
                       {"ort", open_in("ort", false)}, runtimes, feed)) {
    EXPECT_FALSE(check.refused) << check.runtime << ": " << check.reason;
    EXPECT_EQ(check.with_open_sides, "") << check.runtime;
  }
}

}  // namespace
}  // namespace tamis
