#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <thread>

#include "backends/open.h"
#include "base/error.h"
#include "support/needs.h"

namespace tamis {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// The error's text, prefixed by its code.
template <typename Work>
std::string failure(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    return std::string(to_text(error.code())) + ": " + error.what();
  }
  return "no error";
}

/// Protobuf's wire format, as far as one needs it to write y = Relu(x).
std::string record(int field, const std::string& bytes) {
  return std::string(1, static_cast<char>(field << 3 | 2)) +
         static_cast<char>((bytes.size() & 0x7f) | 0x80) + static_cast<char>(bytes.size() >> 7) +
         bytes;
}
std::string number(int field, int value) {
  return std::string(1, static_cast<char>(field << 3)) + static_cast<char>(value);
}
std::string value_info(const std::string& name, int rank) {
  std::string dims;
  for (int d = 0; d < rank; ++d) dims += record(1, record(2, "d" + std::to_string(d)));
  return record(1, name) + record(2, record(1, number(1, 1) + record(2, dims)));
}

/// y = Relu(x), all dimensions open.
std::string relu_model(const std::string& x, int rank) {
  const std::string node = record(1, x) + record(2, "y") + record(4, "Relu");
  const std::string graph = record(1, node) + record(2, "g") + record(11, value_info(x, rank)) +
                            record(12, value_info("y", rank));
  return number(1, 8) + record(7, graph) + record(8, number(2, 17));
}

std::unique_ptr<Session> open_relu(const std::string& backend, const std::string& x, int rank) {
  TemporaryFolder folder("tamis-test");
  OpenRequest request;
  request.model = folder.path() / "model.onnx";
  save_file(request.model, relu_model(x, rank));
  request.settings.backend = backend;
  request.input_shapes = {Shape(static_cast<std::size_t>(rank), 1)};
  return find_backend(backend)->open(request);
}

/// y = Reshape(x, s), s [2] an input: as many dimensions as x. The file declares one for y.
std::string misdeclared_model() {
  const std::string node = record(1, "x") + record(1, "s") + record(2, "y") + record(4, "Reshape");
  const std::string sizes =
      record(1, "s") +
      record(2, record(1, number(1, 7) + record(2, record(1, number(1, 2)))));  // int64 [2]
  const std::string graph = record(1, node) + record(2, "g") + record(11, value_info("x", 2)) +
                            record(11, sizes) + record(12, value_info("y", 1));
  return number(1, 8) + record(7, graph) + record(8, number(2, 12));  // its Reshape infers no rank
}

class EveryBackend : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { TAMIS_NEEDS_RUNTIME(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Session, EveryBackend, ::testing::Values("ort", "openvino"),
                         [](const auto& test) { return std::string(test.param); });

TEST_P(EveryBackend, makes_a_dynamic_model_static) {
  auto session = open_tiny(GetParam(), tiny_model("dynamic_conv"));
  EXPECT_EQ(to_text(make_tensors(session->inputs())[0].shape()), "[2,3,8,6]");
  EXPECT_EQ(to_text(make_tensors(session->outputs())[0].shape()), "[2,4,4,3]");
}

TEST_P(EveryBackend, wants_a_shape_for_a_dynamic_model) {
  EXPECT_THAT(failure([&] {
                open_tiny(GetParam(), tiny_model("dynamic_conv"),
                          [](OpenRequest& request) { request.input_shapes.clear(); });
              }),
              HasSubstr("invalid_argument: open model: input x has the dynamic shape [?,3,?,?]"));
}

TEST_P(EveryBackend, refuses_a_shape_that_contradicts_the_model) {
  EXPECT_THAT(
      failure([&] {
        open_tiny(GetParam(), tiny_model("dynamic_conv"), [](OpenRequest& request) {
          request.input_shapes = {{1, 4, 8, 8}};
        });
      }),
      HasSubstr("invalid_argument: open model: input x is [?,3,?,?] and cannot be [1,4,8,8]"));
}

TEST_P(EveryBackend, checks_the_callers_tensors) {
  auto session = open_tiny(GetParam(), tiny_model("gemm_softmax"));
  std::vector<Tensor> outputs = make_tensors(session->outputs());
  std::vector<Tensor> wrong;
  wrong.emplace_back(DataType::f32, Shape{5, 3});
  EXPECT_THAT(failure([&] { session->run(wrong, outputs); }),
              HasSubstr("invalid_argument: run model: tensor x must be f32 [3,5], got f32 [5,3]"));
  EXPECT_THAT(failure([&] { session->run({}, outputs); }), HasSubstr("0 inputs given"));
}

TEST_P(EveryBackend, refuses_more_dimensions_than_cross_its_edge) {
  EXPECT_NO_THROW(open_relu(GetParam(), "x", 8));
  for (const int rank : {9, 30})
    EXPECT_THAT(failure([&] { open_relu(GetParam(), "x", rank); }),
                HasSubstr("has " + std::to_string(rank) + " dimensions, more than the 8"));
}

TEST_P(EveryBackend, describes_a_name_that_is_no_utf8) {
  try {
    const auto session = open_relu(GetParam(), "x\xff", 2);
    EXPECT_EQ(session->inputs().at(0).name, "x\xEF\xBF\xBD");
  } catch (const Error& error) {  // a runtime may refuse the file
    EXPECT_EQ(error.code(), ErrorCode::corrupt_data) << error.what();
  }
}

TEST_P(EveryBackend, follows_the_caller_to_other_buffers) {
  auto session = open_tiny(GetParam(), tiny_model("gemm_softmax"));
  std::vector<Tensor> inputs = make_tensors(session->inputs()),
                      others = make_tensors(session->inputs());
  std::vector<Tensor> outputs = make_tensors(session->outputs()),
                      more = make_tensors(session->outputs());
  others[0].data<float>()[0] = 5;
  session->run(inputs, outputs);
  session->run(others, more);
  EXPECT_NE(outputs[0].data<float>()[0], more[0].data<float>()[0]);
  float before = more[0].data<float>()[0];
  session->run(inputs, more);
  EXPECT_FLOAT_EQ(more[0].data<float>()[0], outputs[0].data<float>()[0]);
  EXPECT_NE(more[0].data<float>()[0], before);
}

TEST_P(EveryBackend, says_what_is_missing_or_broken) {
  TemporaryFolder folder;
  OpenRequest request;
  request.settings.backend = GetParam();
  request.model = folder.path() / "none.onnx";
  auto backend = find_backend(GetParam());
  EXPECT_THAT(failure([&] { backend->open(request); }),
              AllOf(HasSubstr("not_found: "), HasSubstr("none.onnx"), HasSubstr("no ")));
  request.model = folder.path() / "broken.onnx";
  save_file(request.model, std::string_view("this is no model"));
  EXPECT_THAT(failure([&] { backend->open(request); }), HasSubstr("corrupt_data: open model"));
}

TEST_P(EveryBackend, refuses_what_the_device_does_not_have) {
  auto open_with = [&](auto&& change) {
    return failure([&] { open_tiny(GetParam(), tiny_model("gemm_softmax"), change); });
  };
  EXPECT_THAT(open_with([](OpenRequest& r) { r.settings.device = "TPU"; }), HasSubstr("TPU"));
  Availability found = find_backend(GetParam())->probe({.backend = GetParam(), .device = "TPU"});
  EXPECT_FALSE(found.ok());
  EXPECT_THAT(found.reason(), HasSubstr("devices: no device TPU, only CPU"));
}

TEST_P(EveryBackend, reads_back_its_threads) {
  auto session = open_tiny(GetParam(), tiny_model("dynamic_conv"),
                           [](OpenRequest& request) { request.settings.threads = 2; });
  EXPECT_EQ(session->opened().effective.at("threads"), 2) << session->opened().effective;
  EXPECT_EQ(session->opened().effective.at("device"), "CPU");
  EXPECT_GT(session->opened().compile_ms, 0);
}

TEST_P(EveryBackend, profiles_when_asked) {
  auto session = open_tiny(GetParam(), tiny_model("dynamic_conv"),
                           [](OpenRequest& request) { request.profile = true; });
  auto inputs = make_tensors(session->inputs());
  auto outputs = make_tensors(session->outputs());
  for (int i = 0; i < 3; ++i) session->run(inputs, outputs);
  Json layers = profile_of(*session);
  ASSERT_FALSE(layers.empty());
  int convolutions = 0;
  for (const Json& layer : layers)
    convolutions += layer.at("type").get<std::string>().find("Conv") != std::string::npos;
  EXPECT_EQ(convolutions, 1) << layers;
  EXPECT_EQ(open_tiny(GetParam(), tiny_model("dynamic_conv"))->profiling(), nullptr);
}

TEST(Library, that_is_named_but_missing_is_not_replaced_by_another) {
  for (const char* name : {"ort", "openvino"}) {
    Availability found = find_backend(name)->probe({.backend = name, .library = "/nowhere/lib.so"});
    EXPECT_FALSE(found.ok());
    EXPECT_THAT(found.reason(), HasSubstr("/nowhere/lib.so"));
  }
}

TEST(OpenVino, refuses_a_precision_that_the_device_lacks) {
  TAMIS_NEEDS_RUNTIME("openvino");
  Availability found = find_backend("openvino")->probe({.backend = "openvino"});
  const auto& has = found.devices.at(0).capabilities;
  for (std::string precision : {"bf16", "f16"}) {
    std::string got = failure([&] {
      open_tiny("openvino", tiny_model("gemm_softmax"),
                [&](OpenRequest& request) { request.settings.inference_precision = precision; });
    });
    if (std::count(has.begin(), has.end(), precision) > 0)
      EXPECT_EQ(got, "no error");
    else
      EXPECT_THAT(got, HasSubstr("unsupported: open model: device CPU has no inference precision " +
                                 precision));
  }
}

TEST(Ort, computes_in_the_files_own_precision_only) {
  TAMIS_NEEDS_RUNTIME("ort");
  EXPECT_THAT(failure([&] {
                open_tiny("ort", tiny_model("gemm_softmax"), [](OpenRequest& request) {
                  request.settings.inference_precision = "bf16";
                });
              }),
              HasSubstr("unsupported: open model: backend ort computes in the file's own types"));
}

TEST_P(EveryBackend, answers_several_requests_side_by_side) {
  for (const char* pinning : {"off", "on"}) {
    auto first = open_tiny(GetParam(), tiny_model("gemm_softmax"), [&](OpenRequest& request) {
      request.settings.threads = 1;
      request.settings.streams = 1;
      request.settings.in_flight = 3;
      request.settings.pinning = pinning;
    });
    std::vector<std::unique_ptr<Session>> sessions;
    for (int n = 0; n < 3; ++n) sessions.push_back(first->siblings()->another());
    std::vector<Tensor> inputs = make_tensors(first->inputs());
    for (std::int64_t i = 0; i < inputs[0].elements(); ++i)
      inputs[0].data<float>()[i] = 0.1F * static_cast<float>(i % 7);
    std::vector<Tensor> expected = make_tensors(first->outputs());
    first->run(inputs, expected);
    first.reset();  // the others outlive it
    std::vector<std::vector<Tensor>> found;
    for (auto& session : sessions) found.push_back(make_tensors(session->outputs()));
    std::vector<std::thread> threads;
    for (std::size_t n = 0; n < sessions.size(); ++n)
      threads.emplace_back([&, n] {
        for (int i = 0; i < 20; ++i) sessions[n]->run(inputs, found[n]);
      });
    for (std::thread& thread : threads) thread.join();
    for (const auto& outputs : found)
      EXPECT_EQ(std::memcmp(outputs[0].raw(), expected[0].raw(), expected[0].bytes()), 0);
  }
}

TEST_P(EveryBackend, says_how_many_streams_it_has) {
  auto session = open_tiny(GetParam(), tiny_model("gemm_softmax"), [](OpenRequest& request) {
    request.settings.threads = 2;
    request.settings.streams = 2;
  });
  EXPECT_EQ(session->opened().effective.at("streams"), 2);
  EXPECT_GE(session->opened().effective.at("requests").get<int>(), 2);
}

TEST(OrtSession, gives_outputs_whose_rank_the_file_declares_wrongly) {
  TAMIS_NEEDS_RUNTIME("ort");
  TemporaryFolder folder("tamis-test");
  OpenRequest request;
  request.model = folder.path() / "model.onnx";
  save_file(request.model, misdeclared_model());
  request.settings.backend = "ort";
  request.input_shapes = {{2, 3}, {2}};
  auto session = find_backend("ort")->open(request);
  EXPECT_EQ(to_text(make_tensors(session->outputs())[0].shape()), "[2,3]");
  std::vector<Tensor> inputs = make_tensors(session->inputs());
  std::vector<Tensor> outputs = make_tensors(session->outputs());
  for (const float first : {7.0F, 8.0F}) {
    inputs[0].data<float>()[5] = first;
    session->run(inputs, outputs);
    EXPECT_EQ(outputs[0].data<float>()[5], first);
  }
}

TEST(OrtSession, writes_what_it_makes_of_the_graph) {
  TAMIS_NEEDS_RUNTIME("ort");
  TemporaryFolder folder("tamis-dump");
  open_tiny("ort", tiny_model("gemm_softmax"),
            [&](OpenRequest& request) { request.dump = folder.path(); });
  EXPECT_GT(std::filesystem::file_size(folder.path() / "optimized.onnx"), 0U);
}

TEST(OrtSession, refuses_a_provider_that_its_library_lacks) {
  TAMIS_NEEDS_RUNTIME("ort");
  const Availability found = find_backend("ort")->probe({.backend = "ort"});
  for (const ProbeStep& step : found.provider_steps) {
    if (step.ok) continue;
    EXPECT_FALSE(step.detail.empty());
    EXPECT_FALSE(step.remedy.empty());
    EXPECT_THAT(failure([&] {
                  open_tiny("ort", tiny_model("gemm_softmax"), [&](OpenRequest& request) {
                    request.settings.provider = step.name;
                    if (step.name == "cuda" || step.name == "tensorrt")
                      request.settings.device = "GPU";
                  });
                }),
                HasSubstr("unavailable: open model: "));
  }
  EXPECT_THAT(failure([&] {
                open_tiny("ort", tiny_model("gemm_softmax"),
                          [](OpenRequest& request) { request.settings.provider = "cuda"; });
              }),
              HasSubstr("provider cuda of backend ort runs on GPU only, not CPU"));
}

TEST(OrtSession, pins_no_more_threads_than_there_are_cores) {
  TAMIS_NEEDS_RUNTIME("ort");
  EXPECT_THAT(failure([&] {
                open_tiny("ort", tiny_model("gemm_softmax"), [](OpenRequest& request) {
                  request.settings.threads = 4000;
                  request.settings.pinning = "on";
                });
              }),
              HasSubstr("needs as many cores"));
}

TEST(OrtSession, takes_no_hint) {
  TAMIS_NEEDS_RUNTIME("ort");
  EXPECT_THAT(failure([&] {
                open_tiny("ort", tiny_model("gemm_softmax"),
                          [](OpenRequest& request) { request.settings.hint = "throughput"; });
              }),
              HasSubstr("unsupported: open model: backend ort takes no hint"));
}

}  // namespace
}  // namespace tamis
